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
import { flat } from '../../byte-text.ts'
import type { EngineEvent } from '../event.ts'
import { lowerAscii } from '../patterns/index.ts'
import type { Rule, RuleNode } from '../rules/rule.ts'
import type { Shape } from '../shape.ts'
import { type Checks, type ConditionTable, fieldOf, firstBytesOf, isProgramCheck } from './conditions.ts'
import type { FieldValues } from './fields.ts'
import { noByte, type Origin } from './origins.ts'
import { mostShapes, type Reach, Reaches } from './reach.ts'
import { splitWide, type WideIndex } from './wide.ts'
import { wordsOf } from './words.ts'

/** A place in the tree, with what the walk asks of its rule close at hand. */
export interface FastNode {
  rule: Rule
  index: number
  decoded_as: string | undefined
  /** Those that are not known to hold by the way that led here. */
  checks: Checks
  /** Mostly the way leaves none. */
  hasChecks: boolean
  /** Numbers of the dynamic fields that the rule looks at, as its conditions stand. */
  fields: readonly number[]
  /** A rule with check_diff, if_fts or a composite search, or lists behind those. */
  hasState: boolean
  noalert: boolean
  children: Children | undefined
  /** Among its siblings. */
  place: number
}

/** Below this many, trying is cheaper than choosing. */
const fewChildren = 4
/** Values are attackers' text, so what is remembered of them has an end. */
const maxValues = 1_000
/** Longer ones are rare, and are worked out each time. */
const longestRemembered = 128
/** More children than this are not told apart by what an event begins with: every new program name would mean to go through all of them. */
const veryMany = 512
/** So many that are left in the end are worth an index. */
const stillMany = 48
/** An index costs as much as some hundred events, so it is made for what comes again: program names are anybody's text. */
const asksBeforeIndex = 32
/** Fields asked about one after the other. */
const maxAsked = 12

export class Children {
  private readonly all: readonly FastNode[]
  private readonly few: Reach
  /** Finds what is not in `all`, where there are very many. */
  private readonly wide: WideIndex | undefined
  private readonly table: ConditionTable
  private readonly byOrigin = new Map<Origin, Choice>()
  private readonly byDecoder = new Map<string | undefined, ForDecoder>()
  private generation = 0

  constructor(all: readonly FastNode[], table: ConditionTable) {
    const split = splitWide(all, table, veryMany)
    this.all = split?.rest ?? all
    this.few = { nodes: this.all, screen: '' }
    this.wide = split?.wide
    this.table = table
  }

  /** Candidates in their order. */
  of(event: EngineEvent, origin: Origin, fields: FieldValues): Reach {
    const chosen = this.choice(event, origin, fields)
    return this.wide ? merged(chosen, this.wide.find(event, fields)) : chosen
  }

  private choice(event: EngineEvent, origin: Origin, fields: FieldValues): Reach {
    if (this.all.length <= fewChildren) return this.few
    let choice = this.begin(origin)
    while (choice.field !== undefined) {
      const value = fields.value(choice.field)
      choice = value === undefined ? choice.behindUnset(event.shape, fields) : choice.next(value)
    }
    return choice.reachable(event, fields)
  }

  private begin(origin: Origin): Choice {
    const known = this.byOrigin.get(origin)
    if (known && this.generation === this.table.generation) return known
    const { generation } = this.table
    if (this.generation !== generation) {
      this.byOrigin.clear()
      this.byDecoder.clear()
      this.generation = generation
    }
    const choice = this.choose(origin)
    if (origin.isKept) this.byOrigin.set(origin, choice)
    return choice
  }

  /** What fits the decoder is kept, and what of that fits the program, so that the next of them has less to go through. */
  private choose({ decoder, program, byte, isKept }: Origin): Choice {
    const { conditions } = this.table
    // Patterns may have an opinion on an empty log; none is left out then.
    const mayBegin = (check: number) => {
      const first = check < 0 ? undefined : firstBytesOf(conditions[check]!)
      return !first || byte === noByte || first[lowerByte(byte)] === 1
    }
    const forDecoder = getOrAdd(this.byDecoder, decoder, () => ({
      nodes: this.all
        .filter(({ decoded_as }) => decoded_as === undefined || decoded_as === decoder)
        .map((node) => (node.decoded_as === undefined ? node : { ...node, decoded_as: undefined })),
      byProgram: new Map<string | undefined, readonly FastNode[]>(),
    }))
    const make = () =>
      forDecoder.nodes.filter(({ rule }) => fitsProgram(rule, program)).map((node) => this.withoutProgram(node))
    const forProgram = isKept ? getOrAdd(forDecoder.byProgram, program, make) : make()
    return new Choice(
      forProgram.filter(({ checks }) => checks.every(mayBegin)),
      this.table,
      [],
    )
  }

