/**
 * OS_WordMatch, which `<if_group>` uses. spec/engine-regex.md, section 4: OS_Match without `$` and `!`, with other rules for empty pieces.
 * os_regex_match.c, 4.14.
 */
import type { Compiled, Match, Pattern } from './pattern.ts'
import { lowerAscii, lowered } from './text.ts'

export function compileWordMatch(source: string): Compiled {
  return { pattern: new WordMatch(source) }
}

class WordMatch implements Pattern {
  readonly kind = 'wordmatch'
  readonly source: string
  readonly literals = undefined
  private readonly always: boolean
  private readonly pieces: { text: string; atStart: boolean }[]

  constructor(source: string) {
    const parts = lowerAscii(source).split('|')
    this.source = source
    // An empty last piece is true, unless it is the whole pattern.
    this.always = parts.length > 1 && parts.at(-1) === ''
    this.pieces = parts.flatMap((part, i): { text: string; atStart: boolean }[] => {
      if (part.startsWith('^')) return [{ text: part.slice(1), atStart: true }]
      if (part !== '') return [{ text: part, atStart: false }]
      // Another empty piece is searched as its own bar and what follows, up to the next bar; without a next one it is never found.
      return i + 2 < parts.length ? [{ text: `|${parts[i + 1]}`, atStart: false }] : []
    })
  }

  test(text: string): boolean {
    if (this.always) return true
    const lower = lowered(text)
    return this.pieces.some((piece) => (piece.atStart ? lower.startsWith(piece.text) : lower.includes(piece.text)))
  }

  exec(text: string, start = 0): Match | undefined {
    return this.test(start === 0 ? text : text.slice(start)) ? { end: -1, captures: [] } : undefined
  }
}
