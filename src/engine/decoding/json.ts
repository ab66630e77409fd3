/**
 * Reads JSON as the analysis engine's parser does (cJSON 1.7.18) and hands out dotted names with their values as texts, without building objects
 * (spec/engine-decoders.md section 7.1; json_decoder.c, 4.14.7).
 *
 * Where it differs from `JSON.parse`:
 *
 * - what follows the first value is ignored; every byte up to the space is white space; a byte order mark is skipped
 * - numbers are whatever `strtod` makes of the next 63 bytes of `0-9 + - . e E`: `007`, `5.` and `-.5` are fine
 * - strings may hold raw control characters and any bytes; `\u0000`, and `\u` with bad digits, end the text for all who read it later
 * - names may repeat, and each is handed out in turn
 * - more than 1,000 levels are refused
 *
 * Nothing is handed out when any part of the text is malformed.
 */
import { ByteText } from '../../byte-text.ts'
import { bytesOf } from '../patterns/text.ts'
import { type JsonName, topName } from './json-names.ts'
import { fieldNumber, printedNumber, printedString } from './json-print.ts'

export { printedString } from './json-print.ts'

export interface JsonShape {
  /** An array's value: its text as cJSON prints it, or its simple elements with commas between. */
  arrays: 'array' | 'csv'
  /** What `null` becomes: the word, or nothing. */
  nulls: 'string' | 'discard'
}

/** Names and values in the order of the text. */
export interface JsonFields {
  /** As many as there are values count, and only until the next text is read. */
  readonly names: readonly JsonName[]
  readonly values: string[]
}

const maxDepth = 1_000
/** Longest number, in bytes: the rest is left over and makes the text malformed. */
const maxNumber = 63
/** Text of an array as CSV is shorter than this (OS_MAXSTR). */
const maxCsv = 65_536

const quote = 0x22
const comma = 0x2c
const minus = 0x2d
const zero = 0x30
const nine = 0x39
const colon = 0x3a
const openArray = 0x5b
const backslash = 0x5c
const closeArray = 0x5d
const letterF = 0x66
const letterN = 0x6e
const letterT = 0x74
const letterU = 0x75
const openObject = 0x7b
const closeObject = 0x7d

