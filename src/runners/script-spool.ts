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
 * An alert is written under a name that nobody reads, synced, renamed, and its folder synced: after a crash it is there, whole, or it is not.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/** Beyond that, alerts are refused: a full disk would stop more than this. */
const most_files = 10_000

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
  const lock = join(folder, 'lock')

  function list(): string[] {
    try {
      return readdirSync(folder)
        .filter((file) => file.endsWith('.json'))
        .sort()
    } catch {
      return [] // nothing was ever kept, or it is not ours to read
    }
  }

  function keep(line: string, now: number): void {
    try {
      if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 })
      if (list().length >= most_files) throw new Error(`${most_files} alerts are there already`)
      const temporary = join(folder, `new-${process.pid}`)
      write(temporary, Buffer.from(`${line}\n`, 'latin1'))
      renameSync(temporary, join(folder, `${String(now).padStart(17, '0')}-${process.pid}.json`))
      sync(folder)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const owner = code === 'EACCES' || code === 'EPERM'
      throw new Error(
        `nothing can be kept in ${folder}: ${owner ? 'permission denied' : message}${owner ? '; let the user that runs integrations own that folder' : ''}`,
      )
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
      // Not synced: after a crash the next run simply tries.
      const temporary = join(folder, `pause-${process.pid}`)
      write(temporary, Buffer.from(JSON.stringify({ failures, until: now + Math.max(own, after_ms) })), false)
      renameSync(temporary, pause)
    } catch {
      // Whoever cannot write here could not keep the alert either, and has said so.
    }
  }

  /** Exclusive creation decides between two; the lock of a dead process is removed. */
  function takeLock(): boolean {
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        const fd = openSync(lock, 'wx', 0o600)
        writeSync(fd, String(process.pid))
        closeSync(fd)
        return true
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || isAlive(lock)) return false
        rmSync(lock, { force: true })
      }
    }
    return false
  }

  async function drain(limit: number, send: (line: string) => Promise<'gone' | 'stays' | 'stop'>): Promise<void> {
    if (list().length === 0 || !takeLock()) return
    try {
      for (const file of list().slice(0, limit)) {
        const path = join(folder, file)
        const result = await send(readFileSync(path, 'latin1').trimEnd())
        if (result === 'gone') rmSync(path, { force: true })
        if (result === 'stop') return
      }
    } finally {
      rmSync(lock, { force: true })
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

function write(path: string, bytes: Buffer, durable = true): void {
  rmSync(path, { force: true })
  const fd = openSync(path, 'wx', 0o600)
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
    if (durable) fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function sync(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function isAlive(lock: string): boolean {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')) || -1, 0)
    return true
  } catch (error) {
    // EPERM: alive, and someone else's. A lock that is gone by now, or has no number yet, is left to its owner.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
