/**
 * After an outage: what is late gets a turn, so many a second, and waits for it in the table; what is new is sent meanwhile. Without it a chat that takes one
 * message a second would be told of yesterday for hours before it hears of now.
 *
 * Order is kept where it is asked for: what is new of an incident stands behind what is late of it.
 */
import type { Alert } from '../alert.ts'
import { parseTimestamp } from '../clock.ts'
import type { Job } from './job.ts'
import { late_ms } from './words.ts'

export class CatchUp {
  readonly reason: string
  private readonly interval_ms: number
  private readonly log: (message: string) => unknown
  /** Of those that wait for it. */
  private readonly turns = new Map<Job, number>()
  private next = Number.NEGATIVE_INFINITY
  private count = 0
  private isTold = false

  constructor(perSecond: number, log: (message: string) => unknown) {
    this.interval_ms = 1000 / perSecond
    this.reason = `it is late, and of what is late ${perSecond} a second are sent, so that what is new gets through`
    this.log = log
  }

  /** When it may be tried: now or before, or a time to come; undefined: it is not late. */
  turnOf(job: Job, alert: Alert, now: number): number | undefined {
    const given = this.turns.get(job)
    if (given !== undefined) return given
    const happened = parseTimestamp(alert.timestamp)
    if (happened === undefined || now - happened < late_ms) return undefined
    const at = Math.max(now, this.next)
    this.next = at + this.interval_ms
    // The table takes whole milliseconds.
    const turn = Math.ceil(at)
    if (turn > now && !this.isTold) {
      this.isTold = true
      this.log('catches up: what is new goes first, what is late is marked and follows')
    }
    this.turns.set(job, turn)
    return turn
  }

  /** It is tried now. */
  taken(job: Job): void {
    this.turns.delete(job)
    this.count++
    // Some may have been dropped meanwhile, or held back by a silence.
    for (const other of this.turns.keys()) {
      if (other.state !== 'gone') return
      this.turns.delete(other)
    }
    if (this.isTold) this.log(`has caught up: ${this.count} late alerts had their turn`)
    this.isTold = false
    this.count = 0
  }
}
