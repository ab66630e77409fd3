/**
 * Whether a pattern is worth running: a look that costs a fraction of the pattern and turns away nearly all that would fail.
 *
 * Valid because it only says no when every match is impossible: the first byte cannot begin an alternative of an anchored pattern, or each
 * alternative lacks something in the text that it must consume. What it lets through is decided by the pattern, as ever. On the stock suite
 * 19 of 20 patterns that fail are not run. A wrong no would show in gates.test.ts and in fast.test.ts, which runs plain and fast side by side.
 */
import type { Pattern } from '../patterns/index.ts'
import { alternativesOf, firstOf, runsOf } from './os-regex-needs.ts'
import type { Decoder } from './tree.ts'

export interface Gate {
  /** By the first byte (lower case) of the part that is looked at: 0 when no match begins with it. Undefined: any byte may. */
  readonly first: Uint8Array | undefined
  /** Lower-case texts, the most telling first; all of one line must occur. A line is never empty. Undefined: nothing is known. */
  readonly needs: readonly (readonly Need[])[] | undefined
}

/** A text and its pairs of neighbouring bytes, as {@link Look} counts them. */
export interface Need {
  readonly text: string
  readonly pairs: readonly number[]
}

/** Of a decoder that has one. */
export const prematchGate = (decoder: Decoder): Gate => (decoder.prematchGate ??= gateOf(decoder.prematch!))
export const regexGate = (decoder: Decoder): Gate => (decoder.regexGate ??= gateOf(decoder.regex!))

export function gateOf(pattern: Pattern): Gate {
  if (pattern.kind !== 'osregex') {
    const literals = pattern.literals?.includes('') ? undefined : pattern.literals
    return { first: undefined, needs: literals?.map((literal) => [needOf(literal)]) }
  }
  const alternatives = alternativesOf(pattern.source)
  const needs = alternatives.map(runsOf).filter((runs) => runs !== undefined)
  return {
    first: firstOf(alternatives),
    needs: needs.some((runs) => runs.length === 0) ? undefined : needs.map((runs) => runs.map(needOf)),
  }
}

/** Seven bits of each byte, so bytes beyond ASCII only make it look as if more were there. A byte alone counts as a pair with 0, which no log holds. */
const pairOf = (first: number, second: number) => ((first & 0x7f) << 7) | (second & 0x7f)

function needOf(text: string): Need {
  const codes = [...text].map((char) => char.charCodeAt(0))
  const pairs = codes.slice(1).map((code, i) => pairOf(codes[i]!, code))
  return { text, pairs: codes.length === 1 ? [pairOf(0, codes[0]!)] : [...new Set(pairs)] }
}

/** So many gates are asked of a text before it is worth noting its pairs: JSON is decided after two. */
const asksBeforeNoting = 4

/**
 * One text, asked by many gates. A single pass notes which pairs of neighbouring bytes occur; a text one of whose pairs is missing cannot occur,
 * and of what is left the first is searched for. A pass over 500 bytes costs as much as ten searches, and families have up to 130 decoders.
 */
export class Look {
  private lower = ''
  private asked = 0
  /** Changes with each text, so that nothing need be cleared. */
  private mark = 0
  private readonly pairs = new Uint32Array(128 * 128)

  /** @param lower the whole text in lower case; the same one again keeps what is known of it */
  begin(lower: string): void {
    if (lower === this.lower) return
    this.lower = lower
    this.asked = 0
  }

  /** @param start where the pattern begins to look; what stands before it does no harm */
  allows({ first, needs }: Gate, start: number): boolean {
    const { lower } = this
    // Nothing is known about how a pattern deals with an empty text.
    if (first !== undefined && start < lower.length && first[lower.charCodeAt(start)] === 0) return false
    if (needs === undefined) return true
    if (++this.asked === asksBeforeNoting) this.note()
    const isNoted = this.asked >= asksBeforeNoting
    for (const texts of needs) {
      if (isNoted ? this.hasPairs(texts) && lower.includes(texts[0]!.text) : this.hasTexts(texts)) return true
    }
    return false
  }

  private note(): void {
    const { lower, pairs } = this
    if (++this.mark > 0xffff_ffff) {
      pairs.fill(0)
      this.mark = 1
    }
    const { mark } = this
    let before = 0
    for (let i = 0; i < lower.length; i++) {
      const byte = lower.charCodeAt(i) & 0x7f
      pairs[before | byte] = mark
      pairs[byte] = mark
      before = byte << 7
    }
  }

  private hasPairs(texts: readonly Need[]): boolean {
    const { pairs, mark } = this
    for (const need of texts) {
      for (const pair of need.pairs) if (pairs[pair] !== mark) return false
    }
    return true
  }

  private hasTexts(texts: readonly Need[]): boolean {
    for (const { text } of texts) if (!this.lower.includes(text)) return false
    return true
  }
}

/** The look at the log of the event at hand. Decoders and rules ask it one after the other, and never two events at once. */
export const logLook = new Look()
