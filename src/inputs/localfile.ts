/**
 * `<localfile>`: the lines of one file, or of all files that a pattern means, as events (spec/wodle-command.md part B).
 *
 *   location ── strftime, wildcards ──▶ files ──▶ Follower each ──▶ records (json, multi-line, …) ──▶ ignore, restrict, out_format ──▶ events
 *
 * - Positions are kept in state.db, in the caller's transaction, so nothing is lost or counted for read before its outcome is safe.
 * - Better than logcollector: only a file that is there when its block is seen for the first time is begun at its end (`only-future-events`); one that appears
 *   later, or comes while we are down, is read from its start. Unread tails of rotated files are read. A restart repeats and skips nothing.
 */
import { resolve } from 'node:path'
import { type Event, toBytes } from '../alert.ts'
import type { LocalfileBlock } from '../config.ts'
import type { AppendOptions } from '../durable/append.ts'
import type { FileCursor } from '../durable/follow.ts'
import { statOf } from '../durable/history.ts'
import { openPlain } from '../durable/source.ts'
import type { State } from '../durable/state.ts'
import { Wake } from '../durable/wake.ts'
import { compilePattern } from '../engine/patterns/index.ts'
import type { Log } from '../log.ts'
import { filesLike, isLike, isPattern } from './glob.ts'
import { LocalFile } from './local-file.ts'
import { readOutFormat } from './out-format.ts'
import { strftime } from './strftime.ts'

/** Events and how to make their outcome final; see runners/pipeline.ts. */
export interface InputBatch {
  events: Event[]
  /** Moves the positions past these events. To be called inside a transaction of state.db. */
  commit(): void
}

export interface InputStatus {
  /** Path, or tag. */
  name: string
  state: 'ok' | 'waiting' | 'failing'
  events: number
  last_event?: number
  /** Why it waits or fails. */
  detail?: string
}

/** A source of events that is asked for the next ones. */
export interface Input {
  name: string
  /** Undefined when closed, or aborted and there is nothing right now: so an aborted signal means "what is there". */
  next(signal?: AbortSignal): Promise<InputBatch | undefined>
  status(): InputStatus[]
  close(): Promise<void>
}

export interface LocalfileOptions {
  block: LocalfileBlock
  /** What relative locations are relative to. */
  home: string
  state: State
  log: Log
  /** Milliseconds since 1970. */
  now(): number
  /** Minutes east of UTC at a moment. */
  utc_offset(at_ms: number): number
  hostname: string
  /** For `$(host_ip)`. */
  host_ip?: string
  /** Location of all events. Default: the path. */
  event_location?: string
  /** Gives logcollector's own events about rotated and truncated files (rules 591 to 593). Default true. */
  announce?: boolean
  /** How long a writer may go on in a file that was rotated away. Default 1,000. */
  settle_ms?: number
  /** How often names are looked for again. Default 2,000; logcollector: `logcollector.vcheck_files`, 64 s. */
  rescan_ms?: number
}

/** Name of the cursor in state.db. */
function cursorName(location: string, path: string): string {
  return `localfile ${location} ${path}`
}

/** True when all of a file that only we write to has been read for good: then its writer may rotate it. */
export function isRead(state: State, location: string, inode: string, size: number): boolean {
  const cursor = state.cursor<FileCursor>(cursorName(location, location)).get()
  return cursor !== undefined && cursor.inode === inode && cursor.offset === size
}

/** For openAppend: a file of ours is put away at this length, when all of it has been read. Default 16 MiB. */
export function rotateWhenRead(state: State, path: string, max_bytes = 16 << 20): NonNullable<AppendOptions['rotate']> {
  return { max_bytes, isDrained: (inode, size) => isRead(state, path, inode, size) }
}

// Text files only: reading these line by line would only make noise.
const compressed = /\.(gz|bz2|xz|zst|lz4|zip)$/
// A file that strftime has left behind is followed this much longer: the writer may be late.
const leave_after_ms = 600_000
const max_left = 200

/**
 * Opens a localfile. When it resolves, the places of all files that are there are safe in state.db.
 *
 * Formats that read no file (eventchannel, macos, journald …) and the commands are not for this function.
 */
export async function openLocalfile(options: LocalfileOptions): Promise<Input> {
  const input = new Localfile(options)
  await input.begin()
  return input
}

