/**
 * Sets of characters: what one step of a pattern accepts. A character is a byte, or a code point under `(*UTF)`.
 */

export interface CharSet {
  /** Membership of 0 to 255. */
  low: Uint8Array
  /** Membership of code points above 255, which only `(*UTF)` sees; undefined: none. */
  high?: (code: number) => boolean
  /** The one member, of a set that is a plain character. */
  only?: number
}

/** How characters are understood: `utf` by `(*UTF)`, `ucp` by `(*UCP)`. */
export interface CharMode {
  utf: boolean
  ucp: boolean
}

export type Predicate = (code: number) => boolean

/** The set of all that `test` accepts. */
export function setOf(test: Predicate, { utf }: CharMode): CharSet {
  const low = Uint8Array.from({ length: 256 }, (_, code) => (test(code) ? 1 : 0))
  return utf ? { low, high: remembering(test) } : { low }
}

/** The set of one character and, when caseless, its other cases. */
export function charSet(code: number, caseless: boolean, mode: CharMode): CharSet {
  const codes = caseless ? caseVariants(code, mode) : [code]
  const low = new Uint8Array(256)
  for (const one of codes) if (one < 256) low[one] = 1
  const above = codes.filter((one) => one > 255)
  return {
    low,
    ...(above.length > 0 && { high: (one: number) => above.includes(one) }),
    ...(codes.length === 1 && { only: code }),
  }
}

/** The character that the set is, in lower case: of one member, or of a letter of ASCII in both cases. Undefined for other sets. */
export function literalOf({ low, high, only }: CharSet): number | undefined {
  if (only !== undefined) return lowerCode(only)
  if (high) return undefined
  let literal: number | undefined
  for (let code = 0; code < 256; code++) {
    if (low[code] !== 1) continue
    // The small letter comes behind the capital.
    if (literal !== undefined && lowerCode(literal) !== code) return undefined
    literal = code
  }
  return literal === undefined ? undefined : lowerCode(literal)
}

function lowerCode(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code
}

const remembered = 4096

function remembering(test: Predicate): Predicate {
  const known = new Map<number, boolean>()
  return (code) => {
    const answer = known.get(code)
    if (answer !== undefined) return answer
    const fresh = test(code)
    if (known.size < remembered) known.set(code, fresh)
    return fresh
  }
}

let unicodeCases: Map<number, number[]> | undefined

/** The character and its other cases: of ASCII alone, unless the pattern asks for Unicode. */
export function caseVariants(code: number, { utf, ucp }: CharMode): number[] {
  if (!utf && !ucp) {
    const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
    return isLetter ? [code, code ^ 0x20] : [code]
  }
  unicodeCases ??= collectCases()
  const all = unicodeCases.get(code) ?? [code]
  return utf ? all : all.filter((one) => one < 256)
}

/** Simple case folding: characters are one when a single character is the upper or lower case of the other. */
function collectCases(): Map<number, number[]> {
  const classes = new Map<number, number[]>()
  const join = (a: number, b: number) => {
    const [first, second] = [classes.get(a) ?? [a], classes.get(b) ?? [b]]
    if (first === second) return
    const all = [...first, ...second]
    for (const code of all) classes.set(code, all)
  }
  for (let code = 0; code < 0x1ffff; code++) {
    // The dotted capital and the dotless small i have no simple other case.
    if ((code >= 0xd800 && code <= 0xdfff) || code === 0x130 || code === 0x131) continue
    const char = String.fromCodePoint(code)
    for (const other of [char.toLowerCase(), char.toUpperCase()]) {
      const otherCode = other.codePointAt(0)!
      if (otherCode !== code && other.length === String.fromCodePoint(otherCode).length) join(code, otherCode)
    }
  }
  return classes
}

const isDigit: Predicate = (code) => code >= 0x30 && code <= 0x39
const isUpper: Predicate = (code) => code >= 0x41 && code <= 0x5a
const isLower: Predicate = (code) => code >= 0x61 && code <= 0x7a
const isAlpha: Predicate = (code) => isUpper(code) || isLower(code)
const isAlnum: Predicate = (code) => isAlpha(code) || isDigit(code)
const isWord: Predicate = (code) => isAlnum(code) || code === 0x5f
const isSpace: Predicate = (code) => (code >= 9 && code <= 13) || code === 32
const isGraph: Predicate = (code) => code > 32 && code < 127
const isHorizontal: Predicate = (code) =>
  [9, 0x20, 0xa0, 0x1680, 0x180e, 0x202f, 0x205f, 0x3000].includes(code) || (code >= 0x2000 && code <= 0x200a)
