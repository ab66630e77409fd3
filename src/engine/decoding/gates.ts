/**
 * Whether a pattern is worth running: a look that costs a fraction of the pattern and turns away nearly all that would fail.
 *
 * Valid because it only says no when every match is impossible: the first byte cannot begin an alternative of an anchored pattern, or each
 * alternative lacks something in the text that it must consume. What it lets through is decided by the pattern, as ever. On the stock suite
 * 19 of 20 patterns that fail are not run. A wrong no would show in gates.test.ts and in fast.test.ts, which runs plain and fast side by side.
 */
import type { Pattern } from '../patterns/index.ts'
import { rarestAt, rarity } from '../patterns/needle.ts'
import { bytesOf } from '../patterns/text.ts'
import { alternativesOf, firstOf, runsOf } from './os-regex-needs.ts'
import type { Decoder } from './tree.ts'

export interface Gate {
  /** By the first byte (lower case) of the part that is looked at: 0 when no match begins with it. Undefined: any byte may. */
  readonly first: Uint8Array | undefined
  /** Lower-case texts, the most telling first; all of one line must occur. A line is never empty. Undefined: nothing is known. */
  readonly needs: readonly (readonly string[])[] | undefined
  /** The pairs of neighbouring bytes in each line of `needs`, the rarest first: one line behind the other, each after their number. */
  readonly pairs: string
  /** Of a pattern that matches where one of these occurs, and nowhere else: what passes does match. One for each line of `needs`. */
  readonly wholes: readonly string[] | undefined
}

/** Of a decoder that has one. */
export const prematchGate = (decoder: Decoder): Gate => (decoder.prematchGate ??= gateOf(decoder.prematch!))
export const regexGate = (decoder: Decoder): Gate => (decoder.regexGate ??= gateOf(decoder.regex!))

export function gateOf(pattern: Pattern): Gate {
  if (pattern.kind !== 'osregex') {
    const literals = pattern.literals?.includes('') ? undefined : pattern.literals
    return gateFor(
      undefined,
      literals?.map((literal) => [literal]),
      isTextsAlone(pattern),
    )
  }
  const alternatives = alternativesOf(pattern.source)
  const needs = alternatives.map(runsOf).filter((runs) => runs !== undefined)
  return gateFor(firstOf(alternatives), needs.some((runs) => runs.length === 0) ? undefined : needs, false)
}

/** Whether a pattern matches where one of its literals occurs, and nowhere else. */
function isTextsAlone({ kind, source }: Pattern): boolean {
  return kind === 'osmatch' && !source.startsWith('!') && !/(?:^|\|)\^|\$(?:\||$)/.test(source)
}

function gateFor(first: Gate['first'], needs: Gate['needs'], isTextsAlone: boolean): Gate {
  const pairs: number[] = []
  for (const texts of needs ?? []) {
    const distinct = [...new Set(texts.flatMap(pairsOf))].sort((a, b) => rarityOf(b) - rarityOf(a))
    pairs.push(distinct.length, ...distinct)
  }
  return {
    first,
    needs: needs?.map((texts) => texts.map(fromRarest)),
    pairs: String.fromCharCode(...pairs),
    wholes: isTextsAlone ? needs?.map(([text]) => text!) : undefined,
  }
}

/** The text from its rarest byte on, which it needs as well. */
const fromRarest = (text: string) => text.slice(rarestAt(text))

/** Seven bits of each byte, so bytes beyond ASCII only make it look as if more were there. */
const pairOf = (first: number, second: number) => ((first & 0x7f) << 7) | (second & 0x7f)

const rarityOf = (pair: number) => rarity(String.fromCharCode(pair >> 7)) + rarity(String.fromCharCode(pair & 0x7f))

/** A byte alone makes none: to note single bytes too costs as much again, and says little. */
function pairsOf(text: string): number[] {
  const codes = [...text].map((char) => char.charCodeAt(0))
  return codes.slice(1).map((code, i) => pairOf(codes[i]!, code))
}

/** For fewer it is not worth noting the pairs of a text. */
const worthScreening = 3
/** Its length is one character. */
const longestPart = 0xffff

/**
 * What a text must hold for gates that are asked one after the other, in one string: to fetch a pattern and its gate from memory takes ten times as long as
 * to turn it away. For each gate the length of its part, and in it lines as in {@link Gate.pairs}, of which one must hold; nothing is known of one with an
 * empty part. Empty when there are few.
 */
