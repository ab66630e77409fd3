/** Asks look-ups about alerts that are on their way to another destination, which is told what they say: `lookups`. */
import type { Alert } from '../alert.ts'
import type { Answer, Lookup, Subject } from '../define.ts'
import type { AskLookups, Finding, Question } from '../delivery/types.ts'
import { cut, oneLine } from '../integrations/message.ts'
import type { Log } from '../log.ts'
import { withinBytes } from './event.ts'
import type { FindPlace } from './geoip.ts'
import { sourceOf } from './read.ts'
import { subjectsOf } from './subjects.ts'

/** A look-up that can be asked. */
export interface Askable {
  lookup: Lookup
  options: Record<string, unknown>
  /** Whether its own filters let the alert through: they are what keeps within a quota. */
  wants(alert: Alert): boolean
  /** What the cache has. */
  recall(subject: Subject): Answer | undefined
  /** Undefined: it may be asked. */
  rests(): string | undefined
  /** Never rejects. */
  ask(subject: Subject): Promise<Answer>
  missed(): void
}

export interface AskerParts {
  /** By the name of its destination. */
  find(name: string): Askable | undefined
  /** The reason why there is none, as a text. */
  place: FindPlace | string | undefined
  /** Whether an alert is about the result of a look-up. */
  isOwn(alert: Alert): boolean
  log: Log
  mask(text: string): string
}

/** Of what one answer says in a message; more of it stands in its event. */
const most_bytes = 8192

export function createAsker(names: readonly string[], parts: () => AskerParts): AskLookups {
  const told = new Set<string>()
  return (alert, only_known) => {
    const { find, place, isOwn, log, mask } = parts()
    if (isOwn(alert)) return []
    return names.flatMap((name): Question[] => {
      if (name === 'geoip') return placeQuestions(alert, place)
      const one = find(name)
      if (one) return questionsTo(one, alert, only_known, mask)
      if (!told.has(name)) log.warn(`look-up "${name}" does not run, so messages go without what it says`)
      told.add(name)
      return []
    })
  }
}

function questionsTo(one: Askable, alert: Alert, only_known: boolean, mask: (text: string) => string): Question[] {
  const { lookup, options } = one
  const { title } = lookup
  const service = lookup.event_name ?? lookup.name
  if (!one.wants(alert)) return []
  const none = (reason: string): Finding => ({ kind: 'none', reason: cut(oneLine(mask(reason)), 300) })
  let subjects: Subject[]
  try {
    subjects = lookup.subjects(alert, options)
  } catch (error) {
    const answer = none(`nothing could be asked about it: ${(error as Error).message}`)
    return [{ service, title, answer, missed: () => {} }]
  }

  function findingOf(answer: Answer, subject: Subject): Finding {
    if (answer.kind !== 'known' && answer.kind !== 'unknown') return none(answer.reason)
    try {
      const said = saidOf(lookup, answer, subject, alert, options)
      if (answer.kind === 'unknown') return { kind: 'unknown', said }
      return { kind: 'known', said, words: (language) => lookup.words(said, language) }
    } catch (error) {
      return none(`its answer cannot be told: ${(error as Error).message}`)
    }
  }

  function answerTo(subject: Subject): Question['answer'] {
    let known: Answer | undefined
    try {
      known = one.recall(subject)
    } catch (error) {
      return none(`the cache cannot be read: ${(error as Error).message}`)
    }
    if (known) return findingOf(known, subject)
    const rests = only_known ? 'not asked about it yet' : one.rests()
    if (rests !== undefined) return none(rests)
    return one.ask(subject).then((answer) => findingOf(answer, subject))
  }

  return subjects.map((about) => ({ service, title, about, answer: answerTo(about), missed: one.missed }))
}

/** What the event of an answer says, below the name of the service: also what an event tells beside it, as Maltiverse's does. */
function saidOf(
  lookup: Lookup,
  answer: Extract<Answer, { kind: 'known' | 'unknown' }>,
  subject: Subject,
  alert: Alert,
  options: Record<string, unknown>,
): Record<string, unknown> {
  const isKnown = answer.kind === 'known'
  const event = lookup.event(isKnown ? answer.fields : undefined, subject, alert, options)
  const found = { found: isKnown ? 1 : 0 }
  if (!event) return { ...found, source: sourceOf(alert, { [subject.kind]: subject.value }) }
  const { integration: _, [lookup.event_name ?? lookup.name]: own, ...beside } = event
  return withinBytes({ ...found, ...(own as Record<string, unknown>), ...beside }, most_bytes)
}

function placeQuestions(alert: Alert, find: AskerParts['place']): Question[] {
  const [about] = subjectsOf(alert, ['ip'])
  if (!about || find === undefined) return []
  const answer = typeof find === 'string' ? ({ kind: 'none', reason: find } as const) : placeFinding(about, find)
  return [{ service: 'geoip', title: 'GeoIP', about, answer, missed: () => {} }]
}

function placeFinding({ value: ip }: Subject, find: FindPlace): Finding {
  const place = find(ip)
  if (!place) return { kind: 'unknown', said: { found: 0, ip } }
  const { city_name, region_name, country_code, country_name } = place
  // Of a city that gives its region the name once.
  const words = [city_name, region_name === city_name ? undefined : region_name, country_code ?? country_name]
  return { kind: 'known', said: { found: 1, ip, ...place }, words: () => words.map((word) => word ?? '') }
}
