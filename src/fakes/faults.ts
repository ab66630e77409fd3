/** What a fake does wrong on purpose, and how often. */

export type Fault = 'hang' | 'reset' | 'busy' | 'failed'

/** The share of requests, 0 to 1; together at most 1. */
export type Faults = Partial<Record<Fault, number>>

/** @param random 0 to below 1 */
export function drawFault(faults: Faults, random: number): Fault | undefined {
  let from = 0
  for (const fault of ['hang', 'reset', 'busy', 'failed'] as const) {
    from += faults[fault] ?? 0
    if (random < from) return fault
  }
  return undefined
}

/** Repeatable random numbers (mulberry32), 0 to below 1. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