export function screenOf(gates: readonly (Gate | undefined)[]): string {
  const parts = gates.map((gate) => {
    const part = gate ? fewOf(gate.pairs) : ''
    return part.length <= longestPart ? part : ''
  })
  if (parts.filter((part) => part !== '').length < worthScreening) return ''
  return parts.map((part) => String.fromCharCode(part.length) + part).join('')
}

/** So many pairs of a line say nearly as much as all of them. */
const worthKnowing = 4

/** The lines of `Gate.pairs`, each with its rarest pairs alone. */
function fewOf(pairs: string): string {
  let few = ''
  for (let at = 0; at < pairs.length; at = afterPart(pairs, at)) {
    const count = Math.min(worthKnowing, pairs.charCodeAt(at))
    few += String.fromCharCode(count) + pairs.slice(at + 1, at + 1 + count)
  }
  return few
}

/** Where the part behind that at `at` begins; of a line of pairs, the next line. Both begin with their length. */
export const afterPart = (screen: string, at: number): number => (screen === '' ? 0 : at + 1 + screen.charCodeAt(at))

/** So many gates are asked of a text before it is worth noting its pairs: JSON is decided after two. */
const asksBeforeNoting = 4

/**
 * One text, asked by many gates. A single pass notes which pairs of neighbouring bytes occur; a text one of whose pairs is missing cannot occur,
 * and what is left is for the pattern to search. A pass over 500 bytes costs as much as ten searches, and families have up to 130 decoders.
 */
export class Look {
  private lower = ''
  private asked = 0
  /** Changes with each text, so that what is noted need be cleared only once in so many. */
  private mark = 0
  private readonly pairs = new Uint8Array(128 * 128)

  /** @param lower the whole text in lower case; the same one again keeps what is known of it */
  begin(lower: string): void {
    if (lower === this.lower) return
    this.lower = lower
    this.asked = 0
  }

  /** @param start where the pattern begins to look; what stands before it does no harm */
  allows(gate: Gate, start: number): boolean {
    const { first, needs } = gate
    const { lower } = this
    // Nothing is known about how a pattern deals with an empty text.
    if (first !== undefined && start < lower.length && first[lower.charCodeAt(start)] === 0) return false
    if (needs === undefined) return true
    if (++this.asked < asksBeforeNoting) return this.holds(gate)
    if (this.asked === asksBeforeNoting) this.note()
    return this.holdsPairs(gate)
  }

  get isNoted(): boolean {
    return this.asked >= asksBeforeNoting
  }

  /** To be called before a screen is asked. */
  prepare(screen: string): void {
    if (screen === '' || this.isNoted) return
    this.asked = asksBeforeNoting
    this.note()
  }

  /** Whether a part of a screen allows its gate. */
  passes(screen: string, at: number): boolean {
    if (screen === '') return true
    const to = afterPart(screen, at)
    for (let i = at + 1; i < to; i = afterPart(screen, i)) if (this.hasPairs(screen, i)) return true
    return to === at + 1
  }

  /** Whether all pairs of the line at `at` occur. */
  private hasPairs(lines: string, at: number): boolean {
    const { pairs, mark } = this
    const end = afterPart(lines, at)
    let i = at + 1
    while (i < end && pairs[lines.charCodeAt(i)] === mark) i++
    return i === end
  }

  /** Whether all texts of one line occur. */
  private holds({ needs, wholes }: Gate): boolean {
    const { lower } = this
    next: for (let line = 0; line < needs!.length; line++) {
      for (const text of needs![line]!) if (!lower.includes(text)) continue next
      if (!wholes || lower.includes(wholes[line]!)) return true
    }
    return false
  }

  private note(): void {
    const { lower, pairs } = this
    if (++this.mark > 0xff) {
      pairs.fill(0)
      this.mark = 1
    }
    const { mark } = this
    const bytes = bytesOf(lower)
    const { length } = lower
    let before = 0
    for (let i = 0; i < length; i++) {
      const byte = bytes[i]! & 0x7f
      pairs[before | byte] = mark
      before = byte << 7
    }
  }

  /** Whether all pairs of one line occur, and of several lines also the first text. Of a few lines, searching that is the pattern's own work. */
  private holdsPairs({ needs, pairs: needed, wholes }: Gate): boolean {
    const { lower } = this
    const isSearched = wholes !== undefined || needs!.length > 4
    for (let i = 0, line = 0; i < needed.length; i = afterPart(needed, i), line++) {
      if (!this.hasPairs(needed, i)) continue
      if (!isSearched || (lower.includes(needs![line]![0]!) && (!wholes || lower.includes(wholes[line]!)))) return true
    }
    return false
  }
}

/** The look at the log of the event at hand. Decoders and rules ask it one after the other, and never two events at once. */
export const logLook = new Look()
