/**
 * Follows one growing file of lines over rotation, truncation, removal and restarts. Pull-based: nothing is read before somebody asks, so a slow reader holds
 * back nothing but itself, and the file keeps what waits.
 *
 *   a.log.2 (older) ─▶ a.log.1 (our inode, renamed) ─▶ a.log (current)
 *                      ▲ cursor: inode, offset, witness of the bytes before it
 *
 * - A cursor always stands at the start of a line. A last line without its end waits; in a file that was rotated away it counts as whole.
 * - The file that a cursor means is found again by inode and witness (under any name), or by the witness alone (compressed, or copied before a truncation).
 * - A file is left only when it was read to its end after its successor had been seen.
 */
import type { BigIntStats } from 'node:fs'
import { type Generation, type History, mustReach, noHistory, siblings, statOf } from './history.ts'
import { LineCutter } from './lines.ts'
import { type Chunk, lastLineStart, openAt, openPlain, type Source, witness } from './source.ts'
import { Wake } from './wake.ts'

/** A place in a followed file; plain data, to be kept in state.db. */
export interface FileCursor {
  /** Digits; empty when there was no file yet. The device is left out: its number may change at a reboot, and the witness says more. */
  inode: string
  offset: number
  /** Of the bytes before `offset`. */
  witness: string
  /** Of the file among its generations, see history.ts. */
  key: string
  /** The end of the file before, in case its name comes back (a clock set back over midnight). */
  earlier?: { inode: string; offset: number; witness: string }
}

export interface Lines {
  /** Byte strings without line end. None when only the place changed: a start, a rotation. */
  lines: string[]
  /** After all of them. */
  cursor: FileCursor
  /** After the first `count` of them. */
  after(count: number): FileCursor
  /** The file they come from: the followed one or an older one. */
  file: string
}

/** What a reader should know although nothing stops. */
export interface Notice {
  kind: 'long line' | 'rotated' | 'truncated' | 'gone' | 'unreadable' | 'damaged'
  file: string
  /** Where the line begins, or how far the file had been read. */
  offset: number
  message: string
}

export interface FollowOptions {
  path: string
  /** Where to go on; undefined: begin at `from`. */
  cursor?: FileCursor | undefined
  /** `end`: with the first line that ends after now. A file that appears later is read from its start in any case. */
  from: 'start' | 'end'
  /** Default: what logrotate and its like leave beside the file. `none`: nothing older is looked for. */
  history?: History | 'none'
  /** Of one line, without its end. Default 65,278, Wazuh's limit (OS_MAXSTR - OS_LOG_HEADER - 2). */
  max_line_bytes?: number
  /** What is done with a longer one after it was reported: `cut` gives its first bytes, `skip` (default) nothing. */
  long_lines?: 'cut' | 'skip'
  report?(notice: Notice): void
  /** How long the writer may go on in a file that was rotated away. Default 1,000: analysisd flushes once a second. */
  settle_ms?: number | undefined
  /** Default 200. */
  poll_ms?: number
}

/** Files that are looked at for a copy although they seem to be older. */
const most_before = 4

/** @see Follower */
export function follow(options: FollowOptions): Follower {
  return new Follower(options)
}

export class Follower {
  readonly path: string
  private readonly options: FollowOptions
  private readonly history: History
  private readonly cutter: LineCutter
  private readonly wake = new Wake()
  private cursor: FileCursor
  private source: Source | undefined
  /** Key of the open file, once it is known among the generations. */
  private sourceKey: string | undefined
  private list: Generation[] = []
  private begun = false
  /** When it was first seen that the open file is not the current one any more. */
  private leavingSince: number | undefined
  private unreadable = ''
  private closed = false
  private underWay: Promise<unknown> | undefined

  constructor(options: FollowOptions) {
    this.options = options
    this.path = options.path
    this.history = options.history === 'none' ? noHistory : (options.history ?? siblings(options.path))
    const { max_line_bytes = 65_278, long_lines = 'skip' } = options
    this.cutter = new LineCutter(max_line_bytes, long_lines, (length, offset) => this.reportLong(length, offset))
    this.cursor = options.cursor ?? { inode: '', offset: 0, witness: '', key: '' }
  }

  /**
   * The next lines, as soon as there are some. The first answer of a follower without cursor comes at once and holds only its place: keep it, or a restart
   * before the first line begins anew.
   *
   * @returns undefined when it was closed, or aborted and there is nothing to read
   */
  async next(signal?: AbortSignal): Promise<Lines | undefined> {
    if (this.underWay) throw new Error(`${this.path}: next() was called again before it answered`)
    const answer = this.loop(signal)
    this.underWay = answer
    try {
      return await answer
    } finally {
      this.underWay = undefined
    }
  }

