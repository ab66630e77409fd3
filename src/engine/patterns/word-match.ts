/**
 * OS_WordMatch, which `<if_group>` uses. spec/engine-regex.md, section 4: OS_Match without `$` and `!`, with other rules for empty pieces.
 */
import type { Compiled, Match, Pattern } from './pattern.ts'
import { lowerAscii } from './pattern.ts'

export function compileWordMatch(source: string): Compiled {
  return { pattern: new WordMatch(source) }
}

class WordMatch implements Pattern {
  readonly kind = 'wordmatch'
  readonly source: string
  private readonly always: boolean
  private readonly pieces: string[]

  constructor(source: string) {
    const pieces = lowerAscii(source).split('|')
    this.source = source
    // An empty last piece is true, unless it is the whole pattern; other empty pieces are false.
    this.always = pieces.length > 1 && pieces.at(-1) === ''
    this.pieces = pieces.filter((piece) => piece !== '')
  }

  test(text: string): boolean {
    if (this.always) return true
    const lower = lowerAscii(text)
    return this.pieces.some((piece) =>
      piece.startsWith('^') ? lower.startsWith(piece.slice(1)) : lower.includes(piece),
    )
  }

  exec(text: string, start = 0): Match | undefined {
    return this.test(start === 0 ? text : text.slice(start)) ? { end: -1, captures: [] } : undefined
  }
}
