/** The pattern languages of the analysis engine. spec/engine-regex.md. */
import { compileExact } from './exact.ts'
import { compileOsMatch } from './os-match.ts'
import { PlainOsRegex } from './os-regex.ts'
import { fastOsRegex } from './os-regex-fast.ts'
import { parseOsRegex } from './os-regex-parse.ts'
import type { Compiled, PatternKind, PatternOptions } from './pattern.ts'
import { compilePcre2 } from './pcre2.ts'
import { compileWordMatch } from './word-match.ts'

export type { Compiled, Match, Pattern, PatternKind, PatternOptions } from './pattern.ts'
export { lowerAscii } from './text.ts'

/**
 * Compiles a pattern of any of the engine's languages. A pattern holds no state of a match, so one may be shared.
 *
 * @param source the pattern as a byte string
 * @returns `{ pattern }`, or `{ error }` where the original refuses the pattern; never throws
 */
export function compilePattern(kind: PatternKind, source: string, options: PatternOptions = {}): Compiled {
  switch (kind) {
    case 'osregex':
      return compileOsRegex(source, options)
    case 'osmatch':
      return compileOsMatch(source, options.caseSensitive, options.plain)
    case 'pcre2':
      return compilePcre2(source, options.captures, options.plain)
    case 'wordmatch':
      return compileWordMatch(source)
    case 'string':
      return compileExact(source)
  }
}

function compileOsRegex(source: string, { captures, caseSensitive, plain }: PatternOptions): Compiled {
  const parsed = parseOsRegex(source, caseSensitive)
  if ('error' in parsed) return { error: parsed.error }
  // Without any group the original records nothing, whatever was asked for.
  const recording = captures === true && parsed.hasGroups
  const { alternatives } = parsed
  return {
    pattern: plain ? new PlainOsRegex(source, alternatives, recording) : fastOsRegex(source, alternatives, recording),
  }
}