  private withoutProgram(node: FastNode): FastNode {
    const { conditions } = this.table
    if (!node.rule.patterns.program_name) return node
    const isOther = (check: number) => !isProgramCheck(conditions[check < 0 ? ~check : check]!)
    return withChecks(node, node.checks.filter(isOther))
  }
}

const withChecks = (node: FastNode, checks: Checks): FastNode => ({ ...node, checks, hasChecks: checks.length > 0 })

interface ForDecoder {
  readonly nodes: readonly FastNode[]
  readonly byProgram: Map<string | undefined, readonly FastNode[]>
}

const lowerByte = (byte: number) => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte)

function fitsProgram(rule: Rule, program: string | undefined): boolean {
  const condition = rule.patterns.program_name
  return !condition || (program !== undefined && condition.pattern.test(program) !== condition.negate)
}

/** Both, in their order. */
function merged(some: Reach, others: readonly FastNode[]): Reach {
  if (others.length === 0) return some
  const { nodes } = some
  const both = nodes.length === 0 ? others : [...nodes, ...others].sort((a, b) => a.place - b.place)
  return { nodes: both, screen: '' }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}

/** Candidates, told apart by one field after the other. What follows a value is worked out when it is first met. */
class Choice {
  readonly nodes: readonly FastNode[]
  /** The field to ask about; undefined when the nodes are the answer. */
  readonly field: number | undefined
  private readonly table: ConditionTable
  private readonly asked: readonly number[]
  private readonly values = new Map<string, Choice>()
  /** By the places that are kept: values of which no rule knows anything all lead to the same one. */
  private readonly outcomes = new Map<string, Choice>()
  private readonly words = new Map<string, Choice>()
  private index: WordIndex | undefined = undefined
  private unset: Choice | undefined = undefined
  private readonly behind = new Map<Shape, Choice>()
  private lastShape: Shape | undefined = undefined
  private lastBehind: Choice | undefined = undefined
  private asks = 0
  private wide: WideIndex | undefined = undefined
  private rest: Reaches | undefined = undefined

  constructor(nodes: readonly FastNode[], table: ConditionTable, asked: readonly number[]) {
    this.table = table
    this.field = asked.length < maxAsked ? mostTelling(nodes, asked) : undefined
    // What is walked in a row stands in a row, for a wait for memory takes longer than most looks at a node.
    this.nodes = this.field === undefined ? nodes.map((node) => ({ ...node })) : nodes
    this.asked = this.field === undefined ? asked : [...asked, this.field]
  }

  /** Of the nodes, where they are the answer, those that the event can reach. */
  reachable(event: EngineEvent, fields: FieldValues): Reach {
    if (!this.rest) {
      if (this.nodes.length > stillMany && ++this.asks < asksBeforeIndex) return { nodes: this.nodes, screen: '' }
      const split = splitWide(this.nodes, this.table, stillMany)
      this.wide = split?.wide
      this.rest = new Reaches(split?.rest ?? this.nodes, this.table)
    }
    const reach = this.rest.of(event, fields)
    return this.wide ? merged(reach, this.wide.find(event, fields)) : reach
  }

  /** Where to go on for a value of the field. */
  next(value: string): Choice {
    if (value.length > longestRemembered) return this.nextByWord(value)
    const known = this.values.get(value)
    if (known) return known
    if (this.values.size >= maxValues) return this.nextByWord(value)
    const places = this.candidates(lowerAscii(value)).filter((place) => this.holds(this.nodes[place]!, value))
    // The conditions on the field are known to hold for what is kept.
    const choice = getOrAdd(this.outcomes, places.join(), () =>
      this.after(places.map((place) => this.withoutField(this.nodes[place]!))),
    )
    this.values.set(flat(value), choice)
    this.table.remember()
    return choice
  }

  /** Where to go on without the field, and without those behind it that events of this shape have not got either: most fields are asked of few. */
  behindUnset(shape: Shape, fields: FieldValues): Choice {
    if (shape === this.lastShape) return this.lastBehind!
    let behind = this.behind.get(shape)
    if (!behind) {
      behind = this.unset ??= this.after(this.nodes.filter((node) => !this.isAsked(node)))
      if (behind.field !== undefined && fields.value(behind.field) === undefined) {
        behind = behind.behindUnset(shape, fields)
      }
      if (this.behind.size >= mostShapes) this.behind.clear()
      this.behind.set(shape, behind)
      this.table.remember()
    }
    this.lastShape = shape
    return (this.lastBehind = behind)
  }

