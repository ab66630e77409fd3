/**
 * What a compiled pattern is, whatever its language.
 *
 * Text is a byte string (see src/alert.ts): one character is one byte, so an index into the text is a byte offset. It holds no NUL, for
 * the original reads C strings: whoever takes an event in cuts it at the first NUL.
 */

/** The languages of `type=`, and the variant of osmatch that `<if_group>` uses. */
export type PatternKind = 'osregex' | 'osmatch' | 'pcre2' | 'string' | 'wordmatch'

export interface PatternOptions {
  /**
   * Compile for captures, as the original does for the `<regex>` of a decoder only. In OS_Regex this changes not just what is returned:
   * a few patterns match with it and do not match without it (spec/engine-regex.md, 5.3).
   */
  captures?: boolean
  /** The original's case-sensitive flag, which no Wazuh tag passes: the *pattern* is then not lower-cased, the text still is. */
  caseSensitive?: boolean
  /** The reference matcher, without any short cut. For tests that run both. */
  plain?: boolean
}

/** Where and what a pattern matched. */
export interface Match {
  /**
   * Index in the text of what the original takes for the last matched byte. OS_Regex often names another one, and an empty PCRE2 match
   * names the byte before itself, so it can be `start - 1`. Text after the match begins at `end + 1`, or at `end` when that is the end of
   * the text. -1 for languages that report no place (osmatch, wordmatch, string).
   */
  end: number
  /** The captured texts in order; empty without the option, or when the language has none. */
  captures: string[]
}

export interface Pattern {
  readonly kind: PatternKind
  /** The pattern as it was written. */
  readonly source: string
  /**
   * Lower-case literals of which one at least must occur in the lower-cased text ({@link lowerAscii}) for the pattern to match: an empty
   * list never matches. Undefined: nothing is known, the pattern must be tried. Sound for every text; see literals.ts.
   */
  readonly literals: readonly string[] | undefined
  /** Whether the text matches. Negation by `negate="yes"` is not known here; the `!` of osmatch is. */
  test(text: string): boolean
  /**
   * The match in the part of `text` from `start` on, which is looked at as if it were the whole text: anchors mean its ends. Prefer it to
   * slicing the text, since what was worked out about a text is kept for the next pattern.
   */
  exec(text: string, start?: number): Match | undefined
}

/** Why a pattern does not compile. `code` is the number of the original (3 too long, 6 bad regex, 7 bad parenthesis; 0 for PCRE2). */
export interface PatternError {
  code: number
  message: string
}

export type Compiled = { pattern: Pattern; error?: undefined } | { pattern?: undefined; error: PatternError }

/** Longest pattern of OS_Regex and OS_Match in bytes. os_regex.h: OS_PATTERN_MAXSIZE. */
export const maxPatternLength = 20_480

export const tooLong: PatternError = {
  code: 3,
  message: `the pattern is longer than ${maxPatternLength} bytes`,
}
