/** JSON_Decoder (spec/engine-decoders.md section 7.1; json_decoder.c, 4.14.7). */
import type { EngineEvent } from '../../event.ts'
import { Static } from '../../event.ts'
import type { FieldLimits } from '../fields.ts'
import { addDynamic, setStatic } from '../fields.ts'
import type { JsonShape } from '../json.ts'
import { readJson } from '../json.ts'
import type { JsonName, JsonPlan } from '../json-names.ts'

/** Names that are static fields when they stand at top level. Note the spelling of `systemname`. */
const statics = new Map<string, number>([
  ['srcip', Static.srcip],
  ['dstip', Static.dstip],
  ['srcport', Static.srcport],
  ['dstport', Static.dstport],
  ['protocol', Static.protocol],
  ['action', Static.action],
  ['srcuser', Static.srcuser],
  ['dstuser', Static.dstuser],
  ['id', Static.id],
  ['status', Static.status],
  ['url', Static.url],
  ['data', Static.data],
  ['extra_data', Static.extra_data],
  ['systemname', Static.system_name],
])

const dynamic = -1
const alias = -2

/**
 * Makes a field of each member of a JSON object, nested ones with dotted names. Malformed text makes none at all, and further dynamic fields are
 * dropped when there are as many as an event can have.
 *
 * @param from where in `text` the JSON begins
 */
export function decodeJson(
  event: EngineEvent,
  text: string,
  from: number,
  shape: JsonShape,
  { maxFields, geoip, plain }: FieldLimits,
): void {
  const fields = readJson(text, from, shape)
  if (!fields) return
  const { names, values } = fields
  const count = values.length
  const last = plain || event.shape.size > 0 || count === 0 ? undefined : names[count - 1]!
  const plan = last?.plan
  if (plan?.names.length === count && isSame(plan.names, names)) {
    follow(event, plan, values, geoip)
    return
  }
  let hasAlias = false
  for (let i = 0; i < count; i++) {
    const name = names[i]!
    const value = values[i]!
    const target = (name.target ??= targetOf(name))
    if (target === alias) hasAlias = true
    if (target >= 0) setStatic(event, target, value, geoip)
    // An alias only as long as dstuser holds nothing; after that it is a field like any other.
    else if (target === alias && !event.statics[Static.dstuser]) event.statics[Static.dstuser] = value
    else if (event.values.length < maxFields) addDynamic(event, name.full, value)
  }
  // What an alias is depends on the values.
  if (last && !hasAlias && count <= mostPlanned && count <= maxFields) last.plan = planOf(event, names.slice(0, count))
}

/** Larger ones are rare, and are kept for every name. */
const mostPlanned = 128

function planOf({ shape, values }: EngineEvent, names: readonly JsonName[]): JsonPlan {
  const targets = values.length === names.length ? undefined : names.map(({ target }) => target!)
  return { names, shape, targets }
}

/** Of the second there may be more. */
function isSame(some: readonly JsonName[], others: readonly JsonName[]): boolean {
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false
  return true
}

function follow(event: EngineEvent, { shape, targets }: JsonPlan, values: string[], geoip: FieldLimits['geoip']): void {
  event.shape = shape
  if (targets === undefined) {
    event.values = values
    return
  }
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i]!
    if (target >= 0) setStatic(event, target, values[i]!, geoip)
    else event.values.push(values[i]!)
  }
}

/** Index of a static field, {@link alias} for `user`, {@link dynamic} for all else. */
function targetOf({ full, depth }: JsonName): number {
  if (depth !== 1) return dynamic
  return statics.get(full) ?? (full === 'user' ? alias : dynamic)
}
