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

export interface FastNode {
  rule: Rule
  checks: Checks
  /** A rule with check_diff, if_fts or a composite search, or lists behind those. */
  hasState: boolean
  children: Children | undefined
}

/** Below this many, trying is cheaper than choosing. */
const fewChildren = 4
/** Program names are attackers' text, so what is remembered of them has an end. */
const maxPrograms = 1_000

/** Chosen by what the fields of the event say. */
interface FieldChoice {
  field: number
  /** By the value in lower case. */
  values: Map<string, Choice>
  /** For any other value. */
  other: Choice
  /** When the field is not set. */
  unset: Choice
}
type Choice = { nodes: readonly FastNode[]; field?: undefined } | FieldChoice

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
    while (choice.field !== undefined) {
      const value = fields.value(choice.field)
      choice = value === undefined ? choice.unset : (choice.values.get(lowerAscii(value)) ?? choice.other)
    }
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
    const choice = choose(nodes, this.names, [])
    if (this.known.size >= maxPrograms) this.known.clear()
    this.known.set(key, choice)
    return choice
  }
}

function fitsProgram(rule: Rule, program: string | undefined): boolean {
  const condition = rule.patterns.program_name
  return !condition || (program !== undefined && condition.pattern.test(program) !== condition.negate)
}

/** A field must tell at least this many children apart to be worth a look-up. */
const worthAsking = 6

function choose(nodes: readonly FastNode[], names: FieldNames, asked: readonly number[]): Choice {
  const field = asked.length < 4 ? mostAsked(nodes, names, asked) : undefined
  if (field === undefined) return { nodes }
  const words = new Set(nodes.flatMap(({ rule }) => [...(wordsFor(rule, field, names) ?? [])]))
  const next = (fits: (rule: Rule) => boolean) =>
    choose(
      nodes.filter(({ rule }) => fits(rule)),
      names,
      [...asked, field],
    )
  return {
    field,
    values: new Map([...words].map((word) => [word, next((rule) => wordsFor(rule, field, names)?.has(word) ?? true)])),
    other: next((rule) => wordsFor(rule, field, names) === undefined),
    unset: next((rule) => !rule.fields.some(({ name }) => names.find(name) === field)),
  }
}

/** The field that most children want one of a few words of. */
function mostAsked(nodes: readonly FastNode[], names: FieldNames, asked: readonly number[]): number | undefined {
  const counts = new Map<number, number>()
  for (const { rule } of nodes) {
    for (const field of new Set(rule.fields.map(({ name }) => names.numberOf(name)))) {
      if (!asked.includes(field) && wordsFor(rule, field, names)) counts.set(field, (counts.get(field) ?? 0) + 1)
    }
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1])
  return best && best[1] >= worthAsking ? best[0] : undefined
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
    checks: checks[rule.index]!,
    hasState: rule.check_diff || rule.if_fts || (rule.context && rule.search !== undefined),
    children: children.length > 0 ? new Children(buildNodes(children, checks, names), names) : undefined,
  }))
}
