/**
 * Appends lines to a file that others follow, and says when they are on disk.
 *
 *   append(a) ─┐
 *   append(b) ─┼─▶ one write(2), one fdatasync ─▶ a, b, c resolve
 *   append(c) ─┘   (what comes meanwhile waits for the next round: group commit)
 *
 * - Only whole lines are written. A line torn by a crash was never acknowledged; it is ended before the next write, so that it can spoil no other.
 * - Nothing is ever cut off or written over: a follower may have read it.
 * - Somebody may rename or remove the file at any time (logrotate): the next round notices and begins a new one.
 * - Rotation renames FILE to FILE.1 (an older FILE.1 goes), and only when the readers say that they need nothing of FILE any more.
 */
import {
  type BigIntStats,
  closeSync,
  fchmodSync,
  fdatasync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  write,
} from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { syncFolder } from './replace-file.ts'

export interface AppendOptions {
  path: string
  /** Of a new file. Default 0640. */
  mode?: number
  rotate?: {
    /** The file is rotated when it is at least this long … */
    max_bytes: number
    /** … and every reader's durable cursor is at `size` of this inode. Asked before each round. */
    isDrained(inode: string, size: number): boolean
  }
}

export interface Appender {
  /**
   * @param lines byte strings without line end
   * @returns when they are on disk; they stay together and in order
   * @throws the file system's error. Some of the lines may then be in the file: whoever tries again writes them twice.
   */
  append(lines: readonly string[]): Promise<void>
  /** Writes what waits, and closes. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

interface Waiting {
  text: string
  resolve(): void
  reject(error: unknown): void
}

const writeAsync = promisify(write)
const fdatasyncAsync = promisify(fdatasync)
const newline = 10

/** @throws when the file cannot be opened or created (its folder is made) */
export function openAppend(options: AppendOptions): Appender {
  const { path, mode = 0o640, rotate } = options
  let file = open()
  let waiting: Waiting[] = []
  let round: Promise<void> | undefined
  let closed = false

  function open(): { fd: number; inode: bigint; device: bigint; size: number; torn: boolean } {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
    const isNew = statSync(path, { throwIfNoEntry: false }) === undefined
    // Reading is needed only once, to see whether the last line is whole.
    const fd = openSync(path, 'a+', mode)
    try {
      if (isNew) {
        fchmodSync(fd, mode)
        syncFolder(dirname(path))
      }
      const { ino, dev, size } = fstatSync(fd, { bigint: true })
      const last = Buffer.alloc(1)
      const torn = size > 0n && readSync(fd, last, 0, 1, Number(size) - 1) === 1 && last[0] !== newline
      return { fd, inode: ino, device: dev, size: Number(size), torn }
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  function reopen(): void {
    closeSync(file.fd)
    file = { ...file, fd: -1 }
    file = open()
  }

  /** Before each round: the name may have been given to another file, or the file be due. */
  function look(): void {
    const named: BigIntStats | undefined = statSync(path, { bigint: true, throwIfNoEntry: false })
    if (file.fd === -1) file = open()
    else if (named === undefined || named.ino !== file.inode || named.dev !== file.device) reopen()
    else if (rotate && file.size >= rotate.max_bytes && rotate.isDrained(String(file.inode), file.size)) {
      renameSync(path, `${path}.1`)
      reopen()
    }
  }

  async function writeAll(text: string): Promise<void> {
    const bytes = Buffer.from(file.torn ? `\n${text}` : text, 'latin1')
    file.torn = true
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await writeAsync(file.fd, bytes, done)
      done += bytesWritten
      file.size += bytesWritten
    }
    file.torn = false
    await fdatasyncAsync(file.fd)
  }

  async function rounds(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        look()
        await writeAll(batch.map(({ text }) => text).join(''))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    round = undefined
  }

  const close = async (): Promise<void> => {
    closed = true
    await round
    if (file.fd !== -1) closeSync(file.fd)
    file.fd = -1
  }

  return {
    append(lines) {
      if (closed) return Promise.reject(new Error(`${path}: already closed`))
      if (lines.some((line) => line.includes('\n')))
        return Promise.reject(new TypeError('a line must not hold a line end'))
      if (lines.length === 0) return Promise.resolve()
      return new Promise((resolve, reject) => {
        waiting.push({ text: `${lines.join('\n')}\n`, resolve, reject })
        // In a microtask, so that all who call in this turn share the first round too.
        round ??= Promise.resolve().then(rounds)
      })
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
