/**
 * Summaries instead of single messages: always (`digest`), or while there are too many (`storm`).
 *
 *   digest   alert ── counted ── counted ── … ── its time: one message ── alert …
 *   storm    sent, sent, … more than N in M ──▶ "storm begins" ── counted … ── every M: a message ── … at most N/2 in M: "storm is over" ──▶ sent, sent
 *
 * - The counts are on the disk with the cursor that has passed the alerts. What was counted just before a kill may be counted twice; nothing is counted never.
 * - Time is that of the delivery: what piled up during an outage is a storm as well, and becomes a few messages.
 */
import type { Alert } from '../alert.ts'
import { parseClock, parseTimestamp, wallClock } from '../clock.ts'
import type { Destination } from '../config.ts'
import type { DueMessage } from './incidents.ts'
import { count, emptyTally, type SummaryFacts, summaryLine, type Tally } from './tally.ts'

export type SummarySettings = Pick<Destination, 'digest' | 'storm' | 'language' | 'timezone'>

/** What is in state.db, as JSON. */
interface Stored {
  /**
   * Where storms are watched for: messages by the time of the delivery, and by that of the alerts. By the first what piled up during an outage is a storm; by
   * the second one is noticed where messages go out slowly.
   */
  sent?: Window
  happened?: Window
  /** What is counted for the next message. `all`: of the whole storm. */
  open?: { since: number; due: number; tally: Tally; storm?: { since: number; all: number } }
}

interface Window {
  since: number
  count: number
}

type SummaryLog = Record<'info' | 'warn', (message: string) => void>

export class Summaries {
  private readonly settings: SummarySettings
  private readonly log: SummaryLog
  private state: Stored
  private isChanged = false
  private readonly messages: DueMessage[] = []

  constructor(settings: SummarySettings, stored: string | undefined, log: SummaryLog) {
    this.settings = settings
    this.log = log
    this.state = stored === undefined ? {} : JSON.parse(stored)
    const { open } = this.state
    // The configuration may have changed since: what is open is told at once.
    if (open && (open.storm ? !settings.storm : !settings.digest)) open.due = Number.NEGATIVE_INFINITY
  }

  /** True: it goes into a summary, and not out by itself. */
  take(alert: Alert, now: number): boolean {
    const { digest, storm } = this.settings
    if (!digest && !this.state.open && !(storm && this.isStorm(storm, alert, now))) return false
    this.isChanged = true
    this.state.open ??= {
      since: now,
      due: digest ? nextTime(digest, now, this.settings.timezone) : now,
      tally: emptyTally(),
    }
    count(this.state.open.tally, alert)
    return true
  }

  /** Counts a message that is to be sent, and begins the storm with the one that is too many. */
  private isStorm(storm: NonNullable<Destination['storm']>, alert: Alert, now: number): boolean {
    const within_ms = storm.within * 1000
    this.isChanged = true
    const sent = (this.state.sent = counted(this.state.sent, now, within_ms))
    const happened = parseTimestamp(alert.timestamp) ?? now
    const happening = (this.state.happened = counted(this.state.happened, happened, within_ms))
    if (Math.max(sent.count, happening.count) <= storm.alerts) return false
    this.state.sent = undefined
    this.state.happened = undefined
    this.log.warn(
      `storm: more than ${storm.alerts} messages in ${storm.within} s; a summary every ${storm.within} s until it is calm`,
    )
    this.say({ kind: 'storm begins', tally: emptyTally(), from: sent.since, to: now, storm })
    this.state.open = { since: now, due: now + within_ms, tally: emptyTally(), storm: { since: now, all: 0 } }
    return true
  }

  /** What is to be said now. */
  due(now: number): DueMessage[] {
    const { open } = this.state
    if (open && open.due <= now) this.tell(open, now)
    return this.messages.splice(0)
  }

  private tell(open: NonNullable<Stored['open']>, now: number): void {
    const { storm } = this.settings
    const facts = { tally: open.tally, from: open.since, to: now, storm }
    this.isChanged = true
    this.state.open = undefined
    if (!open.storm) {
      this.say({ kind: 'digest', ...facts })
      return
    }
    const all = open.storm.all + open.tally.alerts
    if (storm && open.tally.alerts > storm.alerts / 2) {
      this.say({ kind: 'storm', ...facts })
      const due = now + storm.within * 1000
      this.state.open = { since: now, due, tally: emptyTally(), storm: { since: open.storm.since, all } }
      return
    }
    this.say({ kind: 'storm is over', ...facts })
    const seconds = Math.round((now - open.storm.since) / 1000)
    this.log.info(`the storm is over after ${seconds} s: summaries told of ${all} alerts`)
  }

  private say(facts: SummaryFacts): void {
    const { language, timezone } = this.settings
    const line = summaryLine(facts, { language, timezone })
    this.messages.push({ line, part: { key: 'summary', more: 0, since: facts.from, is_summary: true } })
  }

  /** When there is something to say. */
  next(): number | undefined {
    return this.messages.length > 0 ? 0 : this.state.open?.due
  }

  /** Since when there is a storm. */
  get storm_since(): number | undefined {
    return this.state.open?.storm?.since
  }

  /** Writes what changed; the returned function is called when that is committed. */
  flush(put: (state: string) => void): () => void {
    if (!this.isChanged) return () => {}
    put(JSON.stringify(this.state))
    return () => {
      this.isChanged = false
    }
  }
}

/** One more at that time; after the time of the window, or long before it (a clock was set back), it begins anew. */
function counted(window: Window | undefined, at: number, within_ms: number): Window {
  if (!window || Math.abs(at - window.since) >= within_ms) return { since: at, count: 1 }
  window.count++
  return window
}

/** The end of the period, or the next of the times of day. */
export function nextTime(
  digest: NonNullable<Destination['digest']>,
  now: number,
  timezone: string | undefined,
): number {
  if ('every' in digest) return now + digest.every * 1000
  const zone = timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  const minuteOf = (at: number) => wallClock(new Date(at).toISOString(), zone)!.minutes
  const minute = 60_000
  const begun = now - (now % minute)
  const day = 1440
  const candidates = digest.at.map((time) => {
    const wanted = parseClock(time)! % day
    const away = (wanted - minuteOf(begun) + day) % day || day
    const at = begun + away * minute
    // A night on which the clock is changed is longer or shorter.
    const wrong = ((wanted - minuteOf(at) + day + day / 2) % day) - day / 2
    return at + wrong * minute
  })
  return Math.min(...candidates)
}
