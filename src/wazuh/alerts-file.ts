/**
 * Writes alerts.log and alerts.json as analysisd does (Wazuh 4.14, analysisd/alerts/getloglocation.c; spec/alerts.md sections 3, 5 and 6):
 *
 *   logs/alerts/2026/Jan/ossec-alerts-31.json     the real file; -001, -002 … when it is rotated within the day
 *   logs/alerts/alerts.json                       hard link to the one being written
 *
 * - An alert's id is SECONDS.OFFSET, where OFFSET is the place of the alert in alerts.log (in alerts.json when there is no alerts.log).
 * - Differences for the better: whole alerts in one write(2), on disk when append() resolves; the link is replaced in one step, so alerts.json is never missing;
 *   what a crash tore off is removed at the next start. That was never acknowledged, and its events are read again.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  write,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ByteText } from '../byte-text.ts'
import { syncFolder } from '../durable/replace-file.ts'

export const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

/** An alert whose number after the dot of its id is not known yet. The engine's Decision is one. */
export interface WritableAlert {
  /** Adds the line of alerts.json, without line end. */
  addJson(to: ByteText, offset: number): void
  /** Adds the block of alerts.log, with its empty line at the end. */
  addText(to: ByteText, offset: number): void
}

export interface AlertsFileOptions {
  /** `logs/alerts` of the home folder. */
  folder: string
  jsonout_output: boolean
  alerts_log: boolean
  /** Seconds; 0 is off. */
  rotate_interval: number
  /** Bytes; 0 is off. */
  max_output_size: number
  /** Seconds between two rotations for size. Default 600 (`analysisd.min_rotate_interval`). */
  min_rotate_interval?: number
  /** Milliseconds since 1970. */
  now(): number
  /** Minutes east of UTC at a moment; days are local. */
  utc_offset(at_ms: number): number
}

