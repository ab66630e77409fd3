/** What an OS_Regex needs in a text to match at all: see gates.ts. */
import { lowerAscii } from '../patterns/index.ts'

/** A piece of an OS_Regex: `a`, `\d+`, `(`, or the anchors as they are written. */
export type Token = { kind: 'literal' | 'class' | 'mark' | 'begin' | 'end'; text: string; repeat: string }

export function alternativesOf(source: string): Token[][] {
  const alternatives: Token[][] = [[]]
  for (const [text, escaped, repeat] of source.matchAll(/(\\.)([+*]?)|./gs)) {
    const tokens = alternatives.at(-1)!
    if (escaped) tokens.push({ kind: 'class', text: escaped, repeat: repeat! })
    else if (text === '|') alternatives.push([])
    else if (text === '^' && tokens.length === 0) tokens.push({ kind: 'begin', text, repeat: '' })
    else tokens.push({ kind: text === '(' || text === ')' ? 'mark' : 'literal', text, repeat: '' })
  }
  for (const tokens of alternatives) {
    const last = tokens.at(-1)
    if (last?.kind === 'literal' && last.text === '$') last.kind = 'end'
  }
  return alternatives
}

/**
 * Texts that an alternative consumes, the most telling first; undefined when it never matches, as no literal beyond ASCII does.
 *
 * Why they are consumed (spec/engine-regex.md, 5.3): what is left out of a match is a repeated class that took nothing, classes at the end of the
 * pattern when the text ends, and a last literal right behind a class without repeat (step C). So every other literal is consumed, and so is a
 * class of one byte, such as `\s`, when a literal comes after it. With + the flag `rep` may still be set from a class before, and then the
 * class is passed by without a byte; a literal behind a repeated class clears the flag, and only then does it count.
 */
export function runsOf(alternative: Token[]): string[] | undefined {
  const tokens = alternative.filter(({ kind }) => kind !== 'begin' && kind !== 'end')
  const isForgiven = (i: number) => i === tokens.length - 1 && tokens[i - 1]?.kind === 'class' && !tokens[i - 1]!.repeat
  const last = tokens.findLastIndex(({ kind }, i) => kind === 'literal' && !isForgiven(i))
  const runs: string[] = []
  let run = ''
  for (const [i, { kind, text, repeat }] of tokens.entries()) {
    const single = kind === 'class' && i < last ? singles[text] : undefined
    if (kind === 'literal' && !isForgiven(i)) {
      if (text > '\x7f') return undefined
      run += lowerAscii(text)
    } else if (single !== undefined && repeat === '') run += single
    else if (single !== undefined && repeat === '+' && isFlagCleared(tokens, i)) {
      runs.push(run + single)
      run = single
    } else if (kind === 'class' || tokens[i - 1]?.kind === 'mark') {
      // Of two marks that meet, the second is taken for a literal of its own.
      runs.push(run)
      run = ''
    }
  }
  runs.push(run)
  return [...new Set(runs.filter((text) => text !== ''))].sort((a, b) => telling(b) - telling(a))
}

/** Classes of one byte. */
const singles: Record<string, string> = {
  '\\s': ' ',
  '\\t': '\t',
  '\\(': '(',
  '\\)': ')',
  '\\\\': '\\',
  '\\$': '$',
  '\\|': '|',
  '\\<': '<',
}

/** Whether literals stand right before a token, and a repeated class before them. */
function isFlagCleared(tokens: Token[], i: number): boolean {
  let before = i - 1
  while (tokens[before]?.kind === 'literal') before--
  return before < i - 1 && tokens[before]?.kind === 'class' && tokens[before]!.repeat !== ''
}

/** Longer texts are rarer; of single bytes, those that few logs are full of. */
function telling(run: string): number {
  return run.length * 2 - (/^[ :.,/=\-a-z0-9]$/.test(run) ? 1 : 0)
}

/** Bytes that can begin a match, when every alternative is anchored and begins with a literal or a class that takes a byte. */
export function firstOf(alternatives: Token[][]): Uint8Array | undefined {
  const firsts = new Set<string>()
  for (const tokens of alternatives) {
    if (tokens[0]?.kind !== 'begin') return undefined
    const first = tokens[1]?.kind === 'mark' ? tokens[2] : tokens[1]
    if (!first || (first.kind !== 'literal' && first.kind !== 'class') || first.repeat === '*') return undefined
    firsts.add(first.kind === 'class' ? first.text : lowerAscii(first.text))
  }
  const key = [...firsts].sort().join('')
  let bytes = tables.get(key)
  if (!bytes) tables.set(key, (bytes = tableOf([...firsts])))
  return bytes
}

/** Patterns begin in few ways, and what is shared stays near at hand. */
const tables = new Map<string, Uint8Array>()

function tableOf(firsts: readonly string[]): Uint8Array {
  const tests = firsts.map(memberTest)
  return Uint8Array.from({ length: 256 }, (_, byte) => (tests.some((test) => test(byte)) ? 1 : 0))
}

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39
/** Asked in lower case. */
const isWord = (byte: number) =>
  isDigit(byte) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f || byte === 0x2d || byte === 0x40

/** Lower-case bytes that a literal or class takes; all for a class that is not worth a line here. */
function memberTest(text: string): (byte: number) => boolean {
  if (text.length === 1) return (byte) => byte === text.charCodeAt(0) && byte < 0x80
  if (text === '\\d') return isDigit
  if (text === '\\w') return isWord
  if (text === '\\s') return (byte) => byte === 0x20
  if (text === '\\S') return (byte) => byte !== 0x20
  return /^\\[()\\$|<]$/.test(text) ? (byte) => byte === text.charCodeAt(1) : () => true
}
