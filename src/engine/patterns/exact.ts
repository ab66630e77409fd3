/** The comparison of `<action>` when it names no type: the whole value, byte for byte. */
import type { Compiled, Match, Pattern } from './pattern.ts'
import { lowerAscii } from './text.ts'

export function compileExact(source: string): Compiled {
  return { pattern: new Exact(source) }
}

class Exact implements Pattern {
  readonly kind = 'string'
  readonly source: string
  readonly literals: readonly string[] | undefined

  constructor(source: string) {
    this.source = source
    this.literals = source === '' ? undefined : [lowerAscii(source)]
  }

  test(text: string): boolean {
    return text === this.source
  }

  exec(text: string, start = 0): Match | undefined {
    return this.test(start === 0 ? text : text.slice(start)) ? { end: -1, captures: [] } : undefined
  }
}
