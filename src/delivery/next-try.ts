/** When an alert that failed is tried again, and when it is given up. */
import type { Outcome } from '../define.ts'
import { backoff } from './backoff.ts'
import type { Job } from './job.ts'
import type { Tuning } from './types.ts'

/** Fewest strikes before an alert is given up for its age. */
const strikes_to_give_up = 8
/** Of a destination that is away: when it is back it should be noticed soon. */
const away_cap_ms = 60_000

/**
 * Counts a strike, unless the destination was merely away, and says when to try again.
 *
 * An alert is given up when it failed `max_tries` times while others got through: then it is the alert. Or after `give_up_ms`, if the destination answers and
 * still does not take it. One that is away is waited for, however long.
 *
 * @param job with `attempts` counted already
 */
export function nextTry(
  job: Job,
  outcome: Extract<Outcome, { kind: 'retry' }>,
  at: { now: number; tuning: Tuning; random: number; delivered: number; isAway: boolean },
): number | 'give up' {
  const { now, tuning, random, delivered, isAway } = at
  if (!outcome.busy) {
    if (job.strikes++ === 0) job.delivered_then = delivered
    if (job.strikes >= tuning.max_tries && delivered > job.delivered_then) return 'give up'
    if (job.strikes >= strikes_to_give_up && now - job.created >= tuning.give_up_ms && !isAway) return 'give up'
  }
  const cap = outcome.busy ? away_cap_ms : tuning.backoff_cap_ms
  return now + Math.max(backoff(job.attempts, tuning.backoff_base_ms, cap, random), outcome.after_ms ?? 0)
}