class Localfile implements Input {
  readonly name: string
  private readonly options: LocalfileOptions
  private readonly files = new Map<string, LocalFile>()
  private readonly wake = new Wake()
  private readonly toEvent: (log: string, path: string) => Event | undefined
  private readonly isWild: boolean
  /** Where reading ended in files that have moved to another name, newest last. Only for patterns, which may match the new name too. */
  private left: FileCursor[]
  private readonly leftAt = new Map<string, number>()
  /** New, and not yet read, because their places could not be written. */
  private readonly unsaved: LocalFile[] = []
  private scannedAt = Number.NEGATIVE_INFINITY
  private isClosed = false

  constructor(options: LocalfileOptions) {
    this.options = options
    const { block, state } = options
    this.name = options.event_location ?? block.location
    this.isWild = isPattern(block.location)
    this.toEvent = eventMaker(options)
    this.left = state.cursor<FileCursor[]>(`localfile-left ${block.location}`).get() ?? []
  }

  async begin(): Promise<void> {
    const { state, block } = this.options
    const seen = state.cursor<boolean>(`localfile-seen ${block.location}`)
    const isFirst = seen.get() === undefined
    await this.scan(isFirst && block.only_future_events ? 'end' : 'start')
    for (const file of this.files.values()) await file.begin()
    state.transaction(() => {
      for (const file of this.files.values()) file.save()
      seen.set(true)
    })
    for (const file of this.files.values()) file.arm()
  }

  async next(signal?: AbortSignal): Promise<InputBatch | undefined> {
    while (!this.isClosed) {
      await this.rescan()
      if (signal?.aborted) for (const file of this.files.values()) await file.poll()
      const batch = this.collect()
      if (batch || signal?.aborted) return batch
      await this.wake.wait(this.pause(), signal)
    }
    return undefined
  }

  status(): InputStatus[] {
    return [...this.files.values()].map((file) => file.status())
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.wake.nudge()
    await Promise.all([...this.files.values()].map((file) => file.close()))
  }

  private collect(): InputBatch | undefined {
    const events: Event[] = []
    const saves: (() => void)[] = []
    for (const file of this.files.values()) {
      const taken = file.take()
      if (!taken) continue
      for (const log of taken.logs) {
        const event = this.toEvent(log, file.path)
        if (event) events.push(event)
      }
      for (const log of taken.announcements) events.push({ log, location: 'logcollector' })
      if (taken.left) this.left = [...this.left, taken.left].slice(-max_left)
      saves.push(taken.save)
    }
    if (saves.length === 0) return undefined
    const { left } = this
    return {
      events,
      commit: () => {
        for (const save of saves) save()
        this.saveLeft(left)
      },
    }
  }

  private pause(): number {
    const { rescan_ms = 2000, now } = this.options
    const dues = [...this.files.values()].flatMap(({ due }) => (due === undefined ? [] : [due - now()]))
    return Math.max(0, Math.min(rescan_ms, ...dues))
  }

  // ---------------------------------------------------------------------------------------------------------------- which files

  private async rescan(): Promise<void> {
    const { rescan_ms = 2000, state } = this.options
    // The real clock: with a virtual one that stands still, new files would never be found.
    if (this.unsaved.length === 0 && performance.now() - this.scannedAt < rescan_ms) return
    this.unsaved.push(...(await this.scan('start')))
    if (this.unsaved.length === 0) return
    state.transaction(() => {
      for (const file of this.unsaved) file.save()
    })
    for (const file of this.unsaved.splice(0)) file.arm()
  }

  /** Opens the files that are new, and gives up those that are gone and read. */
  private async scan(from: 'start' | 'end'): Promise<LocalFile[]> {
    this.scannedAt = performance.now()
    const paths = new Set(this.paths())
    for (const [path, file] of this.files) {
      if (paths.has(path)) this.leftAt.delete(path)
      else if (this.isGone(path)) await this.giveUp(path, file)
    }
    const fresh: LocalFile[] = []
    for (const path of paths) {
      if (this.files.has(path)) continue
      const file = this.open(path, from, paths.size)
      if (file) fresh.push(file)
    }
    return fresh
  }

