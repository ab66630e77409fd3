/**
 * Which children of a rule an event can reach, without trying them all.
 *
 * ```
 * 277 children of rule 1 ──decoder──▶ 40 for "json" ──program name──▶ 38 ──field "integration"──▶ 9 for "aws"
 * ```
 *
 * Valid because only children are left out one of whose conditions must fail: another decoder, a program name that does not fit, a field that
 * is not set or is none of the words that `^word$|^word$` asks for. Such a child has no side effect when it is tried (what has one comes after these
 * conditions), and the order of the rest stays. With the stock ruleset this leaves 25 of 200 rules to try.
 */
import type { EngineEvent } from '../event.ts'
import { lowerAscii, type Pattern } from '../patterns/index.ts'
import type { Rule, RuleNode } from '../rules/rule.ts'
import type { Checks } from './conditions.ts'
import type { FieldNames, FieldValues } from './fields.ts'

/** A place in the tree, with what the walk asks of its rule close at hand. */
export interface FastNode {
  rule: Rule
  index: number
  decoded_as: string | undefined
  checks: Checks
  /** A rule with check_diff, if_fts or a composite search, or lists behind those. */
  hasState: boolean
  noalert: boolean
  children: Children | undefined
}

/** Below this many, trying is cheaper than choosing. */
const fewChildren = 4
/** Program names are attackers' text, so what is remembered of them has an end. */
const maxPrograms = 1_000

/** Candidates, told apart by one field after the other. What follows a value is worked out when it is first met. */
class Choice {
  readonly nodes: readonly FastNode[]
  /** The field to ask about; undefined when the nodes are the answer. */
  readonly field: number | undefined
  private readonly names: FieldNames
  private readonly asked: readonly number[]
  /** By the value in lower case, of those that some node wants. */
  private readonly values: Map<string, Choice | undefined>
  private other: Choice | undefined
  private unset: Choice | undefined

  constructor(nodes: readonly FastNode[], names: FieldNames, asked: readonly number[]) {
    this.nodes = nodes
    this.names = names
    this.field = asked.length < maxAsked ? mostTelling(nodes, names, asked) : undefined
    this.asked = this.field === undefined ? asked : [...asked, this.field]
    const { field } = this
    const words = field === undefined ? [] : nodes.flatMap(({ rule }) => [...(wordsFor(rule, field, names) ?? [])])
    this.values = new Map(words.map((word) => [word, undefined]))
  }

  /** Where to go on for a value of the field. */
  next(value: string | undefined): Choice {
    const { names } = this
    const field = this.field!
    if (value === undefined) {
      return (this.unset ??= this.keep((rule) => !rule.fields.some(({ name }) => names.find(name) === field)))
    }
    const lower = lowerAscii(value)
    const known = this.values.get(lower)
    if (known) return known
    if (!this.values.has(lower)) return (this.other ??= this.keep((rule) => !wordsFor(rule, field, names)))
    const choice = this.keep((rule) => wordsFor(rule, field, names)?.has(lower) ?? true)
    this.values.set(lower, choice)
    return choice
  }

  private keep(fits: (rule: Rule) => boolean): Choice {
    const nodes = this.nodes.filter(({ rule }) => fits(rule))
    return new Choice(nodes, this.names, this.asked)
  }
}

export class Children {
  private readonly all: readonly FastNode[]
  private readonly names: FieldNames
  private readonly byDecoder = new Map<string | undefined, ByProgram>()

  constructor(all: readonly FastNode[], names: FieldNames) {
    this.all = all
    this.names = names
  }

  /** Candidates in their order. */
  of(event: EngineEvent, fields: FieldValues): readonly FastNode[] {
    if (this.all.length <= fewChildren) return this.all
    const decoder = event.decoder?.name
    let choices = this.byDecoder.get(decoder)
    if (!choices) {
      const nodes = this.all.filter(({ rule }) => rule.decoded_as === undefined || rule.decoded_as === decoder)
      this.byDecoder.set(decoder, (choices = new ByProgram(nodes, this.names)))
    }
    let choice = choices.of(event.program_name)
    while (choice.field !== undefined) choice = choice.next(fields.value(choice.field))
    return choice.nodes
  }
}

class ByProgram {
  private readonly nodes: readonly FastNode[]
  private readonly names: FieldNames
  private readonly known = new Map<string | undefined, Choice>()
  private readonly asksProgram: boolean

  constructor(nodes: readonly FastNode[], names: FieldNames) {
    this.nodes = nodes
    this.names = names
    this.asksProgram = nodes.some(({ rule }) => rule.patterns.program_name)
  }

  of(program: string | undefined): Choice {
    const key = this.asksProgram ? program : undefined
    const known = this.known.get(key)
    if (known) return known
    const nodes = this.nodes.filter(({ rule }) => fitsProgram(rule, program))
    const choice = new Choice(nodes, this.names, [])
    if (this.known.size >= maxPrograms) this.known.clear()
    this.known.set(key, choice)
    return choice
  }
}

function fitsProgram(rule: Rule, program: string | undefined): boolean {
  const condition = rule.patterns.program_name
  return !condition || (program !== undefined && condition.pattern.test(program) !== condition.negate)
}

/** Fields asked about one after the other. */
const maxAsked = 8
/** A field must on the whole leave out at least this many children to be worth a look-up. */
const worthAsking = 3

/** The field that leaves out most: children that want one of a few words of it, and a little less those that want something else. */
function mostTelling(nodes: readonly FastNode[], names: FieldNames, asked: readonly number[]): number | undefined {
  const weights = new Map<number, number>()
  for (const { rule } of nodes) {
    for (const field of new Set(rule.fields.map(({ name }) => names.numberOf(name)))) {
      if (asked.includes(field)) continue
      weights.set(field, (weights.get(field) ?? 0) + (wordsFor(rule, field, names) ? 1 : 0.5))
    }
  }
  let best: number | undefined
  for (const [field, weight] of weights) {
    if (weight >= worthAsking && weight > (best === undefined ? 0 : weights.get(best)!)) best = field
  }
  return best
}

/** The words, in lower case, of which the field must be one; undefined when the rule asks something else of it, or nothing. */
function wordsFor(rule: Rule, field: number, names: FieldNames): ReadonlySet<string> | undefined {
  for (const { name, pattern, negate } of rule.fields) {
    if (negate || names.find(name) !== field) continue
    const words = wordsOf(pattern)
    if (words) return words
  }
  return undefined
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
  names: FieldNames,
): readonly FastNode[] {
  return nodes.map(({ rule, children }) => ({
    rule,
    index: rule.index,
    decoded_as: rule.decoded_as,
    checks: checks[rule.index]!,
    hasState: rule.check_diff || rule.if_fts || (rule.context && rule.search !== undefined),
    noalert: rule.noalert,
    children: children.length > 0 ? new Children(buildNodes(children, checks, names), names) : undefined,
  }))
}
