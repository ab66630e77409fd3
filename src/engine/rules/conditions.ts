/**
 * The conditions of a rule that look at nothing but the event and the clock. rules.c: OS_CheckIfRuleMatch, 4.14.7; spec/engine-rules.md section 4.
 * Their order means nothing; what has side effects (check_diff, if_fts, the search of a composite) comes after all of them, in search.ts.
 */
import { type EngineEvent, Static, type StaticName } from '../event.ts'
import { compiledRules } from './compiled-rules.ts'
import { passesList } from './lists.ts'
import { type PatternTag, patternTags, type Rule } from './rule.ts'
import { isInWindow } from './time.ts'

/** Local time of the manager when the event arrived. */
export interface Clock {
  /** `HH:MM`. */
  time: string
  /** Sunday is 0. */
  weekday: number
}

/** The condition that failed, as its tag; `field` and `list` with their place among those of the rule. */
export type Failure = { tag: string; place?: number }

/** The text that a pattern tag looks at. A condition on an unset text fails, also with `negate`. */
function subjectOf(event: EngineEvent, tag: PatternTag): string | undefined {
  switch (tag) {
    case 'match':
    case 'regex':
      return event.log
    case 'hostname':
      return event.hostname
    case 'program_name':
      return event.program_name
    case 'location':
      return event.location
    case 'user':
      return event.statics[Static.dstuser] ?? event.statics[Static.srcuser]
    default:
      return event.statics[Static[tag as StaticName]]
  }
}

/** Everything up to and without `check_diff`. @returns undefined when all of it holds */
export function failingBeforeState(rule: Rule, event: EngineEvent, clock: () => Clock): Failure | undefined {
  if (rule.decoded_as !== undefined && rule.decoded_as !== event.decoder?.name) return { tag: 'decoded_as' }
  for (const tag of patternTags) {
    const condition = rule.patterns[tag]
    if (!condition) continue
    const subject = subjectOf(event, tag)
    if (subject === undefined || condition.pattern.test(subject) === condition.negate) return { tag }
  }
  for (const [place, field] of rule.fields.entries()) {
    const subject = event.dynamic(field.name)
    if (subject === undefined || field.pattern.test(subject) === field.negate) return { tag: 'field', place }
  }
  for (const tag of ['srcip', 'dstip'] as const) {
    const condition = rule[tag]
    if (!condition) continue
    const subject = event.statics[Static[tag]]
    if (subject === undefined || condition.addresses.test(subject) === condition.negate) return { tag }
  }
  if (rule.compiled_rule && !compiledRules[rule.compiled_rule](event)) return { tag: 'compiled_rule' }
  if (event.log.length < rule.maxsize) return { tag: 'maxsize' }
  if (rule.time && !isInWindow(rule.time, clock().time)) return { tag: 'time' }
  if (rule.weekday && !rule.weekday[clock().weekday]) return { tag: 'weekday' }
  return undefined
}

/** Look-ups come after `check_diff` and `if_fts`, whose memory a failing list leaves as it is. */
export function failingList(rule: Rule, event: EngineEvent): Failure | undefined {
  const place = rule.lists.findIndex((lookup) => !passesList(event, lookup))
  return place === -1 ? undefined : { tag: 'list', place }
}

/** One sentence for a person: what was asked and what the event has. */
export function explainFailure(rule: Rule, event: EngineEvent, { tag, place }: Failure): string {
  const asked = (name: string, condition: { pattern: { source: string }; negate: boolean }, subject?: string) => {
    const wanted = `${condition.negate ? 'anything but ' : ''}"${condition.pattern.source}"`
    return subject === undefined ? `${name} is not set (wanted ${wanted})` : `${name} is "${subject}", wanted ${wanted}`
  }
  switch (tag) {
    case 'decoded_as':
      return `decoder is ${event.decoder ? `"${event.decoder.name}"` : 'none'}, wanted "${rule.decoded_as}"`
    case 'match':
    case 'regex': {
      const condition = rule.patterns[tag]!
      return `the log ${condition.negate ? 'has' : 'does not have'} "${condition.pattern.source}"`
    }
    case 'field': {
      const field = rule.fields[place!]!
      return asked(`field "${field.name}"`, field, event.dynamic(field.name))
    }
    case 'srcip':
    case 'dstip': {
      const { specifications, negate } = rule[tag]!
      const wanted = `${negate ? 'none of ' : ''}${specifications.join(', ')}`
      return `${tag} is ${event.statics[Static[tag]] ?? 'not set'}, wanted ${wanted}`
    }
    case 'list': {
      const { list, lookup, field, dynamic } = rule.lists[place!]!
      return `the list ${list.path} says no (${lookup} of ${field ?? dynamic})`
    }
    case 'compiled_rule':
      return `the function ${rule.compiled_rule} says no`
    case 'maxsize':
      return `the log has ${event.log.length} bytes, wanted at least ${rule.maxsize}`
    case 'time':
      return 'it is not the time for it'
    case 'weekday':
      return 'it is not the day for it'
    case 'check_diff':
      return 'the log is the first one, or equal to the one before'
    case 'if_fts':
      return 'seen before, or the decoder has no <fts>'
    case 'composite':
      return `fewer than ${rule.frequency + 2} fitting events in ${rule.timeframe} s (counting this one)`
    default:
      return isPatternTag(tag) ? asked(tag, rule.patterns[tag]!, subjectOf(event, tag)) : `${tag} does not hold`
  }
}

function isPatternTag(tag: string): tag is PatternTag {
  return (patternTags as readonly string[]).includes(tag)
}