const number = /[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y

let text = ''
/** Of the text, with an end mark behind them. */
let bytes: Uint8Array = new Uint8Array(0)
let at = 0
let depth = 0
let nextEscape = 0
/** Whether what is printed has spaces, tabs and line ends. */
let pretty = true
let csv = false
let discardNull = false
/** What the last string, array or number came to. */
let value = ''
/** Of the text at hand and of longer ones before: arrays that grow with each text leave as much again behind. */
const names: JsonName[] = []
const values: string[] = []
let count = 0
const mostKept = 256

/**
 * The fields of a JSON object in `source` from `start` on; undefined when it is malformed. Any other value at top level has no fields.
 *
 * @param source a byte string without NUL
 */
export function readJson(source: string, start: number, shape: JsonShape): JsonFields | undefined {
  begin(source, start, true)
  count = 0
  csv = shape.arrays === 'csv'
  discardNull = shape.nulls === 'discard'
  // Any other value must be well formed too.
  const isWhole = bytes[at]! === openObject ? readObject(topName()) : printValue(0)
  finish()
  const fields = isWhole ? { names, values: values.slice(0, count) } : undefined
  // What stands behind is of other texts, and keeps them alive.
  if (count > mostKept) values.length = 0
  return fields
}

/** A text that is one whole array, as cJSON prints it without white space; undefined for any other text. */
export function compactArray(source: string): string | undefined {
  if (source.charCodeAt(0) !== openArray) return undefined
  begin(source, 0, false)
  const isWhole = printArray(0) && at === source.length
  finish()
  return isWhole ? value : undefined
}

/**
 * The members of a JSON object with their values printed without white space; undefined when the text is malformed, and none when it is no object.
 *
 * @param source a byte string without NUL
 */
export function printMembers(source: string): { name: string; printed: string }[] | undefined {
  begin(source, 0, false)
  const members: { name: string; printed: string }[] = []
  const isObject = bytes[at]! === openObject
  const isWhole = isObject ? printObject(0, (name) => members.push({ name, printed: value })) : printValue(0)
  finish()
  return isWhole ? members : undefined
}

function begin(source: string, start: number, isPretty: boolean): void {
  text = source
  bytes = bytesOf(source)
  at = text.startsWith('\xef\xbb\xbf', start) ? start + 3 : start
  depth = 0
  nextEscape = -2
  pretty = isPretty
  skipSpace()
}

/** A large log is not kept alive until the next one. */
function finish(): void {
  text = ''
}

function skipSpace(): void {
  while (bytes[at]! <= 0x20) at++
}

function readObject(around: JsonName): boolean {
  if (depth >= maxDepth) return false
  depth++
  at++
  skipSpace()
  if (bytes[at]! === closeObject) {
    at++
    depth--
    return true
  }
  let expected = around.first
  let before: JsonName | undefined
  for (;;) {
    let name: JsonName
    if (expected?.quoted !== undefined && text.startsWith(expected.quoted, at)) {
      name = expected
      at += expected.quoted.length
    } else {
      if (!readString()) return false
      name = around.member(value)
      if (before) before.next = name
      else around.first = name
    }
    before = name
    expected = name.next
    skipSpace()
    if (bytes[at]! !== colon) return false
    at++
    skipSpace()
    if (!readMember(name)) return false
    skipSpace()
    const next = bytes[at++]!
    if (next === closeObject) {
      depth--
      return true
    }
    if (next !== comma) return false
    skipSpace()
  }
}

function readMember(name: JsonName): boolean {
  switch (bytes[at]!) {
    case quote:
      if (!readString()) return false
      break
    case openObject:
      return readObject(name)
    case openArray:
      if (!csv) {
        if (!printArray(0)) return false
        break
      }
      if (!joinArray()) return false
      if (value === '') return true
      break
    case letterN:
      if (!readWord('null')) return false
      if (discardNull) return true
      break
    case letterT:
      if (!readWord('true')) return false
      break
    case letterF:
      if (!readWord('false')) return false
      break
    default:
      if (!readNumber(false)) return false
  }
  names[count] = name
  values[count++] = value
  return true
}

function readWord(word: string): boolean {
  if (!text.startsWith(word, at)) return false
  at += word.length
  value = word
  return true
}

/** So many bytes are looked at one by one, which costs less than to begin a search. */
const shortString = 24

/** A string at `at`, undone of its escapes, up to the first NUL. */
function readString(): boolean {
  if (bytes[at]! !== quote) return false
  const start = at + 1
  const near = Math.min(start + shortString, text.length)
  for (let i = start; i < near; i++) {
    const code = bytes[i]!
    if (code === backslash) return readEscaped(start, i)
    if (code !== quote) continue
    value = text.slice(start, i)
    at = i + 1
    return true
  }
  const end = text.indexOf('"', near)
  if (end === -1) return false
  // Most strings hold no escape, and one search serves all of them up to the next that does.
  if (nextEscape !== -1 && nextEscape < near) nextEscape = text.indexOf('\\', near)
  if (nextEscape === -1 || nextEscape > end) {
    value = text.slice(start, end)
    at = end + 1
    return true
  }
  return readEscaped(start, nextEscape)
}

/** By the code of the byte behind the backslash; 0 for what is none. */
const simpleEscapes = new Uint8Array(256)
for (const [letter, meant] of ['b\b', 'f\f', 'n\n', 'r\r', 't\t', '""', '\\\\', '//']) {
  simpleEscapes[letter!.charCodeAt(0)] = meant!.charCodeAt(0)
}

const unescaped = new ByteText()

/** @param first the first backslash */
function readEscaped(start: number, first: number): boolean {
  const { length } = text
  unescaped.clear()
  unescaped.addBytes(bytes, start, first)
  let end = -1
  let i = first
  for (;;) {
    const from = i
    let code = bytes[i]!
    while (code !== quote && code !== backslash && i < length) code = bytes[++i]!
    if (i === length) return false
    unescaped.addBytes(bytes, from, i)
    if (code === quote) break
    const letter = bytes[i + 1]!
    if (letter === letterU) {
      if (end === -1) end = closingQuote(i)
      const taken = end === -1 ? 0 : readUnicode(i, end)
      if (taken === 0) return false
      unescaped.add(value)
      i += taken
    } else {
      const plain = simpleEscapes[letter]!
      if (plain === 0) return false
      unescaped.addByte(plain)
      i += 2
    }
  }
  const result = unescaped.toString()
  const nul = result.indexOf('\0')
  value = nul === -1 ? result : result.slice(0, nul)
  at = i + 1
  return true
}

/** From a backslash or what is not escaped; -1 without one. */
function closingQuote(from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = bytes[i]!
    if (code === backslash) i++
    else if (code === quote) return i
  }
  return -1
}

/** `\uXXXX`, or two of them for a character beyond U+FFFF, as UTF-8. Bad digits count as zero. Gives the length, 0 when it is malformed. */
function readUnicode(from: number, end: number): number {
  if (end - from < 6) return 0
  const first = hex(from + 2)
  if (first >= 0xdc00 && first <= 0xdfff) return 0
  if (first < 0xd800 || first > 0xdbff) {
    value = Buffer.from(String.fromCharCode(first), 'utf8').toString('latin1')
    return 6
  }
  if (end - from < 12 || !text.startsWith('\\u', from + 6)) return 0
  const second = hex(from + 8)
  if (second < 0xdc00 || second > 0xdfff) return 0
  value = Buffer.from(String.fromCharCode(first, second), 'utf8').toString('latin1')
  return 12
}

