/**
 * Candidates among very many children of one rule: threat lists as rules, one rule a user, a device or an error code.
 *
 * ```
 * <match>worker-17.service  ──"-17.serv"──▶ grams of the log ──┐
 * <user>^operator17$        ──"erator17"──▶ grams of the user ─┼─▶ places of children, in order
 * <srcip>10.1.2.0/24        ──10.1.2 of 24 bits───────────────┘
 * ```
 *
 * Each child stands under a text that one of its conditions requires (the literals of a pattern, patterns/literals.ts), cut to a piece of
 * eight bytes, under whole words, or under its networks. One pass over what the condition looks at finds every piece in it, and so every child that can match, whatever
 * their number. A piece is chosen so that few children share it.
 *
 * Valid because a child is left out only when a condition fails that all must hold, and because what is found is tried as before. Children without
 * such a condition, or with one that many share, are not taken in. It steps aside where few children are left anyway: of the stock ruleset that is nearly
 * everywhere. From 3,000 to 30,000 children an event costs up to 1.5 times as much instead of 10 (bench/engine-rules.ts).
 */
import type { EngineEvent } from '../event.ts'
import { Static } from '../event.ts'
import { lowered } from '../patterns/text.ts'
import type { AddressCondition } from '../rules/rule.ts'
import { type ConditionTable, textOf } from './conditions.ts'
import type { FastNode } from './dispatch.ts'
import type { FieldValues } from './fields.ts'
import { wordsOf } from './words.ts'

/** A piece or network that more of the children share tells too little. */
const mostSharing = 1 / 16
/** Alternatives of one condition. */
const mostLiterals = 32

/** Where a child can be put: all of these keys together. */
interface Home {
  subject: number
  keys: string[]
}

/**
 * The children that the index takes, and the rest; undefined when it is not worth it.
 *
 * @param worthIt fewer children are not
 */
