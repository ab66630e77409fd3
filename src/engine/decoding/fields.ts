/** How decoders write fields (spec/engine-decoders.md section 6). */
import type { EngineEvent } from '../event.ts'
import { Static } from '../event.ts'
import type { GeoLookup } from '../index.ts'

/** What decoding needs besides the event and the decoders. */
export interface FieldLimits {
  readonly maxFields: number
  readonly geoip?: GeoLookup
  /** Without what is kept from one event for the next. */
  readonly plain: boolean
}

/**
 * Sets a static field; a later value takes the place of an earlier one. The first address that the GeoIP database knows gives the geographic
 * field, and a later address does not change it.
 */
export function setStatic(event: EngineEvent, index: number, value: string, geoip: GeoLookup | undefined): void {
  event.statics[index] = value
  if (geoip === undefined) return
  if (index === Static.srcip) event.statics[Static.srcgeoip] ??= geoip(value)
  else if (index === Static.dstip) event.statics[Static.dstgeoip] ??= geoip(value)
}

/** Adds a dynamic field; a repeated name stands again, and look-ups find the first. */
export function addDynamic(event: EngineEvent, name: string, value: string): void {
  event.shape = event.shape.with(name)
  event.values.push(value)
}
