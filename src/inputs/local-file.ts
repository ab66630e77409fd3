import { isUtf8 } from 'node:buffer'
import { fromBytes } from '../alert.ts'
import type { LocalfileBlock } from '../config.ts'
import { type FileCursor, type Follower, follow, type Lines, type Notice } from '../durable/follow.ts'
import type { Log } from '../log.ts'
import type { InputStatus } from './localfile.ts'
import { max_event_bytes, type Records, recordsOf } from './records.ts'

interface LocalFileOptions {
  path: string
  cursor: FileCursor | undefined
  from: 'start' | 'end'
  block: LocalfileBlock
  log: Log
  now(): number
  announce: boolean
  poll_ms: number
  settle_ms?: number | undefined
  save(cursor: FileCursor): void
  /** Called when {@link LocalFile.take} has something. */
  arrived(): void
}

/** What one file has given; byte strings. */
export interface FileTaken {
  logs: string[]
  /** Logs of logcollector about the file. */
  announcements: string[]
  /** Where reading ended in the file before, when it has moved on to another. */
  left?: FileCursor
  /** Makes the place after all this durable. */
  save(): void
}

// So many messages a minute about single lines of one file; the rest is counted.
const max_messages = 10
const minute = 60_000

/** One file of a localfile: follows it, makes records of its lines, and knows where the last settled record ends. */
export class LocalFile {
  readonly path: string
  /** After the last record that was handed out. */
  cursor: FileCursor | undefined
  private readonly options: LocalFileOptions
  private readonly follower: Follower
  private readonly records: Records
  /** Read and not yet asked for. At most one: whoever does not ask holds back the file, not our memory. */
  private arrived: Lines | undefined
  /** Lines in unfinished records, with how many of each batch are settled. */
  private held: { lines: Lines; used: number }[] = []
  private announcements: string[] = []
  private events = 0
  private lastEvent: number | undefined
  private trouble: string | undefined
  private isUtf8Told = false
  private messages = { since: 0, count: 0 }
  private reading: Promise<void> | undefined
  private stopWaiting = new AbortController()

  constructor(options: LocalFileOptions) {
    this.options = options
    this.path = options.path
    this.cursor = options.cursor
    const { path, cursor, from, block, poll_ms, settle_ms } = options
    this.follower = follow({
      path,
      cursor,
      from,
      poll_ms,
      settle_ms,
      max_line_bytes: max_event_bytes,
      // The head of a long JSON line is no JSON.
      long_lines: block.log_format === 'json' ? 'skip' : 'cut',
      report: (notice) => this.hear(notice),
    })
    this.records = recordsOf(block, (index, reason) => this.reject(index, reason))
  }

  /** Finds the place of a file that is seen for the first time. */
  async begin(): Promise<void> {
    if (!this.cursor) this.cursor = (await this.follower.poll())?.cursor
  }

  save(): void {
    if (this.cursor) this.options.save(this.cursor)
  }

  /** Reads ahead. */
  arm(): void {
    this.stopWaiting = new AbortController()
    this.reading = this.follower.next(this.stopWaiting.signal).then((lines) => {
      this.reading = undefined
      this.arrived = lines
      if (lines) this.options.arrived()
    })
  }

  /** Looks for what is there right now. */
  async poll(): Promise<void> {
    if (this.arrived || !this.reading) return
    this.stopWaiting.abort()
    await this.reading
    if (!this.arrived) this.arm()
  }

  /** When an unfinished record should be taken for whole. */
  get due(): number | undefined {
    return this.records.due
  }

  /** Nothing read that was not handed out and settled. */
  get isIdle(): boolean {
    return !this.arrived && this.held.length === 0
  }

