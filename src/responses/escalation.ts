/** How long it lasts for one who comes again. */

export interface Escalation {
  /** `repeated_offenders`: minutes of the second, third, … time; the last one stays. Empty: no list. */
  list: readonly number[]
  /** Without a list: each time this many times longer than the time before. 1: no escalation. */
  factor: number
  /** Seconds; no longer than that by `factor`. */
  longest: number
  /** Milliseconds of calm after which one time is forgiven. */
  decay_ms: number
}

/**
 * execd counts by key, also while the block is in force, and forgets nothing until it is restarted (execd.c: repeated_hash). Here the count survives,
 * and goes down by one for each `decay_ms` without a repetition.
 *
 * @param former what is known of the key; undefined the first time
 * @param seconds the configured time; 0, for ever, stays 0
 * @returns the time to use now, and the count to keep
 */
export function escalate(
  former: { count: number; last: number } | undefined,
  seconds: number,
  now: number,
  { list, factor, longest, decay_ms }: Escalation,
): { seconds: number; count: number } {
  const calm = former ? Math.floor(Math.max(0, now - former.last) / decay_ms) : 0
  const times = former ? Math.max(0, former.count - calm) : 0
  const count = times + 1
  if (seconds === 0 || times === 0) return { seconds, count }
  if (list.length > 0) return { seconds: list[Math.min(times, list.length) - 1]! * 60, count }
  return { seconds: Math.max(seconds, Math.min(longest, Math.round(seconds * factor ** times))), count }
}
