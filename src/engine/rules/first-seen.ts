/** `<if_fts>`: has the decoder's key been seen before? fts.c, 4.14.7; spec/engine-decoders.md section 9.1. */
import { type EngineEvent, Static } from '../event.ts'

/** OS_FLSIZE. */
const maxKey = 256
/** `analysisd.fts_list_size` and `fts_min_size_for_str` as shipped. */
const recentKeys = 32
const similarBytes = 14

export class FirstSeen {
  private readonly seen: Set<string>
  private readonly recent: string[] = []
  private readonly onNew: ((key: string) => void) | undefined

  /** @param seen keys of earlier runs; @param onNew told each new key */
  constructor(seen: Iterable<string> = [], onNew?: (key: string) => void) {
    this.seen = new Set(seen)
    this.onNew = onNew
  }

  /** True when the event's key is new; it is remembered then, whatever becomes of the rule. */
  isNew(event: EngineEvent): boolean {
    if (!event.decoder?.fts) return false
    let key = keyOf(event)
    if (this.seen.has(key)) return false
    if (event.type === 'ids') {
      // The third of the last keys that begins alike makes the key a short one, so that many alike become one.
      const alike = this.recent.filter((other) => sharedPrefix(other, key) > similarBytes).length
      if (alike > 2) key = key.slice(0, similarBytes)
      this.recent.push(key)
      if (this.recent.length > recentKeys) this.recent.shift()
      if (this.seen.has(key)) {
        this.recent.pop()
        return false
      }
    }
    this.seen.add(key)
    this.onNew?.(key)
    return true
  }
}

function keyOf(event: EngineEvent): string {
  const { statics, decoder } = event
  const fts = decoder!.fts!
  const part = (listed: boolean, value: string | undefined) => (listed ? (value ?? '') : '')
  let key = [
    decoder!.name,
    part(fts.id, statics[Static.id]),
    part(fts.dstuser, statics[Static.dstuser]),
    part(fts.srcuser, statics[Static.srcuser]),
    part(fts.srcip, statics[Static.srcip]),
    part(fts.dstip, statics[Static.dstip]),
    part(fts.data, statics[Static.data]),
    part(fts.system_name, statics[Static.system_name]),
    part(fts.location, event.location),
  ]
    .join(' ')
    .slice(0, maxKey - 1)
  for (const name of fts.dynamic) {
    const value = event.dynamic(name)
    if (value !== undefined) key = `${key} ${value}`.slice(0, maxKey)
  }
  return key
}

function sharedPrefix(a: string, b: string): number {
  let count = 0
  while (count < a.length && count < b.length && a[count] === b[count]) count++
  return count
}