export interface AlertsFile {
  /**
   * Writes alerts, in this order and together.
   *
   * @returns their lines of alerts.json, when they are on disk
   * @throws the file system's error. Some of the alerts may then be in the files: whoever tries again writes them twice.
   */
  append(alerts: readonly { decision: WritableAlert }[]): Promise<string[]>
  /** Changes to a new file when the day is over or the file is due; append() does so too. To be called about once a second, as analysisd does. */
  rotate(): Promise<void>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const writeAsync = promisify(write)
const fdatasyncAsync = promisify(fdatasync)

/** @throws when the files cannot be opened, or the file system has no hard links */
export function openAlertsFile(options: AlertsFileOptions): AlertsFile {
  const { jsonout_output, alerts_log } = options
  // alerts.log is there, empty, even when it is switched off.
  const log = new DatedFile('log', '\n\n', options)
  const json = jsonout_output ? new DatedFile('json', '\n', options) : undefined
  const files = json ? [log, json] : [log]
  let queue: Promise<unknown> = Promise.resolve()
  let isClosed = false

  /** One after the other: positions are known only when the write before is done. */
  function enqueue<T>(work: () => Promise<T>): Promise<T> {
    if (isClosed) return Promise.reject(new Error(`${options.folder}: already closed`))
    const result = queue.then(work)
    queue = result.catch(() => {})
    return result
  }

  function lookAll(): void {
    for (const file of files) file.look()
  }

  async function write(alerts: readonly { decision: WritableAlert }[]): Promise<string[]> {
    lookAll()
    // What a batch has left that failed comes again with it.
    for (const file of files) file.added.clear()
    const places = alerts_log ? log : json
    let offset = places?.size ?? 0
    // Without alerts.json its lines are wanted all the same.
    const added = json?.added ?? new ByteText()
    const lines: string[] = []
    for (const { decision } of alerts) {
      const lineAt = added.length
      decision.addJson(added, offset)
      lines.push(added.toString(lineAt))
      added.add('\n')
      if (alerts_log) {
        const textAt = log.added.length
        decision.addText(log.added, offset)
        offset += log.added.length - textAt
      } else if (json) offset += added.length - lineAt
    }
    // alerts.json last: it is the queue, and an alert that stands there has its text.
    await log.write()
    await json?.write()
    await Promise.all(files.map((file) => file.sync()))
    return lines
  }

  try {
    lookAll()
  } catch (error) {
    for (const file of files) file.close()
    throw error
  }
  const close = async (): Promise<void> => {
    if (isClosed) return
    isClosed = true
    await queue
    for (const file of files) file.close()
  }
  return {
    append: (alerts) => (alerts.length === 0 ? Promise.resolve([]) : enqueue(() => write(alerts))),
    rotate: () => enqueue(async () => lookAll()),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** One kind of output: the file of the day, its parts, and the link. */
class DatedFile {
  size = 0
  private readonly extension: string
  private readonly unit: string
  private readonly options: AlertsFileOptions
  private readonly link: string
  /** What {@link write} will write. */
  readonly added = new ByteText()
  private fd = -1
  private isSynced = true
  private day = ''
  private part = 0
  private path = ''
  private inode = 0n
  private rotatedAt: number

  /** @param unit what ends a whole alert */
  constructor(extension: string, unit: string, options: AlertsFileOptions) {
    this.extension = extension
    this.unit = unit
    this.options = options
    this.link = join(options.folder, `alerts.${extension}`)
    this.rotatedAt = options.now()
  }

  /** Sees to it that the right file is open and linked. */
  look(): void {
    const day = this.today()
    if (this.fd !== -1 && day === this.day && !this.isMisplaced()) {
      if (this.isDue()) this.open(day, this.part + 1)
      return
    }
    if (this.fd === -1) this.heal(this.link)
    const previous = this.fd !== -1 && day !== this.day ? this.path : undefined
    this.open(day, this.lastPart(day))
    if (previous !== undefined) removeIfEmpty(previous)
  }

  write(): Promise<void> {
    return this.orClose(async () => {
      const bytes = this.added.view()
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await writeAsync(this.fd, bytes, done)
        done += bytesWritten
        this.size += bytesWritten
        this.isSynced = false
      }
      this.added.clear()
    })
  }

  sync(): Promise<void> {
    return this.orClose(async () => {
      if (!this.isSynced) await fdatasyncAsync(this.fd)
      this.isSynced = true
    })
  }

  /** After a failure the next look() opens the file again and removes the half alert. */
  private async orClose(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.close()
      throw error
    }
  }

  close(): void {
    if (this.fd !== -1) closeSync(this.fd)
    this.fd = -1
    this.added.clear()
  }

  /** Path of the day's file without part and extension. */
  private today(): string {
    const now = this.options.now()
    const local = new Date(now + this.options.utc_offset(now) * 60_000)
    const day = String(local.getUTCDate()).padStart(2, '0')
    return join(
      this.options.folder,
      String(local.getUTCFullYear()),
      months[local.getUTCMonth()]!,
      `ossec-alerts-${day}`,
    )
  }

  private partPath(day: string, part: number): string {
    return `${day}${part === 0 ? '' : `-${String(part).padStart(3, '0')}`}.${this.extension}`
  }

  /** The highest of the consecutive parts that are there. */
  private lastPart(day: string): number {
    const { max_output_size } = this.options
    let part = 0
    while (statSync(this.partPath(day, part + 1), { throwIfNoEntry: false })) part++
    const size = statSync(this.partPath(day, part), { throwIfNoEntry: false })?.size ?? 0
    return max_output_size > 0 && size > max_output_size ? part + 1 : part
  }

  private isDue(): boolean {
    const { rotate_interval, max_output_size, min_rotate_interval = 600, now } = this.options
    const age = (now() - this.rotatedAt) / 1000
    if (rotate_interval > 0 && age >= rotate_interval && this.size > 0) return true
    return max_output_size > 0 && this.size > max_output_size && age >= min_rotate_interval
  }

  /** Somebody removed or replaced what we write to. */
  private isMisplaced(): boolean {
    return [this.path, this.link].some((path) => inodeOf(path) !== this.inode)
  }

  private open(day: string, part: number): void {
    const path = this.partPath(day, part)
    this.close()
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
    this.heal(path)
    const isNew = inodeOf(path) === undefined
    const fd = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o640)
    this.fd = fd
    if (isNew) chmodSync(path, 0o640)
    const { ino, size } = fstatSync(fd, { bigint: true })
    if (day !== this.day || part !== this.part) this.rotatedAt = this.options.now()
    Object.assign(this, { day, part, path, inode: ino, size: Number(size) })
    this.relink()
    if (isNew) syncFolder(dirname(path))
  }

  private relink(): void {
    if (inodeOf(this.link) === this.inode) return
    const temporary = `${this.link}.new`
    rmSync(temporary, { force: true })
    try {
      linkSync(this.path, temporary)
      renameSync(temporary, this.link)
    } catch (error) {
      throw new Error(`${this.link}: cannot be linked to ${this.path} (${(error as NodeJS.ErrnoException).code})`, {
        cause: error,
      })
    }
    syncFolder(this.options.folder)
  }

  /** Removes what follows the last whole alert. */
  private heal(path: string): void {
    if (inodeOf(path) === undefined) return
    const fd = openSync(path, 'r+')
    try {
      const { size } = fstatSync(fd)
      const whole = endOfLast(fd, size, this.unit)
      if (whole < size) ftruncateSync(fd, whole)
    } finally {
      closeSync(fd)
    }
  }
}

/** The place after the last `unit` in a file; 0 when there is none. */
function endOfLast(fd: number, size: number, unit: string): number {
  const bytes = Buffer.alloc(64 * 1024)
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - bytes.length)
    const got = readSync(fd, bytes, 0, end - from, from)
    const at = bytes.subarray(0, got).lastIndexOf(unit)
    if (at !== -1) return from + at + unit.length
    if (from === 0) break
    // Pieces overlap, since the unit may lie across their border.
    end = from + unit.length - 1
  }
  return 0
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino
}

function removeIfEmpty(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.size === 0) unlinkSync(path)
}
