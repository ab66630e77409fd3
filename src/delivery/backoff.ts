/** When to try again, and how many requests a second. */

/**
 * Full jitter: a random time below `base` × 2^(tries - 1), at most `cap`. Full, because what made one alert wait made others wait too, and they should not
 * all come back at the same moment.
 *
 * @param tries failures so far, 1 or more
 * @param random from 0 to below 1
 * @returns milliseconds from now
 */
export function backoff(tries: number, base_ms: number, cap_ms: number, random: number): number {
  return Math.floor(random * Math.min(cap_ms, base_ms * 2 ** Math.min(tries - 1, 40)))
}

/** A token bucket that holds one second's worth, at least one. */
export class RateLimit {
  private readonly perSecond: number
  private readonly most: number
  private tokens: number
  private at: number

  constructor(perSecond: number, now: number) {
    this.perSecond = perSecond
    this.most = Math.max(1, perSecond)
    this.tokens = this.most
    this.at = now
  }

  /** Milliseconds until a request may go; 0: now. */
  wait(now: number): number {
    // A clock that was set back must not stop us.
    const passed = Math.max(0, now - this.at)
    this.tokens = Math.min(this.most, this.tokens + (passed / 1000) * this.perSecond)
    this.at = now
    return this.tokens >= 1 ? 0 : Math.ceil(((1 - this.tokens) / this.perSecond) * 1000)
  }

  take(): void {
    this.tokens -= 1
  }
}
