/** Reading what stands behind a backslash, and character classes in brackets. PCRE2 10.42, pcre2pattern(3). */
import {
  type CharMode,
  type CharSet,
  caseVariants,
  charSet,
  escapeClass,
  type Predicate,
  posixClass,
  propertyClass,
  setOf,
} from './char-set.ts'
import type { Reader } from './reader.ts'

/** The options that `(?i)` and its like switch. */
export interface Options extends CharMode {
  caseless: boolean
  multiline: boolean
  dotAll: boolean
  extended: boolean
  /** `(?xx)`: blanks and tabs in a class mean nothing. */
  extendedMore: boolean
  ungreedy: boolean
  noAutoCapture: boolean
  duplicateNames: boolean
}

const simpleEscapes: Record<string, number> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 }

/** Reads the letter or digits of an escape that stands for one character; the backslash and `letter` are taken. */
export function readCharEscape(reader: Reader, letter: string, mode: CharMode): number | undefined {
  const simple = simpleEscapes[letter]
  if (simple !== undefined) return simple
  switch (letter) {
    case 'x':
      return readHex(reader, mode)
    case 'o':
      return readBraced(reader, mode, '\\o', /\{([0-7]*)\}/y, 8)
    case 'c': {
      const char = reader.next()
      if (char === '') return reader.fail('\\c at end of pattern')
      if (char < ' ' || char > '~') return reader.fail('\\c must be followed by a printable ASCII character')
      return char.toUpperCase().charCodeAt(0) ^ 0x40
    }
  }
  if (/^[0-7]$/.test(letter)) {
    const code = Number.parseInt(letter + (reader.takeMatch(/[0-7]{0,2}/y)?.[0] ?? ''), 8)
    if (!mode.utf && code > 0xff) return reader.fail('octal value is greater than \\377')
    return code
  }
  if (/^[A-Za-z]$/.test(letter)) return undefined
  return letter.codePointAt(0)
}

function readHex(reader: Reader, mode: CharMode): number {
  if (reader.startsWith('{')) return readBraced(reader, mode, '\\x', /\{([\da-fA-F]*)\}/y, 16)
  return Number.parseInt(reader.takeMatch(/[\da-fA-F]{1,2}/y)?.[0] ?? '0', 16)
}

function readBraced(reader: Reader, mode: CharMode, what: string, form: RegExp, base: number): number {
  const found = reader.takeMatch(form)
  if (!found) return reader.fail(`${what} is not followed by a number in braces`)
  if (found[1] === '') return reader.fail(`digits missing in ${what}{}`)
  return checkCode(reader, Number.parseInt(found[1]!, base), mode)
}

function checkCode(reader: Reader, code: number, { utf }: CharMode): number {
  if (code > (utf ? 0x10ffff : 0xff)) return reader.fail('the character code is too large')
  if (utf && code >= 0xd800 && code <= 0xdfff) return reader.fail('surrogates are no characters')
  return code
}

/** What a class escape accepts (`\d`, `\P{Lu}`, …); undefined when `letter` begins none. The backslash and `letter` are taken. */
export function readClassEscape(reader: Reader, letter: string, mode: CharMode): Predicate | undefined {
  if (letter === 'p' || letter === 'P') return readProperty(reader, letter === 'P')
  const own = escapeClass(letter, mode)
  if (own) return own
  const opposite = escapeClass(letter.toLowerCase(), mode)
  return opposite && ((code) => !opposite(code))
}

function readProperty(reader: Reader, negated: boolean): Predicate {
  const found = reader.takeMatch(/\{(\^?)([^{}]+)\}|([A-Za-z])/y)
  if (!found) return reader.fail('malformed \\p or \\P')
  const name = found[2] ?? found[3]!
  const test = propertyClass(name)
  if (!test) return reader.fail(`no Unicode property is called "${name}"`)
  const inverted = negated !== (found[1] === '^')
  return inverted ? (code) => !test(code) : test
}

/** Reads a class; its opening bracket is taken. */
export function readClass(reader: Reader, options: Options): CharSet {
  const negated = reader.take('^')
  const tests: Predicate[] = []
  let quoting = false

  for (let isFirst = true; ; isFirst = false) {
    skipMarks()
    if (!quoting && !isFirst && reader.take(']')) break
    if (reader.done) return reader.fail('missing "]" after a character class')
    tests.push(readPosix() ?? readMember())
  }
  return setOf((code) => tests.some((test) => test(code)) !== negated, options)

  /** Passes `\Q`, `\E` and, with `(?xx)`, blanks. */
  function skipMarks(): void {
    for (;;) {
      if (quoting) {
        if (!reader.take('\\E')) return
        quoting = false
      } else if (reader.take('\\Q')) quoting = true
      else if (!reader.take('\\E') && !(options.extendedMore && reader.takeMatch(/[ \t]/y))) return
    }
  }

  function readPosix(): Predicate | undefined {
    const found = quoting ? undefined : reader.takeMatch(/\[([:.=])(\^?)((?:\\[\]\\]|(?!\[\1)[^\]])*?)\1\]/sy)
    if (!found) return undefined
    if (found[1] !== ':') return reader.fail('POSIX collating elements are not supported')
    const folded = options.caseless && (found[3] === 'lower' || found[3] === 'upper') ? 'alpha' : found[3]!
    const test = posixClass(folded, options)
    if (!test) return reader.fail(`unknown POSIX class "${found[3]}"`)
    refuseRange()
    return found[2] === '^' ? (code) => !test(code) : test
  }

  /** One character, a range, or a class escape. */
  function readMember(): Predicate {
    const from = readOne()
    if (typeof from === 'function') {
      refuseRange()
      return from
    }
    skipMarks()
    const beforeHyphen = reader.at
    if (quoting || !reader.take('-')) return rangeTest(from, from, options)
    skipMarks()
    if (reader.done) return reader.fail('missing "]" after a character class')
    if (!quoting && reader.startsWith(']')) {
      reader.at = beforeHyphen
      return rangeTest(from, from, options)
    }
    const to = readPosix() ?? readOne()
    if (typeof to === 'function') return reader.fail('invalid range in character class')
    if (to < from) return reader.fail('range out of order in character class')
    return rangeTest(from, to, options)
  }

  /** A class cannot begin a range; its hyphen may only be the last of the brackets. */
  function refuseRange(): void {
    if (/^-[^\]]/s.test(reader.text.slice(reader.at, reader.at + 2))) reader.fail('invalid range in character class')
  }

  function readOne(): number | Predicate {
    const char = reader.next()
    if (quoting || char !== '\\') return char.codePointAt(0)!
    const letter = reader.next()
    if (letter === '') return reader.fail('\\ at end of pattern')
    if (letter === 'b') return 8
    if ('BRXN'.includes(letter)) return reader.fail(`\\${letter} means nothing in a character class`)
    return (
      readClassEscape(reader, letter, options) ??
      readCharEscape(reader, letter, options) ??
      reader.fail(`unrecognized character follows \\: "${letter}"`)
    )
  }
}

function rangeTest(from: number, to: number, options: Options): Predicate {
  const within: Predicate = (code) => code >= from && code <= to
  if (!options.caseless) return within
  return (code) => caseVariants(code, options).some(within)
}

/** The set of one character under the options. */
export function literalSet(code: number, options: Options): CharSet {
  return charSet(code, options.caseless, options)
}