  private paths(): string[] {
    const { block, home, now, utc_offset } = this.options
    const at = now()
    const expand = (text: string) => resolve(home, strftime(text, at, utc_offset(at)))
    const location = expand(block.location)
    if (!this.isWild) return this.isTooOld(location) && this.hasCursor(location) ? [] : [location]
    const exclude = block.exclude === undefined ? undefined : expand(block.exclude)
    return filesLike(location).filter(
      (path) =>
        !compressed.test(path) &&
        !(exclude !== undefined && isLike(path, exclude)) &&
        !(this.isTooOld(path) && this.hasCursor(path)),
    )
  }

  private isTooOld(path: string): boolean {
    const { block, now } = this.options
    if (block.age === undefined) return false
    const file = statOf(path)
    return file !== undefined && now() - Number(file.mtimeMs) > block.age * 1000
  }

  private hasCursor(path: string): boolean {
    return this.options.state.cursor(cursorName(this.options.block.location, path)).get() !== undefined
  }

  private isGone(path: string): boolean {
    if (this.isWild || this.isTooOld(path)) return true
    const since = this.leftAt.get(path) ?? this.options.now()
    this.leftAt.set(path, since)
    return this.options.now() - since > leave_after_ms
  }

  private async giveUp(path: string, file: LocalFile): Promise<void> {
    await file.poll()
    if (!file.isIdle) return
    this.files.delete(path)
    this.leftAt.delete(path)
    await file.close()
    if (!this.isWild || statOf(path)) return
    // It is there no more, at least not under this name.
    const { state, block } = this.options
    if (file.cursor) this.left = [...this.left, file.cursor].slice(-max_left)
    state.transaction(() => {
      state.cursor(cursorName(block.location, path)).delete()
      this.saveLeft(this.left)
    })
  }

  private saveLeft(left: FileCursor[]): void {
    if (this.isWild) this.options.state.cursor(`localfile-left ${this.options.block.location}`).set(left)
  }

  private open(path: string, from: 'start' | 'end', count: number): LocalFile | undefined {
    const { block, state, announce = true, log, now, settle_ms } = this.options
    const stored = state.cursor<FileCursor>(cursorName(block.location, path))
    let cursor = stored.get()
    if (!cursor && this.isWild) {
      const inode = String(statOf(path)?.ino)
      // Renamed, and still being read under its former name: that comes first.
      if ([...this.files.values()].some((file) => file.cursor?.inode === inode)) return undefined
      cursor = this.left.findLast((place) => place.inode === inode && isAt(path, place))
    }
    const file = new LocalFile({
      path,
      cursor,
      from,
      block,
      log,
      now,
      announce,
      settle_ms,
      // Many idle files would otherwise cost a few per cent of a processor.
      poll_ms: count > 100 ? 1000 : 200,
      save: (place) => stored.set(place),
      arrived: () => this.wake.nudge(),
    })
    this.files.set(path, file)
    return file
  }
}

function isAt(path: string, { offset, witness }: FileCursor): boolean {
  try {
    const source = openPlain(path, offset, witness)
    source?.close()
    return source !== undefined
  } catch {
    return false
  }
}

type EventOptions = Pick<
  LocalfileOptions,
  'block' | 'log' | 'hostname' | 'host_ip' | 'now' | 'utc_offset' | 'event_location'
>

/** What becomes of a record: dropped by `<ignore>` and `<restrict>`, or an event. */
export function eventMaker(options: EventOptions): (log: string, path: string) => Event | undefined {
  const { block, log, hostname, host_ip = '', now, utc_offset, event_location } = options
  const compile = ({ type, pattern }: LocalfileBlock['ignore'][number]) =>
    compilePattern(type, toBytes(pattern)).pattern!
  const ignore = block.ignore.map(compile)
  const restrict = block.restrict.map(compile)
  const format = block.out_format === undefined ? undefined : readOutFormat(block.out_format)
  for (const token of format?.unknown ?? [])
    log.warn(`${block.place.file}:${block.place.line} <out_format>: "$(${token})" is not known and left out`)
  const fixed = event_location === undefined ? undefined : toBytes(event_location)
  return (text, path) => {
    if (ignore.some((pattern) => pattern.test(text)) || !restrict.every((pattern) => pattern.test(text)))
      return undefined
    const location = fixed ?? toBytes(path)
    if (!format) return { log: text, location }
    const at = now()
    return { log: format.apply({ log: text, location, now: at, offset: utc_offset(at), hostname, host_ip }), location }
  }
}
