/** `$(field)` in descriptions. eventinfo.c: ParseRuleComment, 4.14.7; spec/engine-rules.md section 8.1. */
import { type EngineEvent, Static, type StaticName } from '../event.ts'

/** A description is shorter than this, or stays as it is written. */
const maxDescription = 1_024

/** Static names that can be put in. `user`, `location` and `full_log` are not among them, and are empty unless a dynamic field is called so. */
const staticNames: ReadonlySet<string> = new Set<StaticName>([
  'dstuser',
  'srcuser',
  'srcip',
  'dstip',
  'srcport',
  'dstport',
  'protocol',
  'action',
  'id',
  'url',
  'data',
  'status',
  'extra_data',
  'system_name',
])

/** Pieces of a description: texts and names in turn, beginning and ending with a text. */
export function splitDescription(description: string): string[] {
  // Only the first 1,024 bytes are looked at.
  let rest = description.slice(0, maxDescription)
  const pieces: string[] = []
  for (;;) {
    const open = rest.indexOf('$(')
    const close = open === -1 ? -1 : rest.indexOf(')', open + 2)
    if (close === -1) return [...pieces, rest]
    pieces.push(rest.slice(0, open), rest.slice(open + 2, close))
    rest = rest.slice(close + 1)
  }
}

/** The description of an alert; an unset or unknown field is empty, and a result that is too long leaves the text as it is written. */
export function describeEvent(description: string, pieces: readonly string[], event: EngineEvent): string {
  let result = pieces[0]!
  for (let i = 1; i < pieces.length; i += 2) result += (fieldValue(pieces[i]!, event) ?? '') + pieces[i + 1]!
  return result.length >= maxDescription ? description : result
}

function fieldValue(name: string, event: EngineEvent): string | undefined {
  if (staticNames.has(name)) return event.statics[Static[name as StaticName]]
  if (name === 'program_name') return event.program_name
  if (name === 'hostname') return event.hostname
  return event.dynamic(name)
}
