/** The home folder: what must be there before the daemon starts, and that only one daemon uses it. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
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
    throw new UserError(
      `cannot write in ${home}: ${reasonOf(error as NodeJS.ErrnoException, home)}`,
      'name another folder with --home, or make this one writable for the user that runs outrider',
      error,
    )
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException, home: string): string {
  switch (code) {
    case 'EACCES':
      return 'permission denied'
    case 'EROFS':
      return 'the file system is read-only'
    case 'EEXIST':
    case 'ENOTDIR':
      return 'it is no folder'
    case 'ENOENT':
      // What a recursive mkdir says on a read-only file system.
      return existsSync(home) ? 'no folder can be made in it, is the file system read-only?' : message
    default:
      return message
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
  const lock = takeLock(join(home, 'queue', 'daemon.lock'))
  if (!lock) throw taken(home, findDaemon(home)?.pid)
  replaceFile(file, JSON.stringify(me), 0o600)
  return {
    announce: (url, token) => replaceFile(file, JSON.stringify({ ...me, url, token }), 0o600),
    release() {
      rmSync(file, { force: true })
      lock.close()
    },
  }
}

/** An exclusive lock that the kernel gives free when the process ends, however it ends. SQLite's, because Node has no file locks of its own. */
function takeLock(path: string): DatabaseSync | undefined {
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    db.exec('BEGIN EXCLUSIVE')
    return db
  } catch (error) {
    db.close()
    const busy = 5
    if ((error as { errcode?: number }).errcode === busy) return undefined
    throw new UserError(
      `${path}: ${(error as Error).message}`,
      'delete this file; it only says that outrider runs',
      error,
    )
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
