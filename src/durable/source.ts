/** One file that a follower reads: plain and growing, or compressed and complete. */
import { createHash } from 'node:crypto'
import { type BigIntStats, closeSync, constants, createReadStream, fstatSync, openSync, read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { createGunzip } from 'node:zlib'

/** New bytes of a file, with those before them. */
export interface Chunk {
  /** `bytes[0]` stands at this offset of the (uncompressed) file … */
  start: number
  /** … and the new ones begin at this index. */
  fresh: number
  bytes: Buffer
}

export interface Source {
  readonly path: string
  readonly inode: string
  /** Offset of the next byte to be read. */
  readonly position: number
  /** The bytes before it, as many as are remembered. */
  readonly tail: Buffer
  /** A compressed file does not grow. */
  readonly complete: boolean
  /** `end`: nothing new. `rewritten`: the bytes before `position` are not the ones that were read: truncated, or truncated and filled again. */
  read(): Promise<Chunk | 'end' | 'rewritten'>
  stat(): BigIntStats | undefined
  close(): void
}

// As many bytes before a position are remembered to recognise the file again. Several log lines: one could occur twice at the same place.
const witness_bytes = 256
// What was read lives until its last line is done with; the less of it outlives a collection, the less memory the process has.
const chunk_bytes = 64 * 1024

/** Short name of the bytes before `end` in `bytes`; empty at the start of a file. */
export function witness(bytes: Buffer, end: number): string {
  const seen = bytes.subarray(Math.max(0, end - witness_bytes), end)
  return seen.length === 0 ? '' : `${seen.length}:${createHash('sha1').update(seen).digest('base64url').slice(0, 12)}`
}

const readAsync = promisify(read)

/**
 * Opens a plain file at an offset.
 *
 * @param expected witness of the bytes before the offset; undefined: whatever stands there
 * @returns undefined when the file is shorter, or those bytes are others
 * @throws the file system's error
 */
export function openPlain(path: string, offset: number, expected?: string): Source | undefined {
  // A named pipe would block us.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  let open = true
  try {
    const file = fstatSync(fd, { bigint: true })
    if (!file.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'EINVAL' })
    let tail = Buffer.alloc(Math.min(offset, witness_bytes))
    const got = tail.length === 0 ? 0 : readSync(fd, tail, 0, tail.length, offset - tail.length)
    if (got < tail.length || (expected !== undefined && witness(tail, tail.length) !== expected)) {
      closeSync(fd)
      return undefined
    }
    let position = offset
    let seenAt = Number.NaN
    return {
      path,
      inode: String(file.ino),
      get position() {
        return position
      },
      get tail() {
        return tail
      },
      complete: false,
      async read() {
        const { size, mtimeMs } = fstatSync(fd)
        if (size < position) return 'rewritten'
        // Written since but not longer: truncated and filled up to just our place?
        if (size === position && mtimeMs === seenAt) return 'end'
        seenAt = mtimeMs
        // The bytes before are read again each time: the only way to notice a file that was truncated and has grown past our place since.
        const wanted = tail.length + Math.min(size - position, chunk_bytes)
        const bytes = Buffer.allocUnsafeSlow(wanted)
        const start = position - tail.length
        const { bytesRead } = await readAsync(fd, bytes, 0, wanted, start)
        if (bytesRead < tail.length || bytes.compare(tail, 0, tail.length, 0, tail.length) !== 0) return 'rewritten'
        if (bytesRead === tail.length) return 'end'
        const chunk = { start, fresh: tail.length, bytes: bytes.subarray(0, bytesRead) }
        position = start + bytesRead
        tail = Buffer.from(chunk.bytes.subarray(-witness_bytes))
        return chunk
      },
      stat: () => (open ? fstatSync(fd, { bigint: true }) : undefined),
      close() {
        if (open) closeSync(fd)
        open = false
      },
    }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** {@link openPlain} or {@link openGzip}, by the name. */
export async function openAt(path: string, offset: number, expected?: string): Promise<Source | undefined> {
  return path.endsWith('.gz') ? openGzip(path, offset, expected) : openPlain(path, offset, expected)
}

/** Where the last, perhaps unfinished, line of a file begins. */
export function lastLineStart(path: string): number {
  const fd = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(64 * 1024)
    for (let end = fstatSync(fd).size; end > 0; ) {
      const from = Math.max(0, end - bytes.length)
      const got = readSync(fd, bytes, 0, end - from, from)
      const at = bytes.subarray(0, got).lastIndexOf(10)
      if (at !== -1) return from + at + 1
      end = from
    }
    return 0
  } finally {
    closeSync(fd)
  }
}

/** Like {@link openPlain}, for a gzip file. Offsets are those of the text in it. @throws also when the file is damaged before the offset */
async function openGzip(path: string, offset: number, expected?: string): Promise<Source | undefined> {
  const fd = openSync(path, 'r')
  const file = fstatSync(fd, { bigint: true })
  const input = createReadStream('', { fd, autoClose: true })
  const unzip = createGunzip({ chunkSize: 64 * 1024 })
  input.on('error', (error) => unzip.destroy(error))
  const pieces = input.pipe(unzip)[Symbol.asyncIterator]()
  const close = () => {
    unzip.destroy()
    input.destroy()
  }
  unzip.on('error', () => {}) // the iterator throws it too

  let position = 0
  let tail = Buffer.alloc(0)
  async function read(): Promise<Chunk | 'end'> {
    const { done, value } = await pieces.next()
    if (done) return 'end'
    const chunk = { start: position - tail.length, fresh: tail.length, bytes: Buffer.concat([tail, value]) }
    position += value.length
    tail = Buffer.from(chunk.bytes.subarray(-witness_bytes))
    return chunk
  }

  let first: Chunk | undefined
  try {
    while (position < offset) {
      const chunk = await read()
      if (chunk === 'end') {
        close()
        return undefined
      }
      const index = offset - chunk.start
      if (index > chunk.bytes.length) continue
      if (expected !== undefined && witness(chunk.bytes, index) !== expected) {
        close()
        return undefined
      }
      if (index < chunk.bytes.length) first = { ...chunk, fresh: index }
    }
  } catch (error) {
    close()
    throw error
  }
  return {
    path,
    inode: String(file.ino),
    get position() {
      return first ? offset : position
    },
    get tail() {
      return first ? first.bytes.subarray(0, first.fresh) : tail
    },
    complete: true,
    async read() {
      if (!first) return read()
      const chunk = first
      first = undefined
      return chunk
    },
    stat: () => file,
    close,
  }
}