export function splitWide(
  all: readonly FastNode[],
  table: ConditionTable,
  worthIt: number,
): { wide: WideIndex; rest: readonly FastNode[] } | undefined {
  if (all.length <= worthIt) return undefined
  const homes = all.map((node) => homesOf(node, table))
  const counts = new Map<string, number>()
  const named = (subject: number, key: string) => `${subject} ${key}`
  for (const choices of homes) {
    for (const { subject, pieces } of choices) {
      for (const key of new Set(pieces.flat())) {
        const name = named(subject, key)
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
    }
  }
  const index = new WideIndex(all)
  const rest: FastNode[] = []
  for (const [i, node] of all.entries()) {
    let best: Home | undefined
    let least = all.length * mostSharing
    for (const { subject, pieces } of homes[i]!) {
      const rarest = pieces.map((some) => rarestOf(some, (key) => counts.get(named(subject, key))!))
      const shared = rarest.reduce((sum, { count }) => sum + count, 0)
      if (shared >= least) continue
      least = shared
      best = { subject, keys: rarest.map(({ key }) => key) }
    }
    if (best) index.add(i, best)
    else rest.push(node)
  }
  return all.length - rest.length > worthIt ? { wide: index, rest } : undefined
}

/** Of equally rare ones that in the middle: the beginning of a number is that of longer ones, too. */
function rarestOf(keys: readonly string[], countOf: (key: string) => number): { key: string; count: number } {
  const counts = keys.map(countOf)
  const count = Math.min(...counts)
  const rarest = keys.filter((_, i) => counts[i] === count)
  return { key: rarest[rarest.length >> 1]!, count }
}

/** A condition that could be a home: for each alternative the pieces of which one is to be chosen. */
interface Choices {
  subject: number
  pieces: string[][]
}

/** Beside the subjects of conditions, which end at -5. */
const networks = { srcip: -10, dstip: -11 } as const

function homesOf({ checks, rule }: FastNode, table: ConditionTable): Choices[] {
  const homes: Choices[] = []
  for (const check of checks) {
    const { pattern, subject } = table.conditions[check < 0 ? ~check : check]!
    if (check < 0 || !pattern) continue
    const words = wordsOf(pattern)
    if (words && words.size <= mostLiterals) {
      homes.push({ subject, pieces: [...words].map((word) => [wordMark + word]) })
      continue
    }
    const { literals } = pattern
    if (!literals || literals.length > mostLiterals || literals.includes('')) continue
    homes.push({ subject, pieces: literals.map(piecesOf) })
  }
  for (const tag of ['srcip', 'dstip'] as const) {
    const keys = networksOf(rule[tag])
    if (keys) homes.push({ subject: networks[tag], pieces: keys.map((key) => [key]) })
  }
  return homes
}

/** In front of a key that is a whole word. No literal holds it, for no log does. */
const wordMark = '\0'

function networksOf(condition: AddressCondition | undefined): string[] | undefined {
  const ranges = condition?.negate ? undefined : condition?.addresses.ipv4
  return ranges && ranges.length <= mostLiterals
    ? ranges.map(({ address, bits }) => networkKey(address, bits))
    : undefined
}

const networkKey = (address: number, bits: number) => `${bits} ${bits === 0 ? 0 : (address >>> (32 - bits)) >>> 0}`

/** A literal that is longer is cut. Each length that occurs is a pass over the text. */
const longestPiece = 8

function piecesOf(literal: string): string[] {
  const length = Math.min(literal.length, longestPiece)
  return Array.from({ length: literal.length - length + 1 }, (_, i) => literal.slice(i, i + length))
}

export class WideIndex {
  private readonly all: readonly FastNode[]
  private readonly bySubject = new Map<number, Texts>()
  private readonly byNetwork = new Map<number, Map<string, number[]>>()
  private readonly prefixes = new Map<number, Set<number>>()
  /** Number of the event in which a child was found last, so that it is found once. */
  private readonly foundIn: Int32Array
  private event = 0

  constructor(all: readonly FastNode[]) {
    this.all = all
    this.foundIn = new Int32Array(all.length)
  }

  add(place: number, { subject, keys }: Home): void {
    if (subject > networks.srcip) {
      const texts = this.bySubject.get(subject) ?? new Texts()
      this.bySubject.set(subject, texts)
      for (const key of keys) texts.add(key, place)
      return
    }
    const map = this.byNetwork.get(subject) ?? new Map<string, number[]>()
    const bits = this.prefixes.get(subject) ?? new Set<number>()
    this.byNetwork.set(subject, map)
    this.prefixes.set(subject, bits)
    for (const key of keys) {
      bits.add(Number(key.split(' ')[0]))
      addTo(map, key, place)
    }
  }

  /** Children that can match, in their order. */
  find(event: EngineEvent, fields: FieldValues): FastNode[] {
    if (++this.event === 0x7fffffff) {
      this.foundIn.fill(0)
      this.event = 1
    }
    const places: number[] = []
    const take = (some: readonly number[]) => {
      for (const place of some) {
        if (this.foundIn[place] === this.event) continue
        this.foundIn[place] = this.event
        places.push(place)
      }
    }
    for (const [subject, texts] of this.bySubject) {
      const text = textOf(subject, event, fields)
      if (text !== undefined && text !== '') texts.find(lowered(text), take)
    }
    for (const [subject, map] of this.byNetwork) {
      const value = event.statics[subject === networks.srcip ? Static.srcip : Static.dstip]
      const address = value === undefined ? undefined : ipv4Of(value)
      if (address === undefined) continue
      for (const bits of this.prefixes.get(subject)!) {
        const found = map.get(networkKey(address, bits))
        if (found) take(found)
      }
    }
    return places.sort((a, b) => a - b).map((place) => this.all[place]!)
  }
}

/** What only resembles an address gives a number, too: the condition itself decides. */
function ipv4Of(value: string): number | undefined {
  const parts = value.split('.')
  if (parts.length !== 4) return undefined
  return parts.reduce((sum, part) => ((sum << 8) | (Number(part) & 0xff)) >>> 0, 0)
}

/** Whole words, and pieces of up to eight lengths. */
class Texts {
  private readonly words = new Map<string, number[]>()
  private readonly byLength = new Map<number, GramTable>()

  add(key: string, place: number): void {
    if (key.startsWith(wordMark)) addTo(this.words, key.slice(wordMark.length), place)
    else this.addGram(key, place)
  }

  private addGram(gram: string, place: number): void {
    let table = this.byLength.get(gram.length)
    if (!table) this.byLength.set(gram.length, (table = new GramTable(gram.length)))
    table.add(gram, place)
  }

  /** @param take gets the places of each piece that stands in the text; of one that stands there twice, twice */
  find(text: string, take: Take): void {
    const places = this.words.get(text)
    if (places) take(places)
    for (const table of this.byLength.values()) table.scan(text, take)
  }
}

function addTo(map: Map<string, number[]>, key: string, place: number): void {
  const places = map.get(key)
  if (places) places.push(place)
  else map.set(key, [place])
}

type Take = (places: readonly number[]) => void

/** Pieces of one length, found by a hash that rolls over the text. */
class GramTable {
  private readonly length: number
  /** What the byte that leaves the window has grown to. */
  private readonly leaving: number
  private readonly places = new Map<string, number[]>()
  private readonly grams: string[] = []
  /** Number of a gram from 1, by its hash; the next free slot when that is taken. */
  private slots = new Int32Array(64)
  /** A bit for each hash that is there, 16 bits or more a gram: small enough to stay close to the processor, and mostly enough to know. */
  private filter = new Int32Array(32)

  constructor(length: number) {
    this.length = length
    let leaving = 1
    for (let i = 0; i < length; i++) leaving = Math.imul(leaving, factor)
    this.leaving = leaving
  }

  add(gram: string, place: number): void {
    const places = this.places.get(gram)
    if (places) {
      places.push(place)
      return
    }
    this.places.set(gram, [place])
    this.grams.push(gram)
    if (this.grams.length * 2 <= this.slots.length) {
      this.put(gram, this.grams.length)
      return
    }
    this.slots = new Int32Array(this.slots.length * 2)
    this.filter = new Int32Array(this.filter.length * 2)
    for (const [i, one] of this.grams.entries()) this.put(one, i + 1)
  }

  private put(gram: string, number: number): void {
    const { slots, filter } = this
    let hash = 0
    for (let i = 0; i < gram.length; i++) hash = (Math.imul(hash, factor) + gram.charCodeAt(i)) | 0
    const key = mixed(hash)
    filter[(key >>> 5) & (filter.length - 1)]! |= 1 << (key & 31)
    let slot = key & (slots.length - 1)
    while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1)
    slots[slot] = number
  }

  scan(text: string, take: Take): void {
    const { length, leaving, filter } = this
    const mask = filter.length - 1
    let hash = 0
    for (let i = 0; i < text.length; i++) {
      hash = (Math.imul(hash, factor) + text.charCodeAt(i)) | 0
      if (i >= length) hash = (hash - Math.imul(leaving, text.charCodeAt(i - length))) | 0
      if (i < length - 1) continue
      const key = mixed(hash)
      if ((filter[(key >>> 5) & mask]! & (1 << (key & 31))) !== 0) this.look(text, i - length + 1, key, take)
    }
  }

  private look(text: string, from: number, key: number, take: Take): void {
    const { slots, grams } = this
    const mask = slots.length - 1
    for (let slot = key & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const gram = grams[slots[slot]! - 1]!
      if (text.startsWith(gram, from)) take(this.places.get(gram)!)
    }
  }
}

const factor = 0x01000193

/** So that neighbours in the text are no neighbours in the tables. */
function mixed(hash: number): number {
  const spread = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return spread ^ (spread >>> 16)
}