const isVertical: Predicate = (code) => (code >= 10 && code <= 13) || [0x85, 0x2028, 0x2029].includes(code)

/** What `\d`, `\w`, `\s`, `\h`, `\v` accept, by their letter. */
export function escapeClass(letter: string, { ucp }: CharMode): Predicate | undefined {
  switch (letter) {
    case 'd':
      return ucp ? property('Nd') : isDigit
    case 'w':
      return ucp ? unicodeWord : isWord
    case 's':
      return ucp ? unicodeSpace : isSpace
    case 'h':
      return isHorizontal
    case 'v':
      return isVertical
  }
  return undefined
}

const unicodeLetterOrNumber = regexpPredicate('[\\p{L}\\p{N}]')
const unicodeWord: Predicate = (code) => code === 0x5f || unicodeLetterOrNumber(code)
const unicodeSeparator = regexpPredicate('\\p{Z}')
const unicodeSpace: Predicate = (code) => unicodeSeparator(code) || isHorizontal(code) || isVertical(code)
const unicodePunctuation = regexpPredicate('\\p{P}')
const unicodeSymbol = regexpPredicate('\\p{S}')
// Printing characters: not the separators but U+180E, not the controls, and of the format characters not those that only steer the text.
const unicodeUnprintable = regexpPredicate('[\\p{Zl}\\p{Zp}\\p{Cc}\\p{Cs}\\p{Cn}\\u061C\\u2066-\\u2069]')
const isInvisibleSpace = regexpPredicate('[\\p{Z}\\u180E]')

/** A POSIX class by its name, `[:alpha:]`. */
export function posixClass(name: string, { ucp }: CharMode): Predicate | undefined {
  if (ucp) {
    switch (name) {
      case 'alpha':
        return property('L')
      case 'lower':
        return property('Ll')
      case 'upper':
        return property('Lu')
      case 'alnum':
        return unicodeLetterOrNumber
      case 'digit':
        return property('Nd')
      case 'space':
        return unicodeSpace
      case 'blank':
        return isHorizontal
      case 'cntrl':
        return property('Cc')
      case 'word':
        return unicodeWord
      case 'print':
        return (code) => !unicodeUnprintable(code)
      case 'graph':
        return (code) => !unicodeUnprintable(code) && !isInvisibleSpace(code)
      case 'punct':
        return (code) => unicodePunctuation(code) || (code < 128 && unicodeSymbol(code))
    }
  }
  switch (name) {
    case 'alpha':
      return isAlpha
    case 'lower':
      return isLower
    case 'upper':
      return isUpper
    case 'alnum':
      return isAlnum
    case 'ascii':
      return (code) => code < 128
    case 'blank':
      return (code) => code === 9 || code === 32
    case 'cntrl':
      return (code) => code < 32 || code === 127
    case 'digit':
      return isDigit
    case 'graph':
      return isGraph
    case 'print':
      return (code) => isGraph(code) || code === 32
    case 'punct':
      return (code) => isGraph(code) && !isAlnum(code)
    case 'space':
      return isSpace
    case 'word':
      return isWord
    case 'xdigit':
      return (code) => isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66)
  }
  return undefined
}

/** A Unicode property by the name in `\p{…}`; undefined when there is none of that name. */
export function propertyClass(name: string): Predicate | undefined {
  const plain = name.replace(/[\s_-]/g, '').toLowerCase()
  switch (plain) {
    case 'any':
      return () => true
    case 'l&':
    case 'lc':
      return regexpPredicate('\\p{LC}')
    case 'xan':
      return unicodeLetterOrNumber
    case 'xps':
    case 'xsp':
      return unicodeSpace
    case 'xwd':
      return unicodeWord
  }
  const spelled = /^[a-z]{1,2}$/.test(plain) ? plain[0]!.toUpperCase() + plain.slice(1) : name.trim()
  for (const source of [`\\p{gc=${spelled}}`, `\\p{scx=${spelled}}`, `\\p{${spelled}}`]) {
    try {
      return regexpPredicate(source)
    } catch {
      // No such name in this family; the next one is asked.
    }
  }
  return undefined
}

function property(category: string): Predicate {
  return regexpPredicate(`\\p{${category}}`)
}

function regexpPredicate(source: string): Predicate {
  const regexp = new RegExp(`^${source}$`, 'u')
  return (code) => regexp.test(String.fromCodePoint(code))
}
