/**
 * OS_Match ("sregex"): alternatives of plain text with anchors. spec/engine-regex.md, section 3.
 */
import { osMatchLiterals, type Requirement } from './literals.ts'
import type { Compiled, Match, Pattern } from './pattern.ts'
import { maxPatternLength, tooLong } from './pattern.ts'
import { hasHighByte, lowerAscii, lowered } from './text.ts'

/** One alternative of OS_Match. An empty `text` without both anchors matches everything. */
export interface Alternative {
  text: string
  atStart: boolean
  atEnd: boolean
}

/** Compiles an OS_Match pattern; only its length can be wrong. */
export function compileOsMatch(source: string, caseSensitive = false): Compiled {
  if (source.length > maxPatternLength) return { error: tooLong }
  return { pattern: new OsMatch(source, caseSensitive) }
}

/** The alternatives of a pattern and whether a leading `!` negates the whole. There is no escape: every bar splits. */
export function parseOsMatch(source: string): { negated: boolean; alternatives: Alternative[] } {
  const negated = source.startsWith('!')
  const alternatives = (negated ? source.slice(1) : source).split('|').map((text): Alternative => {
    const atStart = text.startsWith('^')
    const atEnd = text.endsWith('$')
    return { text: text.slice(atStart ? 1 : 0, atEnd ? -1 : undefined), atStart, atEnd }
  })
  return { negated, alternatives }
}

class OsMatch implements Pattern {
  readonly kind = 'osmatch'
  readonly source: string
  readonly literals: Requirement
  private readonly negated: boolean
  private readonly alternatives: Alternative[]

  constructor(source: string, caseSensitive: boolean) {
    const { negated, alternatives } = parseOsMatch(source)
    this.source = source
    this.negated = negated
    this.alternatives = alternatives.map((one) => ({ ...one, text: foldedText(one, caseSensitive) }))
    this.literals = osMatchLiterals(this.alternatives, negated)
  }

  test(text: string): boolean {
    const lower = lowered(text)
    return this.alternatives.some((one) => holds(one, lower)) !== this.negated
  }

  exec(text: string, start = 0): Match | undefined {
    return this.test(start === 0 ? text : text.slice(start)) ? { end: -1, captures: [] } : undefined
  }
}

/** What the alternative is compared with: anchored ones always go through `strcasecmp`, so the case-sensitive flag is lost on them. */
function foldedText({ text, atStart, atEnd }: Alternative, caseSensitive: boolean): string {
  return caseSensitive && !atStart && !atEnd ? text : lowerAscii(text)
}

function holds({ text, atStart, atEnd }: Alternative, lower: string): boolean {
  if (atStart && atEnd) return lower === text
  if (atStart) return lower.startsWith(text)
  if (atEnd) return lower.endsWith(text)
  // The original compares a signed pattern byte with an unsigned text byte here: beyond ASCII they are never equal (x86-64).
  return lower.includes(text) && !hasHighByte(text)
}
