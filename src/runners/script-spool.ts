/**
 * What a built integration could not deliver, kept for its next runs.
 *
 * ```
 * HOME/queue/outrider-spool/NAME/
 *   00001795211238445-4711.json   an alert, one line; named by the time it was kept, so that names sort by age
 *   pause                         failures in a row and until when nothing is tried: a destination that is away costs each run its whole deadline
 *   lock                          the process that delivers what is kept; taken over when that process is dead
 * ```
 *
 * An alert is there whole, also after a crash, or it is not there.
 *
 * The folder is the user's who runs integrations, and a daemon that takes over what is kept may be root. So whoever drains follows no link out of it, writes
 * through none, and waits for no pipe.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { replaceFile, syncFolder } from '../durable/replace-file.ts'

/** Beyond that, alerts are refused: a full disk would stop more than this. */
const most_files = 10_000
/** No alert is longer. */
const most_bytes = 4 << 20

export interface Spool {
  /** Keeps an alert. @throws with what is wrong and how to mend it */
  keep(line: string, now: number): void
  /** How many are kept. */
  count(): number
  /** Milliseconds until the destination is to be tried again; 0: now. */
  paused_ms(now: number): number
  /** The destination was away; `after_ms` is what it asked for. */
  failed(now: number, after_ms: number | undefined): void
  /** It is not away. */
  worked(): void
  /**
   * Gives kept alerts to `send`, oldest first, until it says `stop`. `gone` ones are removed, `stays` are left. One process at a time: a second finds
   * nothing to do.
   */
  drain(limit: number, send: (line: string) => Promise<'gone' | 'stays' | 'stop'>): Promise<void>
}

export function openSpool(home: string, name: string): Spool {
  const folder = join(home, 'queue', 'outrider-spool', name)
  const pause = join(folder, 'pause')

  function list(at = folder): string[] {
    try {
      return readdirSync(at)
        .filter((file) => file.endsWith('.json'))
        .sort()
    } catch {
      return [] // nothing was ever kept, or it is not ours to read
    }
  }

  function keep(line: string, now: number): void {
    try {
      if (!existsSync(folder)) {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        syncFolder(dirname(folder))
      }
      if (list().length >= most_files) throw new Error(`${most_files} alerts are there already`)
      const bytes = Buffer.from(`${line}\n`, 'latin1')
      replaceFile(join(folder, `${String(now).padStart(17, '0')}-${process.pid}.json`), bytes, 0o600)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const isDenied = code === 'EACCES' || code === 'EPERM'
      const why = isDenied ? 'permission denied; the user that runs integrations must own that folder' : message
      throw new Error(`nothing can be kept in ${folder}: ${why}`)
    }
  }

  function readPause(): { failures: number; until: number } {
    try {
      const { failures, until } = JSON.parse(readFileSync(pause, 'utf8'))
      return { failures: Number(failures) || 0, until: Number(until) || 0 }
    } catch {
      return { failures: 0, until: 0 }
    }
  }

  function failed(now: number, after_ms = 0): void {
    const failures = readPause().failures + 1
    // The second run in a row that fails starts the pauses: one failure may be a hiccup.
    const own = failures < 2 ? 0 : Math.min(60_000, 1000 * 2 ** Math.min(failures - 2, 10))
    try {
      replaceFile(pause, JSON.stringify({ failures, until: now + Math.max(own, after_ms) }), 0o600)
    } catch {
      // Whoever cannot write here could not keep the alert either, and has said so.
    }
  }

  async function drain(limit: number, send: (line: string) => Promise<'gone' | 'stays' | 'stop'>): Promise<void> {
    if (list().length === 0) return
    const opened = openFolder(folder)
    if (!opened) return
    const { at, close } = opened
    try {
      if (!takeLock(join(at, 'lock'))) return
      try {
        for (const file of list(at).slice(0, limit)) {
          const path = join(at, file)
          const line = readKept(path)
          if (line === undefined) continue
          const result = await send(line)
          if (result === 'gone') remove(path)
          if (result === 'stop') return
        }
      } finally {
        remove(join(at, 'lock'))
      }
    } finally {
      close()
    }
  }

  return {
    keep,
    count: () => list().length,
    paused_ms: (now) => {
      const { until } = readPause()
      // A clock that was set back must not stop us for long.
      return until > now && until - now <= 3_600_000 ? until - now : 0
    },
    failed,
    worked: () => rmSync(pause, { force: true }),
    drain,
  }
}

/** The folder itself, wherever its name leads to a moment later; undefined when it is none, or a link to one. */
function openFolder(folder: string): { at: string; close(): void } | undefined {
  try {
    const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    const at = `/proc/self/fd/${fd}`
    return { at: existsSync(at) ? at : folder, close: () => closeSync(fd) }
  } catch {
    return undefined
  }
}

/** @throws when it is not a plain file, or not ours to read: somebody ran the script by hand, as root */
function openPlain(path: string) {
  // A pipe would be waited for.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  const stat = fstatSync(fd)
  if (stat.isFile()) return { fd, stat }
  closeSync(fd)
  throw new Error('not a plain file')
}

/** As one line; undefined when it cannot be read, or is not of our making. */
function readKept(path: string): string | undefined {
  try {
    const { fd, stat } = openPlain(path)
    try {
      // A second name is another's file.
      if (stat.nlink > 1 || stat.size > most_bytes) return undefined
      return readFileSync(fd, 'latin1')
        .trim()
        .replace(/[\r\n]+/g, ' ')
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It is gone, or something else is there now.
  }
}

/** A link is made or exists, with the number in it: no moment in between. The lock of a dead process is removed. */
function takeLock(lock: string): boolean {
  const own = `${lock}-${process.pid}`
  remove(own)
  try {
    writeFileSync(own, String(process.pid), { flag: 'wx', mode: 0o600 })
    if (existsSync(lock) && !isHeld(lock)) remove(lock)
    linkSync(own, lock)
    return true
  } catch {
    return false // EEXIST: another run is at it
  } finally {
    remove(own)
  }
}

/** No run takes that long; the number may by now be another process's. */
const longest_ms = 15 * 60_000

function isHeld(lock: string): boolean {
  try {
    const { fd, stat } = openPlain(lock)
    try {
      if (Date.now() - stat.mtimeMs > longest_ms) return false
      const pid = Number(readFileSync(fd, 'utf8'))
      if (!(pid > 0)) return false
      process.kill(pid, 0)
      return true
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    // EPERM: it lives, and is someone else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