function hex(from: number): number {
  const digits = text.slice(from, from + 4)
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : 0
}

/** @param forArray as it is printed inside an array, instead of as a field */
function readNumber(forArray: boolean): boolean {
  let code = bytes[at]!
  const isNegative = code === minus
  if (!isNegative && !(code >= zero && code <= nine)) return false
  // Nine digits at most, and nothing else that may belong to a number: the text is its own result.
  let i = isNegative ? at + 1 : at
  const first = i
  while ((code = bytes[i]!) >= zero && code <= nine) i++
  const isPlain = i > first && i - first <= 9 && (bytes[first]! !== zero || (i - first === 1 && !isNegative))
  if (isPlain && !isNumberByte(code)) {
    value = text.slice(at, i)
    at = i
    return true
  }
  number.lastIndex = 0
  const found = number.exec(text.slice(at, at + maxNumber))
  if (!found) return false
  at += found[0].length
  const parsed = Number(found[0])
  value = forArray ? printedNumber(parsed) : fieldNumber(parsed)
  return true
}

/** A digit has been taken before. */
function isNumberByte(code: number): boolean {
  return code === 0x2e || code === 0x65 || code === 0x45 || code === minus || code === 0x2b
}

/** Any value as cJSON prints it in formatted style; @param level containers around it, for the tabs */
function printValue(level: number): boolean {
  switch (bytes[at]!) {
    case quote:
      if (!readString()) return false
      value = printedString(value)
      return true
    case openObject:
      return printObject(level)
    case openArray:
      return printArray(level)
    case letterN:
      return readWord('null')
    case letterT:
      return readWord('true')
    case letterF:
      return readWord('false')
    default:
      return readNumber(true)
  }
}

function printArray(level: number): boolean {
  if (depth >= maxDepth) return false
  depth++
  at++
  skipSpace()
  if (bytes[at]! === closeArray) {
    at++
    depth--
    value = '[]'
    return true
  }
  let printed = '['
  for (;;) {
    if (!printValue(level + 1)) return false
    printed += value
    skipSpace()
    const next = bytes[at++]!
    if (next === closeArray) break
    if (next !== comma) return false
    printed += pretty ? ', ' : ','
    skipSpace()
  }
  depth--
  value = `${printed}]`
  return true
}

/** @param onMember called when `value` holds a member's printed value */
function printObject(level: number, onMember?: (name: string) => void): boolean {
  if (depth >= maxDepth) return false
  depth++
  at++
  skipSpace()
  const lineEnd = pretty ? '\n' : ''
  const outdent = pretty ? '\t'.repeat(level) : ''
  if (bytes[at]! === closeObject) {
    at++
    depth--
    value = `{${lineEnd}${outdent}}`
    return true
  }
  const indent = pretty ? `${outdent}\t` : ''
  const afterName = pretty ? ':\t' : ':'
  let printed = `{${lineEnd}`
  for (;;) {
    if (!readString()) return false
    const name = value
    skipSpace()
    if (bytes[at]! !== colon) return false
    at++
    skipSpace()
    if (!printValue(level + 1)) return false
    onMember?.(name)
    printed += indent + printedString(name) + afterName + value
    skipSpace()
    const next = bytes[at++]!
    if (next === closeObject) break
    if (next !== comma) return false
    printed += `,${lineEnd}`
    skipSpace()
  }
  depth--
  value = `${printed}${lineEnd}${outdent}}`
  return true
}

/** `json_array_structure` csv: simple elements joined with commas. Objects and arrays leave nothing, not even their comma. */
function joinArray(): boolean {
  if (depth >= maxDepth) return false
  depth++
  at++
  skipSpace()
  let joined = ''
  let isTooLong = false
  if (bytes[at]! === closeArray) at++
  else
    for (;;) {
      const code = bytes[at]!
      const isSimple = code !== openObject && code !== openArray
      const isNumber = isSimple && (code === minus || (code >= zero && code <= nine))
      const isRead = code === quote ? readString() : isNumber ? readNumber(false) : printValue(0)
      if (!isRead) return false
      if (isSimple && !isTooLong) {
        if (joined.length + value.length >= maxCsv - 1) isTooLong = true
        else joined += value
      }
      skipSpace()
      const next = bytes[at++]!
      if (next === closeArray) break
      if (next !== comma) return false
      if (isSimple) joined += ','
      skipSpace()
    }
  depth--
  value = isTooLong ? '' : joined
  return true
}