  /** Values beyond those that are kept are told apart by the words alone that rules want. */
  private nextByWord(value: string): Choice {
    const { byWord, longest } = this.indexed()
    const lower = value.length > longest ? '' : lowerAscii(value)
    const word = byWord.has(lower) ? lower : ''
    return getOrAdd(this.words, word, () => this.after(this.candidates(word).map((place) => this.nodes[place]!)))
  }

  private after(nodes: readonly FastNode[]): Choice {
    return new Choice(nodes, this.table, this.asked)
  }

  private isAsked({ fields }: FastNode): boolean {
    return this.field !== undefined && fields.includes(this.field)
  }

  /** Places of those that want this word, or no word at all. Of 750 that ask for `win.system.eventID`, some twenty. */
  private candidates(lower: string): readonly number[] {
    const { byWord, others } = this.indexed()
    const wanting = byWord.get(lower)
    return wanting ? [...wanting, ...others].sort((a, b) => a - b) : others
  }

  private indexed(): WordIndex {
    if (this.index) return this.index
    const byWord = new Map<string, number[]>()
    const others: number[] = []
    for (const [place, node] of this.nodes.entries()) {
      const words = this.wordsFor(node)
      if (!words) others.push(place)
      else for (const word of words) getOrAdd(byWord, word, () => [] as number[]).push(place)
    }
    let longest = 0
    for (const { length } of byWord.keys()) longest = Math.max(longest, length)
    return (this.index = { byWord, others, longest })
  }

  private withoutField(node: FastNode): FastNode {
    if (!this.isAsked(node)) return node
    const { conditions } = this.table
    const isOther = (check: number) => fieldOf(conditions[check < 0 ? ~check : check]!) !== this.field
    return withChecks(node, node.checks.filter(isOther))
  }

  private holds({ rule, fields }: FastNode, value: string): boolean {
    for (const [i, { pattern, negate }] of rule.fields.entries()) {
      if (fields[i] === this.field && pattern.test(value) === negate) return false
    }
    return true
  }

  /** The words, in lower case, of which the field must be one; undefined when the rule asks something else of it, or nothing. */
  private wordsFor({ rule, fields }: FastNode): ReadonlySet<string> | undefined {
    for (const [i, { pattern, negate }] of rule.fields.entries()) {
      if (negate || fields[i] !== this.field) continue
      const words = wordsOf(pattern)
      if (words) return words
    }
    return undefined
  }
}

/** Places of nodes in a choice, by what they want of its field. */
interface WordIndex {
  readonly byWord: ReadonlyMap<string, readonly number[]>
  readonly others: readonly number[]
  readonly longest: number
}

/** A field that fewer children ask about is left to them. */
const worthAsking = 2

/** The field that most children ask about. */
function mostTelling(nodes: readonly FastNode[], asked: readonly number[]): number | undefined {
  if (nodes.length < worthAsking) return undefined
  const counts = new Map<number, number>()
  for (const { fields } of nodes) {
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!
      if (fields.indexOf(field) === i && !asked.includes(field)) counts.set(field, (counts.get(field) ?? 0) + 1)
    }
  }
  let best: number | undefined
  let most = worthAsking - 1
  for (const [field, count] of counts) {
    if (count <= most) continue
    best = field
    most = count
  }
  return best
}

const noFields: readonly number[] = []

/** The fast tree for a plain one. */
export function buildNodes(
  nodes: readonly RuleNode[],
  checks: readonly Checks[],
  table: ConditionTable,
): readonly FastNode[] {
  return nodes.map(({ rule, children }, place) => ({
    rule,
    index: rule.index,
    decoded_as: rule.decoded_as,
    checks: checks[rule.index]!,
    hasChecks: checks[rule.index]!.length > 0,
    fields: rule.fields.length === 0 ? noFields : rule.fields.map(({ name }) => table.fields.numberOf(name)),
    hasState: rule.check_diff || rule.if_fts || (rule.context && rule.search !== undefined),
    noalert: rule.noalert,
    children: children.length > 0 ? new Children(buildNodes(children, checks, table), table) : undefined,
    place,
  }))
}