  /** What is there right now; undefined when there is nothing new. */
  poll(): Promise<Lines | undefined> {
    return this.next(AbortSignal.abort())
  }

  /** Looks again at once; for a writer in the same process. */
  nudge(): void {
    this.wake.nudge()
  }

  async close(): Promise<void> {
    this.closed = true
    this.nudge()
    await this.underWay?.catch(() => {})
    this.open(undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  private async loop(signal?: AbortSignal): Promise<Lines | undefined> {
    while (!this.closed) {
      // Before looking, so that no write falls between the look and the watch.
      this.wake.watch(this.path, this.source?.complete ? undefined : this.source?.path)
      const step = await this.step()
      if (typeof step !== 'string') return step
      if (step === 'again') continue
      if (signal?.aborted) break
      await this.wake.wait(this.options.poll_ms ?? 200, signal)
    }
    return undefined
  }

  private async step(): Promise<Lines | 'again' | 'wait'> {
    try {
      if (!this.begun) return await this.begin()
      const chunk = this.source ? await this.source.read() : 'end'
      if (chunk === 'rewritten') return await this.startOver()
      if (chunk === 'end') return await this.advance()
      const lines = this.split(chunk)
      return lines ?? 'again'
    } catch (error) {
      return this.failed(error as NodeJS.ErrnoException)
    }
  }

  private failed(error: NodeJS.ErrnoException): 'again' | 'wait' {
    const file = this.source?.path ?? this.path
    if (this.source?.complete) {
      this.report(
        'damaged',
        `${file}: damaged after byte ${this.source.position} (${error.message}); the rest is skipped`,
      )
      this.cursor = { ...this.cursor, inode: '', offset: 0, witness: '', key: this.sourceKey ?? this.cursor.key }
      this.open(undefined)
      return 'again'
    }
    // Renamed or removed between two looks.
    if (error.code === 'ENOENT') return 'wait'
    const message = `${file}: cannot be read (${error.code ?? error.message})`
    if (this.unreadable !== message) this.report('unreadable', `${message}; tried again until it can be`)
    this.unreadable = message
    return 'wait'
  }

  // ------------------------------------------------------------------------------------------------------------ finding the place

  private async begin(): Promise<Lines | 'again'> {
    // A folder that may not be entered says nothing about the file: taken for one that is not there, it would be read from its start later.
    mustReach(this.path)
    this.list = this.history.list().sort(byKey)
    if (this.options.cursor === undefined) return this.beginFresh()
    if (this.cursor.inode !== '') await this.goTo(this.cursor)
    this.begun = true
    // Without the file, what comes after its key is next: see advance().
    return 'again'
  }

  private async goTo(cursor: FileCursor): Promise<void> {
    const before = await this.locateBefore(cursor)
    if (before) {
      this.open(before)
      this.moveTo(before.position, cursor.earlier!.witness)
      return
    }
    const found = await this.locate(cursor)
    if (found) this.open(found)
    else this.reportMissing(cursor)
  }

  private reportMissing({ inode, offset, key }: FileCursor): void {
    if (String(statOf(this.path)?.ino) === inode) this.reportTruncated(offset)
    else if (offset > 0 || !this.list.some((generation) => this.isAfter(generation, key)))
      this.report(
        'gone',
        `${this.path}: the file read up to byte ${offset} is gone; what came after, if anything, is lost`,
      )
  }

  private reportTruncated(offset: number): void {
    this.report(
      'truncated',
      `${this.path}: truncated or written anew after ${offset} bytes were read; read from its start`,
    )
  }

  private beginFresh(): Lines {
    const now = statOf(this.path)
    if (!now) {
      this.cursor = { ...this.cursor, key: this.history.keyOf(undefined, this.list) }
    } else {
      const offset = this.options.from === 'start' ? 0 : lastLineStart(this.path)
      this.open(openPlain(this.path, offset))
      this.moveTo(offset, witness(this.source!.tail, this.source!.tail.length))
    }
    this.begun = true
    return this.moved()
  }

  /** The file that a cursor means, open at its place. */
  private async locate(cursor: FileCursor): Promise<Source | undefined> {
    const now = statOf(this.path)
    if (now && String(now.ino) === cursor.inode) {
      const found = openPlain(this.path, cursor.offset, cursor.witness)
      if (found) return found
    }
    for (const { path } of this.list) {
      if (String(statOf(path)?.ino) !== cursor.inode) continue
      const found = await openAt(path, cursor.offset, cursor.witness)
      if (found?.inode === cursor.inode) return found
      // Renamed between the two looks.
      found?.close()
    }
    return this.locateCopy(cursor, now)
  }

  /**
   * For a file of which nothing was read, the file before it, at its end: what comes after that is it, whatever became of its name and its time. Its inode
   * says little, for a new file often gets that of one that was just removed.
   */
  private async locateBefore({ offset, earlier, key }: FileCursor): Promise<Source | undefined> {
    if (offset > 0 || !earlier || earlier.offset === 0) return undefined
    return this.locateCopy({ ...earlier, key }, statOf(this.path))
  }

  /** The same text in another file: compressed since, or copied before our file was truncated. */
  private async locateCopy(
    cursor: Pick<FileCursor, 'offset' | 'witness' | 'key'>,
    now: BigIntStats | undefined,
  ): Promise<Source | undefined> {
    if (cursor.offset === 0) return undefined
    const isFit = ({ path }: Generation) => statOf(path)?.ino !== now?.ino
    const later = this.list.filter((generation) => generation.key >= cursor.key && isFit(generation))
    // Compressed and numbered anew it can stand before its old place, if only by the part of a second that its time has lost.
    const before = this.list.filter((generation) => generation.key < cursor.key && isFit(generation))
    for (const { path } of [...later, ...before.slice(-most_before).reverse()]) {
      const found = await openAt(path, cursor.offset, cursor.witness).catch(() => undefined)
      if (found) return found
    }
    return undefined
  }

  /** The bytes we had read are not there any more: goes on in a copy of them, or at the start of what is there now. */
  private async startOver(): Promise<Lines> {
    const { cursor } = this
    this.open(undefined)
    this.list = this.history.list().sort(byKey)
    const copy = await this.locateCopy(cursor, statOf(this.path))
    if (copy) {
      this.open(copy)
      this.moveTo(cursor.offset, cursor.witness)
      return this.moved()
    }
    this.reportTruncated(cursor.offset)
    this.open(openPlain(this.path, 0))
    this.moveTo(0, '')
    return this.moved()
  }

  // ------------------------------------------------------------------------------------------------------------ from file to file

  /** At the end of the open file: is there one that comes after it? */
  private async advance(): Promise<Lines | 'again' | 'wait'> {
    const { source } = this
    const now = statOf(this.path)
    const own = source?.stat()
    if (own && now && own.ino === now.ino && own.dev === now.dev) {
      this.leavingSince = undefined
      return 'wait'
    }
    this.list = this.history.list().sort(byKey)
    if (own) this.sourceKey ??= keyIn(this.list, own)
    const key = this.sourceKey ?? (own ? this.history.keyOf(own, this.list) : this.cursor.key)
    const older = this.list.find((generation) => this.isAfter(generation, key) && !same(statOf(generation.path), own))
    const isCurrent = older === undefined || same(statOf(older.path), now)
    if (isCurrent && !now) return 'wait'
    if (source && !this.isLeft(source, own)) return 'again'
    if (source && this.leavingSince! > performance.now()) return 'wait'
    const rest = this.finishPartial()
    if (rest) return rest
    return isCurrent ? this.enterCurrent(now!) : this.enterOlder(older)
  }

  private isAfter(generation: Generation, key: string): boolean {
    // Of a file that was opened, not read, and is not found again, the generation of the same key is the compressed form.
    const { inode, offset } = this.cursor
    return generation.key > key || (generation.key === key && !this.source && inode !== '' && offset === 0)
  }

  /** False at the first look: what was written between our last read and the rotation is still to be read. */
  private isLeft(source: Source, own: BigIntStats | undefined): boolean {
    if (this.leavingSince !== undefined) return true
    const { settle_ms = 1000 } = this.options
    // In a file found among the older ones, quiet for long, nobody writes any more.
    const isQuiet =
      source.complete || (source.path !== this.path && Date.now() - Number(own?.mtimeMs ?? 0n) > settle_ms)
    this.leavingSince = performance.now() + (isQuiet ? 0 : settle_ms)
    return false
  }

  private enterCurrent(now: BigIntStats): Lines | 'again' {
    const { earlier } = this.cursor
    const left = this.ending()
    const back =
      earlier && earlier.inode === String(now.ino) ? openPlain(this.path, earlier.offset, earlier.witness) : undefined
    const next = back ?? openPlain(this.path, 0)!
    if (!same(next.stat(), now)) {
      // Rotated between the two looks: another comes first.
      next.close()
      return 'again'
    }
    if (this.source) this.report('rotated', `${this.path}: rotated`)
    this.open(next)
    this.moveTo(next.position, back ? earlier!.witness : '', left)
    return this.moved()
  }

  private async enterOlder({ path, key }: Generation): Promise<Lines | 'again' | 'wait'> {
    const left = this.ending()
    const { offset } = this.cursor
    try {
      // Our own file in another form (compressed while we held it open) holds what we have read already.
      const again = offset > 0 ? await openAt(path, offset, this.cursor.witness) : undefined
      const next = again ?? (await openAt(path, 0))!
      if (keyIn(this.history.list(), next.stat()) !== key) {
        next.close()
        return 'again'
      }
      this.open(next, key)
      this.moveTo(next.position, again ? this.cursor.witness : '', left)
      return this.moved()
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return 'wait'
      this.report('damaged', `${path}: cannot be read (${code ?? message}); its lines are skipped`)
      this.open(undefined)
      this.cursor = { inode: '', offset: 0, witness: '', key, earlier: left }
      return 'again'
    }
  }

  private ending(): FileCursor['earlier'] {
    const { inode, offset, witness } = this.cursor
    return this.source ? { inode, offset, witness } : this.cursor.earlier
  }

  private open(source: Source | undefined, key?: string): void {
    this.source?.close()
    this.source = source
    this.sourceKey = key
    this.leavingSince = undefined
    this.cutter.reset()
    this.unreadable = ''
    this.wake.unwatch()
    if (source) this.sourceKey ??= keyIn(this.list, source.stat())
  }

  private moveTo(offset: number, witness: string, earlier = this.cursor.earlier): void {
    const { inode = '' } = this.source ?? {}
    this.cursor = { inode, offset, witness, key: this.currentKey(), ...(earlier && { earlier }) }
  }

  private currentKey(): string {
    return this.sourceKey ?? this.history.keyOf(this.source?.stat(), this.list)
  }

  private moved(): Lines {
    const { cursor } = this
    return { lines: [], cursor, after: () => cursor, file: this.source?.path ?? this.path }
  }

  // ------------------------------------------------------------------------------------------------------------------------ lines

  private split({ start, fresh, bytes }: Chunk): Lines | undefined {
    const before = this.cursor
    const { lines, ends, next } = this.cutter.cut(bytes, fresh, start)
    if (next === fresh) return undefined
    this.moveTo(start + next, witness(bytes, next))
    const { cursor } = this
    const after = (count: number): FileCursor => {
      if (count >= lines.length) return cursor
      if (count === 0) return before
      const end = ends[count - 1]!
      return { ...cursor, offset: start + end, witness: witness(bytes, end) }
    }
    return { lines, cursor, after, file: this.source!.path }
  }

  /** A last line without end, in a file that nobody writes to any more. */
  private finishPartial(): Lines | undefined {
    const { source } = this
    if (!source || !this.cutter.isWaiting) return undefined
    const before = this.cursor
    const line = this.cutter.finish(source.position)
    this.moveTo(source.position, witness(source.tail, source.tail.length))
    const { cursor } = this
    const lines = line === undefined ? [] : [line]
    return { lines, cursor, after: (count) => (count < lines.length ? before : cursor), file: source.path }
  }

  private reportLong(length: number, offset: number): void {
    const { path } = this.source!
    const { long_lines, max_line_bytes = 65_278 } = this.options
    const what = long_lines === 'cut' ? 'its rest is dropped' : 'it is skipped'
    const message = `${path}: the line at byte ${offset} is ${length} bytes long, at most ${max_line_bytes} are taken; ${what}`
    this.report('long line', message, offset)
  }

  private report(kind: Notice['kind'], message: string, offset = this.cursor.offset): void {
    this.options.report?.({ kind, file: this.source?.path ?? this.path, offset, message })
  }
}

function byKey(a: Generation, b: Generation): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}

function same(a: BigIntStats | undefined, b: BigIntStats | undefined): boolean {
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev
}

function keyIn(list: Generation[], file: BigIntStats | undefined): string | undefined {
  return file && list.findLast(({ path }) => same(statOf(path), file))?.key
}