  take(): FileTaken | undefined {
    const lines = this.arrived
    const now = this.options.now()
    if (!lines && !(this.due !== undefined && this.due <= now)) return undefined
    const before = this.cursor
    const logs: string[] = []
    if (lines) {
      this.arrived = undefined
      this.trouble = undefined
      // A change of the place only must not extend the time that a record waits.
      this.held.push({ lines, used: 0 })
      if (!this.isUtf8Told) this.lookForOtherBytes(lines)
      const taken = lines.lines.length > 0 ? this.records.push(lines.lines, now) : { logs: [], used: 0 }
      logs.push(...taken.logs)
      this.settle(taken.used)
      this.arm()
    } else {
      const taken = this.records.flush()
      logs.push(...taken.logs)
      this.settle(taken.used)
    }
    this.events += logs.length
    if (logs.length > 0) this.lastEvent = now
    const announcements = this.announcements.splice(0)
    const { cursor } = this
    return {
      logs,
      announcements,
      ...(before && cursor && before.inode !== cursor.inode && { left: before }),
      save: () => {
        if (cursor) this.options.save(cursor)
      },
    }
  }

  status(): InputStatus {
    const state = this.trouble ? 'failing' : this.cursor?.inode ? 'ok' : 'waiting'
    const detail = this.trouble ?? (state === 'waiting' ? 'the file is not there yet' : undefined)
    return { name: this.path, state, events: this.events, last_event: this.lastEvent, detail }
  }

  close(): Promise<void> {
    return this.follower.close()
  }

  private settle(count: number): void {
    for (let left = count; this.held.length > 0; ) {
      const [batch] = this.held
      const { lines, used } = batch!
      const taken = Math.min(left, lines.lines.length - used)
      left -= taken
      batch!.used += taken
      if (batch!.used < lines.lines.length) {
        if (batch!.used > 0) this.cursor = lines.after(batch!.used)
        return
      }
      this.cursor = lines.cursor
      this.held.shift()
    }
  }

  // ------------------------------------------------------------------------------------------------------------------- messages

  private hear({ kind, message, file, offset }: Notice): void {
    const { log, announce } = this.options
    if (kind === 'rotated') {
      if (announce) this.announcements.push(`ossec: File rotated (inode changed): '${this.path}'.`)
      log.debug(message)
      return
    }
    if (kind === 'truncated' && announce)
      this.announcements.push(`ossec: File size reduced (inode remained): '${this.path}'.`)
    if (kind === 'unreadable') this.trouble = message
    if (kind === 'long line') this.complain(message, { file, offset })
    else log.warn(message, { file, offset })
  }

  private reject(index: number, reason: string): void {
    const { lines } = this.held.at(-1)!
    const { offset } = lines.after(index)
    const text = lines.lines[index]!
    const start = `${fromBytes(text.slice(0, 60))}${text.length > 60 ? '…' : ''}`
    this.complain(`${lines.file}: the line at byte ${offset} is skipped: ${reason}`, {
      file: lines.file,
      offset,
      start,
    })
  }

  /** Such lines are events like any other, byte for byte; told once, because a program writes all of its lines alike. */
  private lookForOtherBytes({ lines, file, after }: Lines): void {
    const index = lines.findIndex((line) => /[\x80-\xff]/.test(line) && !isUtf8(Buffer.from(line, 'latin1')))
    if (index < 0) return
    this.isUtf8Told = true
    const { offset } = after(index)
    this.options.log.warn(
      `${file}: the line at byte ${offset} is not UTF-8; it is taken as it is, and bytes without a meaning are shown as \ufffd`,
      { file, offset },
    )
  }

  private complain(message: string, fields: Record<string, unknown>): void {
    const { log, now } = this.options
    const { messages } = this
    if (now() - messages.since > minute) {
      if (messages.count > max_messages)
        log.warn(`${this.path}: ${messages.count - max_messages} more lines were skipped or cut`, { file: this.path })
      this.messages = { since: now(), count: 1 }
      log.warn(message, fields)
      return
    }
    if (++messages.count <= max_messages) log.warn(message, fields)
    else if (messages.count === max_messages + 1)
      log.warn(`${this.path}: further lines are skipped or cut; they are counted for a minute`, { file: this.path })
  }
}
