/**
 * OS_Match ("sregex"): alternatives of plain text with anchors. spec/engine-regex.md, section 3.
 */
import { osMatchLiterals, type Requirement } from './literals.ts'
import { FastOsMatch } from './os-match-fast.ts'
import type { Compiled, Match, Pattern } from './pattern.ts'
import { maxPatternLength, tooLong } from './pattern.ts'
import { hasHighByte, lowerAscii } from './text.ts'

/** One alternative of OS_Match. An empty `text` without both anchors matches everything. */
export interface Alternative {
  text: string
  atStart: boolean
  atEnd: boolean
}

/** Compiles an OS_Match pattern; only its length can be wrong. `plain`: the reference matcher. */
export function compileOsMatch(source: string, caseSensitive = false, plain = false): Compiled {
  if (source.length > maxPatternLength) return { error: tooLong }
  const { negated, alternatives } = parseOsMatch(source, caseSensitive)
  const Form = plain ? PlainOsMatch : FastOsMatch
  return { pattern: new Form(source, alternatives, negated) }
}

/**
 * The alternatives of a pattern, lower-cased, and whether a leading `!` negates the whole. There is no escape: every bar splits.
 *
 * @param caseSensitive leave them as written, and capitals never match; but anchored ones go through `strcasecmp` all the same
 */
function parseOsMatch(source: string, caseSensitive: boolean): { negated: boolean; alternatives: Alternative[] } {
  const negated = source.startsWith('!')
  const alternatives = (negated ? source.slice(1) : source).split('|').map((piece): Alternative => {
    const atStart = piece.startsWith('^')
    const atEnd = piece.endsWith('$')
    const text = piece.slice(atStart ? 1 : 0, atEnd ? -1 : undefined)
    return { text: caseSensitive && !atStart && !atEnd ? text : lowerAscii(text), atStart, atEnd }
  })
  return { negated, alternatives }
}

class PlainOsMatch implements Pattern {
  readonly kind = 'osmatch'
  readonly source: string
  readonly literals: Requirement
  private readonly negated: boolean
  private readonly alternatives: Alternative[]

  constructor(source: string, alternatives: Alternative[], negated: boolean) {
    this.source = source
    this.negated = negated
    this.alternatives = alternatives
    this.literals = osMatchLiterals(alternatives, negated)
  }

  test(text: string): boolean {
    const lower = lowerAscii(text)
    return this.alternatives.some((one) => holds(one, lower)) !== this.negated
  }

  exec(text: string, start = 0): Match | undefined {
    return this.test(start === 0 ? text : text.slice(start)) ? { end: -1, captures: [] } : undefined
  }
}

function holds({ text, atStart, atEnd }: Alternative, lower: string): boolean {
  if (atStart && atEnd) return lower === text
  if (atStart) return lower.startsWith(text)
  if (atEnd) return lower.endsWith(text)
  // The original compares a signed pattern byte with an unsigned text byte here: beyond ASCII they are never equal (x86-64).
  return lower.includes(text) && !hasHighByte(text)
}
