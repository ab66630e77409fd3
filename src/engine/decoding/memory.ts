/** What decoding remembers from one event to the next. It belongs to a session; decoders themselves never change. */
import type { EngineEvent } from '../event.ts'
import { Static } from '../event.ts'

export interface DecoderMemory {
  readonly accumulated: Map<string, Accumulated>
  /** Look-ups since the last clean-up. */
  lookups: number
  /** Whether a rule with this id, as it is written, is loaded: for forwarded alerts. Without it none is known, as in logtest. */
  readonly isRule?: (id: string) => boolean
}

interface Accumulated {
  /** Seconds since 1970. */
  at: number
  values: (string | undefined)[]
}

/** Static fields that `<accumulate/>` carries over. */
const carried = [
  Static.dstuser,
  Static.srcuser,
  Static.dstip,
  Static.srcip,
  Static.dstport,
  Static.srcport,
  Static.data,
]

const maxKey = 256
const maxValue = 80
const lifetime_s = 120
const cleanUpEvery = 200

export function createDecoderMemory(options: { isRule?: (id: string) => boolean } = {}): DecoderMemory {
  return { accumulated: new Map(), lookups: 0, isRule: options.isRule }
}

/**
 * `<accumulate/>`: events of one host, decoder and id lend each other the fields that only some of them have (spec/engine-decoders.md section 9.2;
 * accumulator.c, 4.14.7). To be called when the matched decoder asks for it.
 */
export function accumulate(event: EngineEvent, memory: DecoderMemory, at_ms: number): void {
  const id = event.statics[Static.id]
  if (id === undefined || !event.decoder) return
  const now = Math.floor(at_ms / 1_000)
  const { accumulated } = memory
  if (++memory.lookups >= cleanUpEvery) {
    memory.lookups = 0
    for (const [key, { at }] of accumulated) if (at < now - lifetime_s) accumulated.delete(key)
  }
  const key = `${event.hostname} ${event.decoder.name} ${id}`
  if (key.length >= maxKey) return

  let stored = accumulated.get(key)
  if (stored && stored.at < now - lifetime_s) stored = undefined
  if (stored) fill(event.statics, stored.values)
  else accumulated.set(key, (stored = { at: now, values: [] }))
  stored.at = now
  fill(stored.values, event.statics)
}

/** Takes over what is missing and not too long. */
function fill(to: (string | undefined)[], from: readonly (string | undefined)[]): void {
  for (const index of carried) {
    const value = from[index]
    if (!to[index] && value && value.length <= maxValue) to[index] = value
  }
}
