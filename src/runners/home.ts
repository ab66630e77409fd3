/** The home folder: what must be there before the daemon starts, and that only one daemon uses it. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { replaceFile } from '../durable/replace-file.ts'
import { UserError } from '../problem.ts'

/** What commands need to reach a running daemon; `queue/daemon.json`, readable by the owner only. */
export interface DaemonFile {
  pid: number
  /** When the process began, from /proc: a pid alone may belong to another process by now. */
  started: string
  /** Missing until it listens. */
  url?: string
  token?: string
}

const daemonFile = (home: string) => join(home, 'queue', 'daemon.json')

// The same folders as /var/ossec, because scripts and people expect them. `queue` holds secrets and webhooks.
const folders: [path: string, mode: number][] = [
  ['', 0o750],
  ['etc', 0o750],
  ['etc/rules', 0o750],
  ['etc/decoders', 0o750],
  ['etc/lists', 0o750],
  ['integrations', 0o750],
  ['active-response', 0o750],
  ['active-response/bin', 0o750],
  ['wodles', 0o750],
  ['logs', 0o750],
  ['logs/alerts', 0o750],
  ['queue', 0o700],
  ['queue/events', 0o700],
]

/** Where the home is unless `--home` says otherwise. */
export const defaultHome = () => resolve(process.env.OUTRIDER_HOME ?? 'outrider-home')

/** Makes what is missing. */
export function makeHome(home: string): void {
  try {
    for (const [path, mode] of folders) mkdirSync(join(home, path), { recursive: true, mode })
    accessSync(home, constants.W_OK)
    accessSync(join(home, 'queue'), constants.W_OK)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'EACCES' ? 'permission denied' : code === 'EROFS' ? 'the file system is read-only' : message
    throw new UserError(
      `cannot write in ${home}: ${reason}`,
      'name another folder with --home, or make this one writable for the user that runs outrider',
      error,
    )
  }
}

/** The daemon that runs in this home; undefined when none does. */
export function findDaemon(home: string): DaemonFile | undefined {
  try {
    const daemon: DaemonFile = JSON.parse(readFileSync(daemonFile(home), 'utf8'))
    return startOf(daemon.pid) === daemon.started ? daemon : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') {
      throw new UserError(`cannot read ${daemonFile(home)}`, 'run the command as the user that runs outrider')
    }
    return undefined
  }
}

/**
 * Takes the home for this process.
 *
 * @throws UserError when another daemon has it
 */
export function takeHome(home: string): { announce(url: string, token: string): void; release(): void } {
  const file = daemonFile(home)
  const me: DaemonFile = { pid: process.pid, started: startOf(process.pid) }
  const running = findDaemon(home)
  if (running) throw taken(home, running.pid)
  rmSync(file, { force: true })
  try {
    // Of two that got this far at the same moment, one finds the other's file.
    writeFileSync(file, JSON.stringify(me), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw taken(home, undefined)
    throw error
  }
  return {
    announce: (url, token) => replaceFile(file, JSON.stringify({ ...me, url, token }), 0o600),
    release: () => rmSync(file, { force: true }),
  }
}

function taken(home: string, pid: number | undefined): UserError {
  return new UserError(
    `another outrider ${pid === undefined ? '' : `(process ${pid}) `}runs in ${home}`,
    'stop it first, or name another folder with --home',
  )
}

/** A number that is the same for a process as long as it lives; field 22 of /proc/PID/stat, ticks since the machine started. */
function startOf(pid: number): string {
  const stat = `/proc/${pid}/stat`
  if (existsSync(stat)) return readFileSync(stat, 'utf8').split(') ')[1]?.split(' ')[19] ?? ''
  // Not Linux: only that it lives can be seen.
  process.kill(pid, 0)
  return 'alive'
}

/** The console token lies beside the daemon's file. */
export const tokenFile = (home: string) => join(home, 'queue', 'console.token')
