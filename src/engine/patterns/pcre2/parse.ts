/**
 * Reading a PCRE2 pattern, as PCRE2 10.42 does with no options. pcre2pattern(3), pcre2syntax(3).
 *
 * What Wazuh accepts and we do not is refused by name, never read as something else: back-tracking verbs but `(*FAIL)`, newline conventions
 * but LF, heap and depth limits, non-atomic look-arounds, script runs, and `\X` and `\C` under `(*UTF)`.
 */
import type { Look, Node, Pcre2Pattern, Place, Shorthand } from './ast.ts'
import { possessify } from './auto-possess.ts'
import { escapeClass, setOf } from './char-set.ts'
import { literalSet, type Options, readCharEscape, readClass, readClassEscape } from './escapes.ts'
import { groupBodies, hasFixedLookBehinds } from './lengths.ts'
import { choiceOf, type ParseState, readGroup } from './parse-groups.ts'
import { Reader } from './reader.ts'
import { References } from './references.ts'

/** The default of pcre2_set_match_limit(3), which the original leaves as it is. */
const defaultMatchLimit = 10_000_000

const maxNesting = 250
const maxRepeat = 65_535
const unlimited = Number.POSITIVE_INFINITY

const anything = () => true
const isCrOrLf = (code: number) => code === 0x0a || code === 0x0d
const notNewline = (code: number) => code !== 0x0a

/** Settings of the very start, `(*UTF)` and its like. */
type Start = Omit<Pcre2Pattern, 'root' | 'groups' | 'foldsUnicode'> & {
  ucp: boolean
  onlyCrLf: boolean
  possessifies: boolean
  length: number
}

/** Reads a pattern given as a byte string; throws {@link Pcre2SyntaxError} where PCRE2 refuses it, or we do. */
export function parsePcre2(source: string): Pcre2Pattern {
  const start = readStart(source)
  const { utf, ucp, matchLimit, refusesEmpty } = start
  const reader = new Reader(utf ? decode(source) : source, start.length)
  const references = new References(reader, utf)
  let depth = 0
  const state: ParseState = {
    reader,
    references,
    lookDepth: 0,
    refusesEmpty: refusesEmpty !== undefined,
    readBranches(options, resets = false) {
      if (++depth > maxNesting + 1) reader.fail('parentheses are too deeply nested')
      const branches: Node[] = []
      const before = references.groups
      let highest = before
      references.resetsGroups ||= resets
      do {
        highest = Math.max(highest, references.groups)
        if (resets) references.groups = before
        branches.push(readSequence(state, options, start.onlyCrLf))
      } while (reader.take('|'))
      references.groups = Math.max(highest, references.groups)
      depth--
      return branches
    },
  }
  const root = choiceOf(
    state.readBranches({
      utf,
      ucp,
      caseless: false,
      multiline: false,
      dotAll: false,
      extended: false,
      extendedMore: false,
      ungreedy: false,
      noAutoCapture: false,
      duplicateNames: false,
    }),
  )
  if (!reader.done) reader.fail('unmatched closing parenthesis')
  references.resolve()
  if (!hasFixedLookBehinds(root, groupBodies(root))) reader.fail('a look-behind is not of fixed length')
  if (start.possessifies) possessify(root)
  return { root, groups: references.groups, utf, foldsUnicode: utf || ucp, matchLimit, refusesEmpty }
}

function readStart(source: string): Start {
  const start: Start = {
    utf: false,
    ucp: false,
    onlyCrLf: false,
    possessifies: true,
    matchLimit: defaultMatchLimit,
    length: 0,
  }
  const reader = new Reader(source)
  for (;;) {
    const found = reader.takeMatch(/\(\*([A-Z][A-Z_\d]*)(?:=(\d+))?\)/y)
    if (found?.[1] === 'UTF' || found?.[1] === 'UTF8') start.utf = true
    else if (found?.[1] === 'UCP') start.ucp = true
    else if (found?.[1] === 'NOTEMPTY') start.refusesEmpty = 'anywhere'
    else if (found?.[1] === 'NOTEMPTY_ATSTART') start.refusesEmpty ??= 'atStart'
    else if (found?.[1] === 'LIMIT_MATCH') start.matchLimit = Math.min(start.matchLimit, Number(found[2] ?? 0))
    else if (found?.[1] === 'BSR_ANYCRLF') start.onlyCrLf = true
    else if (found?.[1] === 'BSR_UNICODE') start.onlyCrLf = false
    else if (found?.[1] === 'NO_AUTO_POSSESS') start.possessifies = false
    // The rest of these change how PCRE2 works and not what it finds.
    else if (!found || !/^(?:LF|NO_DOTSTAR_ANCHOR|NO_JIT|NO_START_OPT)$/.test(found[1]!)) return start
    start.length = reader.at
  }
}

