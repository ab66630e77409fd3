/**
 * Which children of a rule an event can reach, without trying them all.
 *
 * ```
 * 277 children of rule 1 ──decoder, program, first byte──▶ 30 for "json", none, "{" ──field "integration"──▶ 9 for "aws" ──field …
 * ```
 *
 * Valid because only children are left out one of whose conditions fails, and because a condition that was asked here is not asked again: both
 * depend on nothing but the text that was looked at. A child that is left out has no side effect when it is tried (what has one comes after these
 * conditions), and the order of the rest stays. With the stock ruleset this leaves 20 of 200 rules to try.
 */
import type { EngineEvent } from '../event.ts'
import { lowerAscii, type Pattern } from '../patterns/index.ts'
import type { Rule, RuleNode } from '../rules/rule.ts'
import { type Checks, type ConditionTable, fieldOf, firstBytesOf, isProgramCheck } from './conditions.ts'
import type { FieldValues } from './fields.ts'

/** A place in the tree, with what the walk asks of its rule close at hand. */
export interface FastNode {
  rule: Rule
  index: number
  decoded_as: string | undefined
  /** Those that are not known to hold by the way that led here. */
  checks: Checks
  /** A rule with check_diff, if_fts or a composite search, or lists behind those. */
  hasState: boolean
  noalert: boolean
  children: Children | undefined
}

/** Below this many, trying is cheaper than choosing. */
const fewChildren = 4
/** Program names and values are attackers' text, so what is remembered of them has an end. */
const maxBeginnings = 2_000
const maxValues = 200
/** Fields asked about one after the other. */
const maxAsked = 12

export class Children {
  private readonly all: readonly FastNode[]
  private readonly table: ConditionTable
  private byBeginning = new Map<string | undefined, Map<string | undefined, (Choice | undefined)[]>>()
  private beginnings = 0

  constructor(all: readonly FastNode[], table: ConditionTable) {
    this.all = all
    this.table = table
  }

  /** Candidates in their order. */
  of(event: EngineEvent, fields: FieldValues): readonly FastNode[] {
    if (this.all.length <= fewChildren) return this.all
    let choice = this.begin(event)
    while (choice.field !== undefined) choice = choice.next(fields.value(choice.field))
    return choice.nodes
  }

  private begin({ decoder, program_name: program, log }: EngineEvent): Choice {
    // An empty log has no first byte, and patterns may have an opinion on it; none is left out then.
    const byte = log === '' ? 256 : log.charCodeAt(0) & 0xff
    const known = this.byBeginning.get(decoder?.name)?.get(program)?.[byte]
    if (known) return known
    if (++this.beginnings > maxBeginnings) {
      this.byBeginning = new Map()
      this.beginnings = 1
    }
    const choice = this.choose(decoder?.name, program, byte)
    const byProgram = getOrAdd(
      this.byBeginning,
      decoder?.name,
      () => new Map<string | undefined, (Choice | undefined)[]>(),
    )
    getOrAdd(byProgram, program === undefined ? undefined : detached(program), () => [])[byte] = choice
    return choice
  }

  private choose(decoder: string | undefined, program: string | undefined, byte: number): Choice {
    const { conditions } = this.table
    const mayBegin = (check: number) => {
      const first = check < 0 ? undefined : firstBytesOf(conditions[check]!)
      return !first || byte === 256 || first[lowerByte(byte)] === 1
    }
    const nodes = this.all.filter(
      ({ rule, checks }) =>
        (rule.decoded_as === undefined || rule.decoded_as === decoder) &&
        fitsProgram(rule, program) &&
        checks.every(mayBegin),
    )
    const reduced = nodes.map((node) => ({
      ...node,
      decoded_as: undefined,
      checks: node.checks.filter((check) => !isProgramCheck(conditions[check < 0 ? ~check : check]!)),
    }))
    return new Choice(reduced, this.table, [])
  }
}

const lowerByte = (byte: number) => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte)

function fitsProgram(rule: Rule, program: string | undefined): boolean {
  const condition = rule.patterns.program_name
  return !condition || (program !== undefined && condition.pattern.test(program) !== condition.negate)
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}

/** A piece of a log keeps the whole log in memory; a copy of it does not. */
const detached = (text: string) => Buffer.from(text, 'latin1').toString('latin1')

/** Candidates, told apart by one field after the other. What follows a value is worked out when it is first met. */
class Choice {
  readonly nodes: readonly FastNode[]
  /** The field to ask about; undefined when the nodes are the answer. */
  readonly field: number | undefined
  private readonly table: ConditionTable
  private readonly asked: readonly number[]
  private readonly values = new Map<string, Choice>()
  /** For a field with many values: by the words in lower case that some node wants. */
  private words: Map<string, Choice | undefined> | undefined = undefined
  private other: Choice | undefined = undefined
  private unset: Choice | undefined = undefined

