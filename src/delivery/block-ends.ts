/**
 * Blocks that are over, for the incidents of the alerts that have caused them (`resolve_with_block`). Each is a note in state.db, written in the transaction that
 * ends the block and removed in the one that holds the ends of its incidents: a kill between the two costs nothing.
 *
 * A destination may come to the alert later than its block ends: after a kill it reads it again, after an outage for the first time. It holds the note until
 * then, or until it has read so far that the alert is none of its own.
 */
import type { State } from '../durable/state.ts'

/** A block that an alert has caused, and that is over. */
export interface EndedBlock {
  /** Id of the alert. */
  alert: string
  rule: string
  /** What was blocked. */
  target: string
}

/** One whose note can be kept: `hold` as often as `release`. */
export interface NotedEnd extends EndedBlock {
  hold(): void
  release(): void
}

/** An id is unique within one file only; with the rule it is more so. */
export const alertName = (id: string, rule: string): string => `${rule} ${id}`

/** To be called in the transaction that ends the block. */
export function noteBlockEnd({ db }: State, { alert, rule, target }: EndedBlock): void {
  db.prepare('INSERT INTO block_end (alert, rule, target) VALUES (?, ?, ?)').run(alert, rule, target)
}

export class BlockEnds {
  private readonly state: State
  private newest = 0
  /** How many destinations hold each that was taken and whose note is still there. */
  private readonly holders = new Map<number, number>()

  constructor(state: State) {
    this.state = state
  }

  /** Those that were not taken yet, oldest first. */
  take(): NotedEnd[] {
    const select = 'SELECT id, alert, rule, target FROM block_end WHERE id > ? ORDER BY id'
    const rows = this.state.db.prepare(select).all(this.newest) as unknown as (EndedBlock & { id: number })[]
    this.newest = rows.at(-1)?.id ?? this.newest
    return rows.map(({ id, ...block }) => {
      const add = (more: number) => void this.holders.set(id, this.holders.get(id)! + more)
      this.holders.set(id, 0)
      return { ...block, hold: () => add(1), release: () => add(-1) }
    })
  }

  /** Removes the notes that nobody holds; to be called within a transaction. The returned function is called when that is committed. */
  flush(): () => void {
    const done = [...this.holders].flatMap(([id, holders]) => (holders === 0 ? [id] : []))
    const remove = this.state.db.prepare('DELETE FROM block_end WHERE id = ?')
    for (const id of done) remove.run(id)
    return () => {
      for (const id of done) this.holders.delete(id)
    }
  }
}

/** More than that at once are alerts of others, nearly all of them. */
const most_held = 10_000

/** Ends that came before their alerts, or while the message about them was on its way, for one destination. */
export class EarlyEnds {
  /** By the name of the alert, in the order in which they came. */
  private readonly held = new Map<string, { end: NotedEnd; since: number; isSeen: boolean }>()

  get isEmpty(): boolean {
    return this.held.size === 0
  }

  /** @param isSeen whether the alert was read: then its message is on its way */
  hold(end: NotedEnd, now: number, isSeen: boolean): void {
    const name = alertName(end.alert, end.rule)
    end.hold()
    this.release(name)
    this.held.set(name, { end, since: now, isSeen })
    if (this.held.size > most_held) this.release(this.held.keys().next().value!)
  }

  /** Its alert is read. @returns whether there is an end for it */
  see(name: string): boolean {
    const found = this.held.get(name)
    if (found) found.isSeen = true
    return found !== undefined
  }

  /** What was blocked because of one of these alerts; they are held no longer. */
  take(names: readonly string[]): string | undefined {
    let target: string | undefined
    for (const name of names) {
      target ??= this.held.get(name)?.end.target
      this.release(name)
    }
    return target
  }

  /** Lets those go whose alert would have been read by now. @returns whether there were any */
  letGo(isPast: (since: number) => boolean): boolean {
    const before = this.held.size
    for (const [name, { since, isSeen }] of this.held) {
      if (isSeen) continue
      if (!isPast(since)) break
      this.release(name)
    }
    return this.held.size < before
  }

  private release(name: string): void {
    this.held.get(name)?.end.release()
    this.held.delete(name)
  }
}