/** The text of a byte string that must be UTF-8. */
function decode(source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(source, 'latin1'))
  } catch {
    return new Reader(source).fail('the pattern is not UTF-8, though it begins with (*UTF)')
  }
}

function readSequence(state: ParseState, options: Options, onlyCrLf: boolean): Node {
  const { reader } = state
  const items: Node[] = []
  let isRepeatable = false
  while (!reader.done) {
    if (reader.take('\\Q')) {
      const end = reader.text.indexOf('\\E', reader.at)
      const to = end === -1 ? reader.text.length : end
      while (reader.at < to) {
        items.push(literal(reader.next(), options))
        isRepeatable = true
      }
      continue
    }
    if (reader.take('\\E') || skipComment(reader, options)) continue
    if (reader.startsWith('|') || reader.startsWith(')')) break
    const repeat = reader.takeMatch(/[*+?]|\{\d+(?:,\d*)?\}/y)?.[0]
    if (repeat) {
      if (!isRepeatable) reader.fail('quantifier does not follow a repeatable item')
      // Comments may stand between a quantifier and what makes it lazy or possessive.
      while (reader.take('\\Q\\E') || reader.take('\\E') || skipComment(reader, options));
      items.push(repeated(reader, items.pop()!, repeat, reader.takeMatch(/[+?]/y)?.[0] ?? '', options))
      isRepeatable = false
      continue
    }
    const isGroup = reader.startsWith('(') && !reader.startsWith('(*F')
    const item = readItem(state, options, onlyCrLf)
    isRepeatable = item !== undefined && (isGroup || !/^(?:place|wordBoundary|fail)$/.test(item.kind))
    if (item) items.push(item)
  }
  return items.length === 1 ? items[0]! : { kind: 'sequence', items }
}

function skipComment(reader: Reader, { extended }: Options): boolean {
  if (reader.take('(?#')) {
    const end = reader.text.indexOf(')', reader.at)
    if (end === -1) reader.fail('missing ) after (?# comment')
    reader.at = end + 1
    return true
  }
  return extended && reader.takeMatch(/[\t-\r ]|#[^\n]*\n?/y) !== undefined
}

function repeated(reader: Reader, body: Node, quantifier: string, suffix: string, { ungreedy }: Options): Node {
  const [min, max] = readBounds(reader, quantifier)
  const mode = suffix === '+' ? 'possessive' : (suffix === '?') !== ungreedy ? 'lazy' : 'greedy'
  if (min === 1 && max === 1) return mode === 'possessive' ? { kind: 'atomic', body } : body
  // An assertion without limit is repeated once more than it must be.
  return { kind: 'repeat', body, min, max: body.kind === 'look' && max === unlimited ? min + 1 : max, mode }
}

function readBounds(reader: Reader, quantifier: string): [min: number, max: number] {
  if (quantifier === '*') return [0, unlimited]
  if (quantifier === '+') return [1, unlimited]
  if (quantifier === '?') return [0, 1]
  const [low, high = low] = quantifier.slice(1, -1).split(',')
  const min = Number(low)
  const max = high === '' ? unlimited : Number(high)
  if (min > maxRepeat || (max > maxRepeat && max !== unlimited)) reader.fail('number too big in {} quantifier')
  if (max < min) reader.fail('numbers out of order in {} quantifier')
  return [min, max]
}

/** One item without its quantifier; undefined for what leaves nothing behind. */
function readItem(state: ParseState, options: Options, onlyCrLf: boolean): Node | undefined {
  const { reader } = state
  const char = reader.next()
  switch (char) {
    case '^':
      return { kind: 'place', place: options.multiline ? 'lineStart' : 'start' }
    case '$':
      return { kind: 'place', place: options.multiline ? 'lineEnd' : 'endOrNewline' }
    case '.':
      return options.dotAll ? any(options) : { kind: 'set', set: setOf(notNewline, options), shorthand: '.' }
    case '[':
      return readBracket(reader, options)
    case '(':
      return readGroup(state, options)
    case '\\':
      return readEscape(state, options, onlyCrLf)
  }
  return literal(char, options)
}

function literal(char: string, options: Options): Node {
  return { kind: 'set', set: literalSet(char.codePointAt(0)!, options) }
}

function any(options: Options): Node {
  return { kind: 'set', set: setOf(anything, options) }
}

function readBracket(reader: Reader, options: Options): Node {
  const isWordStart = reader.take('[:<:]]')
  if (isWordStart || reader.take('[:>:]]')) {
    const words = setOf(escapeClass('w', options)!, options)
    const look: Look = { kind: 'look', behind: !isWordStart, negative: false, body: { kind: 'set', set: words } }
    return { kind: 'sequence', items: [{ kind: 'wordBoundary', negative: false, words }, look] }
  }
  if (/^([:.=])(?:\\[\]\\]|(?!\[\1)[^\]])*?\1\]/s.test(reader.text.slice(reader.at))) {
    reader.fail('POSIX classes stand only inside a class, as in [[:alpha:]]')
  }
  return { kind: 'set', set: readClass(reader, options) }
}

