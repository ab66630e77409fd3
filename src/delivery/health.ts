/**
 * What a destination's answers say about the destination, and how hard it may be tried.
 *
 * - `window`: how many tries at once. Halved when the destination says it is busy, down to one; one more after every success.
 * - The breaker: after several different alerts failed in a row there is a pause (full jitter, growing), then one try; each success widens again.
 * - `Retry-After` holds the whole destination, since it speaks of the credential and not of one alert.
 * - Paused: a person must mend something. One try is made now and then, for what was mended elsewhere does not tell us.
 */
import { backoff } from './backoff.ts'

export interface Pause {
  reason: string
  since: number
  /** When one try is made to see whether it was mended. */
  probe_at: number
  probes: number
}

/** Longest time between two tries of a destination that is away: it should be noticed soon when it is back. */
const away_cap_ms = 60_000
const first_probe_ms = 5 * 60_000
const probe_cap_ms = 60 * 60_000

export class Health {
  paused: Pause | undefined
  /** No try before this time. */
  not_before = 0
  /** Since when it is paused or looks away. */
  unhealthy_since: number | undefined
  /** Why the destination as a whole is waited for. */
  reason: string | undefined
  private readonly concurrency: number
  private readonly base_ms: number
  private readonly breaker_failures: number
  private readonly random: () => number
  private window: number
  /** Different alerts that failed since the last success. */
  private streak = 0
  private lastFailed: unknown
  /** Pauses of the breaker since the last success. */
  private trips = 0
  /** Tries begun before it are not counted again: they were under way when the destination went away. */
  private epoch = 0

  constructor(options: { concurrency: number; base_ms: number; breaker_failures: number; random(): number }) {
    this.concurrency = options.concurrency
    this.base_ms = options.base_ms
    this.breaker_failures = options.breaker_failures
    this.random = options.random
    this.window = options.concurrency
  }

  /** Whether the destination looks away, so that a failure says nothing about the alert. */
  get isAway(): boolean {
    return this.trips > 0
  }

  /** Marks a try; to be given back with its result. */
  begin(): number {
    return this.epoch
  }

  /** Milliseconds until one more try may begin; Infinity when one of those in flight must end first. */
  wait(inFlight: number, now: number): number {
    if (this.paused)
      return inFlight > 0 ? Number.POSITIVE_INFINITY : Math.max(0, this.paused.probe_at - now, this.not_before - now)
    if (inFlight >= this.window) return Number.POSITIVE_INFINITY
    return Math.max(0, this.not_before - now)
  }

  /** True when the destination was waited for and is back. A success that began before the wait says nothing. */
  delivered(epoch: number): boolean {
    if (epoch !== this.epoch) return false
    const isBack = this.trips > 0 || this.paused !== undefined || this.not_before > 0
    this.window = Math.min(this.concurrency, this.window + 1)
    this.streak = 0
    this.trips = 0
    this.lastFailed = undefined
    this.not_before = 0
    this.paused = undefined
    this.reason = undefined
    this.unhealthy_since = undefined
    return isBack
  }

  /** It answered, and the answer was about the alert. */
  answered(): void {
    this.paused = undefined
    if (!this.isAway) this.unhealthy_since = undefined
  }

  /** @param alert identifies it: the same one failing again says nothing new about the destination */
  failed(
    alert: unknown,
    epoch: number,
    now: number,
    outcome: { reason: string; after_ms?: number; busy?: boolean },
  ): void {
    const { after_ms, busy } = outcome
    const isAsked = busy && after_ms !== undefined
    if (isAsked) {
      this.not_before = Math.max(this.not_before, now + after_ms)
      this.reason = outcome.reason
    }
    if (epoch !== this.epoch) return
    if (isAsked || (busy && this.window > 1)) {
      this.epoch++
      this.window = Math.max(1, this.window >> 1)
    }
    if (alert !== this.lastFailed) this.streak++
    this.lastFailed = alert
    // The one try of a paused destination says enough; without a wait the next would follow at once.
    const isProbe = this.paused !== undefined && now >= this.paused.probe_at
    if (this.streak < this.breaker_failures && !isProbe) return
    this.trips++
    this.epoch++
    this.unhealthy_since ??= now
    this.window = 1
    this.reason = outcome.reason
    this.not_before = Math.max(this.not_before, now + backoff(this.trips, this.base_ms, away_cap_ms, this.random()))
  }

  pause(reason: string, now: number): void {
    // Of several that were under way together, the first has said it.
    if (this.paused && now < this.paused.probe_at) return
    this.unhealthy_since ??= now
    const probes = this.paused ? this.paused.probes + 1 : 0
    const wait = Math.min(probe_cap_ms, first_probe_ms * 2 ** probes)
    this.paused = { reason, since: this.paused?.since ?? now, probe_at: now + wait, probes }
  }

  /** A person says: try now. */
  resume(): void {
    this.paused = undefined
    this.not_before = 0
    this.unhealthy_since = undefined
  }
}
