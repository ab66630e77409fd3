/**
 * Reading an OS_Regex pattern. spec/engine-regex.md, 5.1.
 *
 * A pattern becomes alternatives of tokens. There are three: a literal byte, a class (everything written with a backslash, `\(` and `\t`
 * included) with or without a repeat, and a mark, which is what both parentheses become.
 */
import type { PatternError } from './pattern.ts'
import { maxPatternLength, tooLong } from './pattern.ts'
import { lowerAscii } from './text.ts'

export type Token =
  | { kind: 'literal'; byte: number }
  | { kind: 'class'; members: Uint8Array; repeat: '' | '+' | '*' }
  | { kind: 'mark'; index: number }

export interface RegexAlternative {
  tokens: Token[]
  atStart: boolean
  atEnd: boolean
}

export interface ParsedOsRegex {
  alternatives: RegexAlternative[]
  /** Whether any alternative has a group: without one the original does not record marks, whatever was asked for. */
  hasGroups: boolean
}

/** How many bytes an alternative looks at in one match, before it is given up as not matched. */
export const maxSteps = 20_000_000

/** What a mark is compared as when it stands where a literal is expected. */
export const markByte = 0x28

const punctuation = '!"#$%&\'()*+,-.:;<=>?[]{|}'

function members(test: (char: string, byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (test(String.fromCharCode(byte), byte) ? 1 : 0))
}

const isDigit = (char: string) => char >= '0' && char <= '9'
const isWord = (char: string) => /[\w@-]/.test(char)

/** The bytes of each class, by the letter after the backslash. Every class holds both cases of a letter or none. */
export const classes: ReadonlyMap<string, Uint8Array> = new Map([
  ['d', members(isDigit)],
  ['w', members(isWord)],
  ['s', members((char) => char === ' ')],
  ['p', members((char) => punctuation.includes(char))],
  ['D', members((char) => !isDigit(char))],
  ['W', members((char) => !isWord(char))],
  ['S', members((char) => char !== ' ')],
  ['.', members(() => true)],
  ['t', members((char) => char === '\t')],
  ...[...'()\\$|<'].map((own): [string, Uint8Array] => [own, members((char) => char === own)]),
])

/**
 * The alternatives of a pattern, or why the original refuses it.
 *
 * @param caseSensitive leave the literals as they are written; the text is lower-cased all the same, so capitals never match
 */
export function parseOsRegex(source: string, caseSensitive = false): ParsedOsRegex | { error: PatternError } {
  if (source.length > maxPatternLength) return { error: tooLong }
  const pieces = splitAlternatives(source)
  if (!Array.isArray(pieces)) return { error: pieces }
  const alternatives = pieces.map((piece) => readAlternative(caseSensitive ? piece : lowerOutsideEscapes(piece)))
  return { alternatives, hasGroups: alternatives.some(({ tokens }) => tokens.some(({ kind }) => kind === 'mark')) }
}

function splitAlternatives(source: string): string[] | PatternError {
  const pieces: string[] = []
  let from = 0
  let depth = 0
  for (let at = 0; at < source.length; at++) {
    const char = source[at]
    if (char === '\\') {
      const escaped = source[++at]
      if (escaped === undefined || !classes.has(escaped)) return badEscape(escaped, at - 1)
    } else if (char === '(' || char === ')') {
      depth += char === '(' ? 1 : -1
      if (depth < 0) return badParenthesis(`")" at ${at} closes nothing`)
      if (depth > 1) return badParenthesis(`"(" at ${at} stands inside another group, and OS_Regex has one level`)
    } else if (char === '|') {
      if (depth > 0) return badParenthesis(`"|" at ${at} stands inside a group; it separates whole alternatives`)
      pieces.push(source.slice(from, at))
      from = at + 1
    }
  }
  if (depth > 0) return badParenthesis('a "(" is never closed')
  pieces.push(source.slice(from))
  return pieces
}

function badEscape(escaped: string | undefined, at: number): PatternError {
  const what = escaped === undefined ? 'the pattern ends in a backslash' : `"\\${escaped}" at ${at} is no class`
  return {
    code: 6,
    message: `${what}; OS_Regex knows \\d \\w \\s \\p \\D \\W \\S \\. \\t and \\( \\) \\\\ \\$ \\| \\<`,
  }
}

function badParenthesis(message: string): PatternError {
  return { code: 7, message }
}

function lowerOutsideEscapes(piece: string): string {
  return piece.replace(/\\.|[^\\]+/gs, (part) => (part.startsWith('\\') ? part : lowerAscii(part)))
}

function readAlternative(piece: string): RegexAlternative {
  const atStart = piece.startsWith('^')
  const tokens: Token[] = []
  let marks = 0
  for (let at = atStart ? 1 : 0; at < piece.length; at++) {
    const char = piece[at]!
    if (char === '\\') {
      const next = piece[at + 2]
      const repeat = next === '+' || next === '*' ? next : ''
      tokens.push({ kind: 'class', members: classes.get(piece[at + 1]!)!, repeat })
      at += 1 + repeat.length
    } else if (char === '(' || char === ')') {
      tokens.push({ kind: 'mark', index: marks++ })
    } else {
      tokens.push({ kind: 'literal', byte: char.charCodeAt(0) })
    }
  }
  const last = tokens.at(-1)
  const atEnd = last?.kind === 'literal' && last.byte === 0x24
  if (atEnd) tokens.pop()
  return { tokens, atStart, atEnd }
}
