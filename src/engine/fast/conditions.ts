/**
 * Conditions of all rules in one table, each tested at most once for an event.
 *
 * Valid because a condition is a pure function of the event and the clock: rules share many (`decoded_as` apart, 5,900 conditions of the stock
 * ruleset are 4,300 different ones), a rule with many places in the tree is met again and again, and a result that is kept cannot differ from one
 * that is worked out anew. What is not pure (`check_diff`, `if_fts`, the search of composites) is not here.
 */

import { type Gate, gateOf, logLook } from '../decoding/gates.ts'
import { type EngineEvent, Static, type StaticName } from '../event.ts'
import { lowerAscii, type Pattern } from '../patterns/index.ts'
import { lowered } from '../patterns/text.ts'
import { compiledRules } from '../rules/compiled-rules.ts'
import type { Clock } from '../rules/conditions.ts'
import { passesList } from '../rules/lists.ts'
import { patternTags, type Rule } from '../rules/rule.ts'
import { isInWindow } from '../rules/time.ts'
import { type FieldNames, FieldValues } from './fields.ts'
import { type Origin, Origins } from './origins.ts'

/** What a pattern looks at; static fields are their index, dynamic ones `firstField` and up. */
const subject = { log: -1, hostname: -2, program_name: -3, location: -4, user: -5 } as const
const firstField = 32

export interface Condition {
  /** Undefined for what is no pattern. */
  pattern: Pattern | undefined
  /** Of a pattern on the log: turns away most of what cannot match. */
  gate: Gate | undefined
  subject: number
  /** Of what is no pattern. */
  test: ((event: EngineEvent, clock: () => Clock) => boolean) | undefined
  /** Guess at the price, for the order of a rule's conditions. */
  cost: number
}

/** Number of the dynamic field that a condition looks at. */
export function fieldOf({ subject: looked }: Condition): number | undefined {
  return looked >= firstField ? looked - firstField : undefined
}

export function isProgramCheck({ pattern, subject: looked }: Condition): boolean {
  return pattern !== undefined && looked === subject.program_name
}

/** Which bytes (lower case) the log may begin with for a pattern on it to match; undefined: any. */
export function firstBytesOf({ gate }: Condition): Uint8Array | undefined {
  return gate?.first
}

/** Values and shapes of events are attackers' text. */
const maxRemembered = 100_000

/** Conditions of a rule: numbers in the table, `~number` where the result is negated. A plain list, as a typed array is three objects to wait for. */
export type Checks = readonly number[]

export class ConditionTable {
  readonly conditions: Condition[] = []
  readonly fields: FieldNames
  private readonly numbers = new Map<string, number>()
  /** Of what dispatch.ts keeps of events: what is left of an earlier one is not used any more. */
  generation = 0
  private remembered = 0
  readonly origins = new Origins(() => this.generation++)

  constructor(fields: FieldNames) {
    this.fields = fields
  }

  /** Something more is kept of an event. When that is too much, all is worked out anew. */
  remember(): void {
    if (++this.remembered <= maxRemembered) return
    this.remembered = 0
    this.generation++
  }

  /** Everything of a rule that has no side effect, without `decoded_as`; cheap ones first. */
  checksOf(rule: Rule): Checks {
    const checks: { number: number; negate: boolean }[] = []
    const add = (number: number, negate = false) => checks.push({ number, negate })
    for (const tag of patternTags) {
      const condition = rule.patterns[tag]
      if (condition) add(this.pattern(subjectOf(tag), condition.pattern), condition.negate)
    }
    for (const { name, pattern, negate } of rule.fields) {
      add(this.pattern(firstField + this.fields.numberOf(name), pattern), negate)
    }
    for (const tag of ['srcip', 'dstip'] as const) {
      const condition = rule[tag]
      if (!condition) continue
      const { addresses, negate } = condition
      const at = Static[tag]
      add(this.own(4, ({ statics }) => statics[at] !== undefined && addresses.test(statics[at]) !== negate))
    }
    const { compiled_rule, maxsize, time, weekday, lists } = rule
    if (compiled_rule) add(this.own(1, (event) => compiledRules[compiled_rule](event)))
    if (maxsize > 0) add(this.own(0, (event) => event.log.length >= maxsize))
    if (time) add(this.own(1, (_, clock) => isInWindow(time, clock().time)))
    if (weekday) add(this.own(0, (_, clock) => weekday[clock().weekday] === true))
    // A list may fail only after the memories of check_diff and if_fts were changed.
    if (!rule.check_diff && !rule.if_fts) {
      for (const lookup of lists) add(this.own(3, (event) => passesList(event, lookup)))
    }
    checks.sort((a, b) => this.conditions[a.number]!.cost - this.conditions[b.number]!.cost)
    return checks.map(({ number, negate }) => (negate ? ~number : number))
  }