const places: Record<string, Place> = { A: 'start', G: 'start', Z: 'endOrNewline', z: 'end' }

function readEscape(state: ParseState, options: Options, onlyCrLf: boolean): Node | undefined {
  const { reader, references } = state
  const letter = reader.next()
  const place = places[letter]
  if (place) return { kind: 'place', place }
  switch (letter) {
    case '':
      return reader.fail('\\ at end of pattern')
    case 'K':
      // It moves the start of the match, which nobody asks for but (*NOTEMPTY).
      if (state.refusesEmpty) reader.fail('\\K is not supported under (*NOTEMPTY)')
      if (state.lookDepth > 0) reader.fail('\\K is not allowed in look-arounds')
      return undefined
    case 'b':
    case 'B':
      return { kind: 'wordBoundary', negative: letter === 'B', words: setOf(escapeClass('w', options)!, options) }
    case 'N':
      return readNotNewline(reader, options)
    case 'R':
      return { ...lineEnd(options, onlyCrLf ? isCrOrLf : escapeClass('v', options)!), shorthand: 'R' }
    case 'X':
      if (options.utf) reader.fail('\\X is not supported under (*UTF)')
      return grapheme(options)
    case 'C':
      if (options.utf) reader.fail('\\C is not supported under (*UTF)')
      return any(options)
    case 'g':
      return references.readG(options.caseless)
    case 'k':
      return references.readK(options.caseless)
  }
  if (/^[1-9]$/.test(letter)) {
    const reference = references.readDigits(letter, options.caseless)
    if (reference) return reference
  }
  const test = readClassEscape(reader, letter, options)
  if (test) {
    const shorthand =
      /^[Sshv]$/.test(letter) && !(options.ucp && /^[Ss]$/.test(letter)) ? (letter as Shorthand) : undefined
    return { kind: 'set', set: setOf(test, options), shorthand }
  }
  if (/^[FLlUu]$/.test(letter)) reader.fail(`PCRE2 does not support \\${letter}`)
  const code = readCharEscape(reader, letter, options) ?? reader.fail(`unrecognized character follows \\: "${letter}"`)
  return { kind: 'set', set: literalSet(code, options) }
}

/** CR LF as one, or else one character of `single`. */
function lineEnd(options: Options, single: (code: number) => boolean): Extract<Node, { kind: 'atomic' }> {
  const crLf: Node = { kind: 'sequence', items: [literal('\r', options), literal('\n', options)] }
  return { kind: 'atomic', body: { kind: 'choice', branches: [crLf, { kind: 'set', set: setOf(single, options) }] } }
}

/** `\X` on code points up to 255, of which CR joins LF, and the signs of copyright and registration join each other. */
function grapheme(options: Options): Node {
  const signs = setOf((code) => code === 0xa9 || code === 0xae, options)
  const run: Node = { kind: 'repeat', body: { kind: 'set', set: signs }, min: 1, max: unlimited, mode: 'greedy' }
  return { kind: 'atomic', body: { kind: 'choice', branches: [run, lineEnd(options, anything)] } }
}

function readNotNewline(reader: Reader, options: Options): Node {
  if (!reader.startsWith('{') || /^\{\d+(?:,\d*)?\}/.test(reader.text.slice(reader.at))) {
    return { kind: 'set', set: setOf(notNewline, options), shorthand: '.' }
  }
  const found = reader.takeMatch(/\{U\+([\da-fA-F]+)\}/y)
  if (!found) return reader.fail('PCRE2 does not support \\N{name}')
  if (!options.utf) reader.fail('\\N{U+…} is supported only under (*UTF)')
  const code = Number.parseInt(found[1]!, 16)
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) reader.fail('there is no such code point')
  return { kind: 'set', set: literalSet(code, options) }
}
