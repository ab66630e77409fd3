/** When something scheduled is due, and running it then: modes of `<wodle name="command">` (schedule_scan.c, 4.14; spec/wodle-command.md A1 and A2). */
import type { WodleCommandBlock } from '../config.ts'
import type { State } from '../durable/state.ts'
import type { Log } from '../log.ts'

/** Without day, wday and time: every so many seconds. Otherwise a wall-clock time (00:00 by default) of every N days, weeks or months. */
export type Schedule = Pick<WodleCommandBlock, 'interval' | 'day' | 'wday' | 'time'>

/** Minutes east of UTC at a moment. */
type UtcOffset = (at_ms: number) => number

const day_s = 86_400
const week_s = 7 * day_s

/**
 * When the run after the one of `last` is due. A day that a month does not have is its last day. The wall-clock hour stays the same over changes of
 * daylight saving time.
 *
 * @param last when the last run was due, or any moment: then the next fitting time after it
 */
export function dueAfter(schedule: Schedule, last: number, utc_offset: UtcOffset): number {
  const { interval, day, wday, time } = schedule
  if (interval.unit === 'seconds' && day === undefined && wday === undefined && time === undefined)
    return last + interval.every * 1000
  const [hour, minute] = (time ?? '00:00').split(':').map(Number) as [number, number]
  const local = new Date(last + utc_offset(last) * 60_000)
  const [y, m, d] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()]
  const moment = (year: number, month: number, date: number): number => {
    const wall = Date.UTC(year, month, date, hour, minute)
    const guess = wall - utc_offset(wall) * 60_000
    return wall - utc_offset(guess) * 60_000
  }
  const isOnTime = local.getUTCHours() === hour && local.getUTCMinutes() === minute

  if (interval.unit === 'months' || day !== undefined) {
    const every = interval.unit === 'months' ? interval.every : 1
    const inMonth = (count: number) => moment(y, m + count, Math.min(day ?? 1, daysIn(y, m + count)))
    const wasDue = isOnTime && d === Math.min(day ?? 1, daysIn(y, m))
    if (wasDue) return inMonth(every)
    return inMonth(0) > last ? inMonth(0) : inMonth(1)
  }
  if (wday !== undefined) {
    const weeks = Math.max(1, Math.round(interval.every / week_s))
    if (isOnTime && local.getUTCDay() === wday) return moment(y, m, d + 7 * weeks)
    const ahead = (wday - local.getUTCDay() + 7) % 7
    return moment(y, m, d + ahead) > last ? moment(y, m, d + ahead) : moment(y, m, d + ahead + 7)
  }
  const days = Math.max(1, Math.round(interval.every / day_s))
  if (isOnTime) return moment(y, m, d + days)
  return moment(y, m, d) > last ? moment(y, m, d) : moment(y, m, d + 1)
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
}

export interface ScheduledParts {
  /** Names it in messages and in state.db. */
  name: string
  schedule: Schedule
  run_on_start: boolean
  state: State
  log: Log
  now(): number
  utc_offset: UtcOffset
  /** Resolves after so many milliseconds, or when the signal comes. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** One run. What it leaves is safe when it resolves; it does not reject. */
  work(signal: AbortSignal): Promise<void>
}

// Slept in pieces, so that a clock that was set is noticed.
const longest_sleep_ms = 60_000

/**
 * Runs something on its schedule until the signal comes. Runs never overlap; missed ones are not made up. A run counts when it was finished, and that is kept
 * in state.db: a restart neither runs early (unless run_on_start says so) nor waits another full interval, as modulesd does.
 */
export async function runOnSchedule(parts: ScheduledParts, signal: AbortSignal): Promise<void> {
  const { name, schedule, run_on_start, state, log, now, utc_offset, sleep, work } = parts
  const kept = state.cursor<{ last: number }>(`schedule ${name}`)
  const last = Math.min(kept.get()?.last ?? now(), now())
  const keep = (last: number) => {
    try {
      kept.set({ last })
    } catch (error) {
      log.error(
        `${name}: when it was run last cannot be kept (${(error as Error).message}); a restart may run it again`,
      )
    }
  }
  keep(last)
  let due = run_on_start ? now() : dueAfter(schedule, last, utc_offset)
  while (!signal.aborted) {
    for (let left = due - now(); left > 0 && !signal.aborted; left = due - now())
      await sleep(Math.min(left, longest_sleep_ms), signal)
    if (signal.aborted) return
    // We, or the machine, were off for longer than an interval.
    if (dueAfter(schedule, due, utc_offset) <= now()) due = now()
    const started = now()
    await work(signal)
    // Cut short: it is run again at the next start.
    if (signal.aborted) return
    keep(due)
    const next = dueAfter(schedule, due, utc_offset)
    if (next <= now() && now() - started >= next - due) log.warn(`${name}: a run took longer than its interval`)
    due = Math.max(next, now())
  }
}

/** The real {@link ScheduledParts.sleep}. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
}