  constructor(nodes: readonly FastNode[], table: ConditionTable, asked: readonly number[]) {
    this.nodes = nodes
    this.table = table
    this.field = asked.length < maxAsked ? mostTelling(nodes, table, asked) : undefined
    this.asked = this.field === undefined ? asked : [...asked, this.field]
  }

  /** Where to go on for a value of the field. */
  next(value: string | undefined): Choice {
    if (value === undefined) return (this.unset ??= this.keep(({ rule }) => !this.isAsked(rule)))
    const known = this.values.get(value)
    if (known) return known
    if (this.values.size >= maxValues) return this.nextByWord(lowerAscii(value))
    const choice = this.keep(({ rule }) => this.holds(rule, value), true)
    this.values.set(detached(value), choice)
    return choice
  }

  private nextByWord(lower: string): Choice {
    const words = (this.words ??= new Map(
      this.nodes.flatMap(({ rule }) => [...(this.wordsFor(rule) ?? [])]).map((word) => [word, undefined]),
    ))
    const known = words.get(lower)
    if (known) return known
    if (!words.has(lower)) return (this.other ??= this.keep(({ rule }) => !this.wordsFor(rule)))
    const choice = this.keep(({ rule }) => this.wordsFor(rule)?.has(lower) ?? true)
    words.set(lower, choice)
    return choice
  }

  /** @param isDecided the conditions on the field are known to hold for what is kept */
  private keep(fits: (node: FastNode) => boolean, isDecided = false): Choice {
    const { conditions } = this.table
    const kept = this.nodes.filter(fits)
    const isLeft = (check: number) => fieldOf(conditions[check < 0 ? ~check : check]!) !== this.field
    const nodes = isDecided ? kept.map((node) => ({ ...node, checks: node.checks.filter(isLeft) })) : kept
    return new Choice(nodes, this.table, this.asked)
  }

  private isAsked(rule: Rule): boolean {
    return rule.fields.some(({ name }) => this.table.fields.find(name) === this.field)
  }

  private holds(rule: Rule, value: string): boolean {
    return rule.fields.every(
      ({ name, pattern, negate }) => this.table.fields.find(name) !== this.field || pattern.test(value) !== negate,
    )
  }

  /** The words, in lower case, of which the field must be one; undefined when the rule asks something else of it, or nothing. */
  private wordsFor(rule: Rule): ReadonlySet<string> | undefined {
    for (const { name, pattern, negate } of rule.fields) {
      if (negate || this.table.fields.find(name) !== this.field) continue
      const words = wordsOf(pattern)
      if (words) return words
    }
    return undefined
  }
}

/** A field that fewer children ask about is left to them. */
const worthAsking = 2

/** The field that most children ask about. */
function mostTelling(nodes: readonly FastNode[], table: ConditionTable, asked: readonly number[]): number | undefined {
  const counts = new Map<number, number>()
  for (const { rule } of nodes) {
    for (const field of new Set(rule.fields.map(({ name }) => table.fields.numberOf(name)))) {
      if (!asked.includes(field)) counts.set(field, (counts.get(field) ?? 0) + 1)
    }
  }
  let best: number | undefined
  for (const [field, count] of counts) {
    if (count >= worthAsking && count > (best === undefined ? 0 : counts.get(best)!)) best = field
  }
  return best
}

const knownWords = new WeakMap<Pattern, ReadonlySet<string> | null>()

/** `^word$|^word$` in the two languages that compare without case and to the very end. */
function wordsOf(pattern: Pattern): ReadonlySet<string> | undefined {
  let words = knownWords.get(pattern)
  if (words === undefined) {
    // Only characters that mean themselves in both languages.
    const isPlain = /^\^[\w ./:,;@%-]+\$(?:\|\^[\w ./:,;@%-]+\$)*$/.test(pattern.source)
    const isFolded = pattern.kind === 'osregex' || pattern.kind === 'osmatch'
    words = isPlain && isFolded ? new Set(pattern.source.split('|').map((word) => lowerAscii(word.slice(1, -1)))) : null
    knownWords.set(pattern, words)
  }
  return words ?? undefined
}

/** The fast tree for a plain one. */
export function buildNodes(
  nodes: readonly RuleNode[],
  checks: readonly Checks[],
  table: ConditionTable,
): readonly FastNode[] {
  return nodes.map(({ rule, children }) => ({
    rule,
    index: rule.index,
    decoded_as: rule.decoded_as,
    checks: checks[rule.index]!,
    hasState: rule.check_diff || rule.if_fts || (rule.context && rule.search !== undefined),
    noalert: rule.noalert,
    children: children.length > 0 ? new Children(buildNodes(children, checks, table), table) : undefined,
  }))
}