  private pattern(subjectNumber: number, pattern: Pattern): number {
    const key = `${subjectNumber} ${pattern.kind} ${pattern.source}`
    const known = this.numbers.get(key)
    if (known !== undefined) return known
    const onLog = subjectNumber === subject.log
    const number = this.push({
      pattern,
      gate: onLog ? logGate(pattern) : undefined,
      subject: subjectNumber,
      test: undefined,
      cost: (onLog ? 10 : 1) + costOfKind[pattern.kind],
    })
    this.numbers.set(key, number)
    return number
  }

  private own(cost: number, test: Condition['test']): number {
    return this.push({ pattern: undefined, gate: undefined, subject: 0, test, cost })
  }

  private push(condition: Condition): number {
    return this.conditions.push(condition) - 1
  }
}

const costOfKind: Record<Pattern['kind'], number> = { string: 0, wordmatch: 1, osmatch: 1, osregex: 3, pcre2: 8 }

/** The gate of a pattern; one of OS_Match whose alternatives are all anchored also knows their first bytes. */
function logGate(pattern: Pattern): Gate {
  const gate = gateOf(pattern)
  const alternatives = pattern.source.split('|')
  const isAnchored = alternatives.every((one) => one.length > 1 && one.startsWith('^') && one !== '^$')
  if (pattern.kind !== 'osmatch' || !isAnchored) return gate
  const first = new Uint8Array(256)
  for (const alternative of alternatives) first[lowerAscii(alternative).charCodeAt(1)] = 1
  return { ...gate, first }
}

function subjectOf(tag: (typeof patternTags)[number]): number {
  if (tag === 'match' || tag === 'regex') return subject.log
  if (tag === 'hostname' || tag === 'program_name' || tag === 'location' || tag === 'user') return subject[tag]
  return Static[tag as StaticName]
}

const yes = 1
const no = 2
const unset = 3

/** Results for the event at hand. One for each session. */
export class Results {
  private readonly conditions: readonly Condition[]
  private readonly clock: () => Clock
  readonly fields: FieldValues
  /** Four times the number of the event, plus the result. */
  private readonly memo: Int32Array
  private readonly ruleMemo: Int32Array
  private number = 0
  private event: EngineEvent | undefined = undefined
  private readonly origins: Origins
  origin: Origin | undefined = undefined

  constructor(table: ConditionTable, rules: number, clock: () => Clock) {
    this.conditions = table.conditions
    this.origins = table.origins
    this.clock = clock
    this.fields = new FieldValues(table.fields)
    this.memo = new Int32Array(table.conditions.length)
    this.ruleMemo = new Int32Array(rules)
  }

  begin(event: EngineEvent): void {
    this.event = event
    this.origin = this.origins.of(event)
    this.fields.begin(event)
    // Before the numbers leave 32 bits, they begin anew.
    if (++this.number >= 0x1fffffff) {
      this.number = 1
      this.memo.fill(0)
      this.ruleMemo.fill(0)
    }
  }

  end(): void {
    this.event = undefined
    this.fields.end()
  }

  /** To be called before a screen is asked. */
  prepare(screen: string): void {
    if (screen === '') return
    logLook.begin(lowered(this.event!.log))
    logLook.prepare(screen)
  }

  /** Whether all conditions of a rule hold. */
  all(index: number, checks: Checks): boolean {
    // Of one condition alone it is known already whether it holds.
    if (checks.length === 1) return this.holds(checks[0]!)
    const base = this.number * 4
    const known = this.ruleMemo[index]! - base
    if (known === yes) return true
    if (known === no) return false
    let holds = true
    for (let i = 0; i < checks.length; i++) {
      if (!this.holds(checks[i]!)) {
        holds = false
        break
      }
    }
    this.ruleMemo[index] = base + (holds ? yes : no)
    return holds
  }

  private holds(check: number): boolean {
    return check < 0 ? this.result(~check) === no : this.result(check) === yes
  }

  private result(number: number): number {
    const base = this.number * 4
    const known = this.memo[number]! - base
    if (known > 0) return known
    const result = this.evaluate(this.conditions[number]!)
    this.memo[number] = base + result
    return result
  }

  private evaluate(condition: Condition): number {
    const event = this.event!
    const { pattern } = condition
    if (!pattern) return condition.test!(event, this.clock) ? yes : no
    if (condition.gate) {
      logLook.begin(lowered(event.log))
      return logLook.allows(condition.gate, 0) && (condition.gate.wholes || pattern.test(event.log)) ? yes : no
    }
    const text = textOf(condition.subject, event, this.fields)
    if (text === undefined) return unset
    return pattern.test(text) ? yes : no
  }
}

/** What a condition with this subject looks at. */
export function textOf(which: number, event: EngineEvent, fields: FieldValues): string | undefined {
  if (which >= firstField) return fields.value(which - firstField)
  if (which >= 0) return event.statics[which]
  switch (which) {
    case subject.log:
      return event.log
    case subject.program_name:
      return event.program_name
    case subject.hostname:
      return event.hostname
    case subject.location:
      return event.location
    default:
      return event.statics[Static.dstuser] ?? event.statics[Static.srcuser]
  }
}
