/**
 * How much room V8 takes. Left alone it doubles its nursery to two halves of 32 MB while much of what is new lives on, as when a ruleset is read, and
 * lets the old space grow to twice what is alive before it looks what is not. Both flags count whenever they are set, unlike --max-semi-space-size,
 * which would need a process of its own.
 *
 * Tried on the mix of bench/engine.ts, without a gain in speed: larger halves, collecting on one thread, --minor-ms (slower, and 500 MB),
 * --always-sparkplug, --no-lazy-feedback-allocation, compiling earlier (more is thrown away), --no-maglev, --no-regexp-tier-up, more inlining.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Both halves. Half of it costs a tenth of the speed, for more of the dead pass for alive; twice as much takes another 70 MB. */
const nurseryBytes = 32 * 1_048_576
const growingPercent = 15

let isSettled = false

/** To be called now and then while a ruleset is read: stops the nursery from growing once it is large enough. */
export function settleHeap(): void {
  if (isSettled) return
  const nursery = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  if (nursery && nursery.space_size < nurseryBytes) return
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`)
  isSettled = true
}
