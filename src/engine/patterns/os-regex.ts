/**
 * OS_Regex, the plain matcher: the reference that the fast ones are held against. spec/engine-regex.md, 5.3.
 *
 * It is neither a back-tracking engine nor an NFA: one scan from left to right that remembers a place in the token list, whether a repeated
 * class has begun, where to begin again, and at most four places to go back to. A fifth is forgotten, and that is why many patterns fail
 * where a real regular expression would match. Nothing here may be made more sensible.
 *
 *   text   a x b x c          tokens of  (\.+) x (\.+)
 *          ^                  M0 C+ M1 ' ' 'x' ' ' M2 C+ M3
 *          at                 place
 *
 * The bound: with four places to go back to, and beginning again behind each failure, the original can take time with the fifth power of the
 * text, `\w*a\w*a\w*a\w*a-x` on many letters `a`. Here an alternative is given up, as not matched, after {@link maxSteps} bytes looked at, a
 * quarter of a second: three hundred times the longest log, or two thousand times what the worst stock pattern takes on a stock test line.
 */
import { osRegexLiterals, type Requirement } from './literals.ts'
import type { RegexAlternative, Token } from './os-regex-parse.ts'
import { markByte, maxSteps } from './os-regex-parse.ts'
import type { Match, Pattern } from './pattern.ts'

/** A mark that was not reached. */
export const unset = -1

/** The plain form of a parsed pattern. `recording`: groups are wanted, and there are some. */
export class PlainOsRegex implements Pattern {
  readonly kind = 'osregex'
  readonly source: string
  readonly literals: Requirement
  private readonly alternatives: RegexAlternative[]
  private readonly recording: boolean

  constructor(source: string, alternatives: RegexAlternative[], recording: boolean) {
    this.source = source
    this.alternatives = alternatives
    this.recording = recording
    this.literals = osRegexLiterals(alternatives)
  }

  test(text: string): boolean {
    return this.exec(text) !== undefined
  }

  exec(text: string, start = 0): Match | undefined {
    for (const alternative of this.alternatives) {
      const marks = new Array<number>(alternative.tokens.length).fill(unset)
      const end = runAlternative(alternative, text, start, this.recording ? marks : undefined)
      if (end !== undefined) {
        const captures = capturesOf(text, marks)
        return captures && { end, captures }
      }
    }
    return undefined
  }
}

/**
 * The texts between marks 0 and 1, 2 and 3, … up to the first pair that is not whole: a hole hides all later groups.
 *
 * A closing mark can lie before its opening one. The original then asks for a negative length: by two or more its allocation fails and the
 * whole pattern counts as not matched, without a look at further alternatives (undefined here); by one it writes past its buffer and dies,
 * for which we give an empty text.
 */
export function capturesOf(text: string, marks: ArrayLike<number>): string[] | undefined {
  const captures: string[] = []
  for (let i = 0; i + 1 < marks.length; i += 2) {
    const [open, close] = [marks[i]!, marks[i + 1]!]
    if (open === unset || close === unset) break
    if (close < open - 1) return undefined
    captures.push(open < close ? text.slice(open, close) : '')
  }
  return captures
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
}

/** Literal bytes beyond ASCII never match: the original compares a signed pattern byte with an unsigned text byte (x86-64). */
function literalByte(token: Token): number {
  if (token.kind === 'mark') return markByte
  return token.kind === 'literal' && token.byte < 0x80 ? token.byte : -1
}

/**
 * One alternative over the whole text.
 *
 * @param marks filled with the positions of the groups' marks; undefined: not recording, which also changes what the end of the text accepts
 * @returns the end index, or undefined when it does not match
 */
function runAlternative(
  { tokens, atStart, atEnd }: RegexAlternative,
  text: string,
  start: number,
  marks?: number[],
): number | undefined {
  const size = text.length
  const saved: { place: number; at: number }[] = []
  let place = 0
  let end: number | undefined = start
  let repeating = false
  let first: number | undefined

  const setMark = (token: Token | undefined, at: number) => {
    if (marks && token?.kind === 'mark') marks[token.index] = at
  }

  let steps = maxSteps
  for (let at = start; at < size; at++) {
    if (--steps < 0) return undefined
    const byte = text.charCodeAt(at)
    let token = tokens[place]
    if (!token && !atEnd) return end
    if (token?.kind === 'mark') {
      setMark(token, at)
      token = tokens[++place]
      if (!token && !atEnd) return end
    }

    if (token?.kind === 'class') {
      if (token.members[byte]) {
        if (token.repeat === '') {
          place++
          first ??= at
          end = at
          continue
        }
        if (token.repeat === '*') repeating = true
        if (!repeating) {
          // The first byte of a + class is taken without looking ahead.
          setMark(tokens[place + 1], at + 1 === size ? size : at)
          repeating = true
          end = at
          continue
        }
        let after = place + 1
        const skipped = tokens[after]?.kind === 'mark' ? tokens[after++] : undefined
        const next = tokens[after]
        if (!next) {
          setMark(skipped, at + 1)
          continue
        }
        let yields = false
        let landing = after
        if (next.kind === 'class') {
          yields = next.members[byte] === 1
          if (next.repeat === '') landing++
        } else if (literalByte(next) === lower(byte)) {
          yields = true
          repeating = false
          landing++
        }
        if (yields) {
          setMark(skipped, at)
          if (saved.length < 4) saved.push({ place, at })
          place = landing
        }
        end = at
        continue
      }

      const beyond = tokens[place + 1]
      const last = !beyond || (token.repeat === '' && beyond.kind !== 'class' && place + 2 === tokens.length)
      if (last && repeating && end !== undefined) {
        end = at
        if (!atEnd) return end
      } else if ((token.repeat === '+' && repeating) || token.repeat === '*') {
        if (token.repeat === '*') end = at - 1
        place++
        repeating = false
        at--
        continue
      }
      repeating = false
    } else if (token && literalByte(token) === lower(byte)) {
      place++
      first ??= at
      end = at
      continue
    }

    const back = saved.pop()
    if (back) {
      place = back.place
      at = back.at
      continue
    }
    if (atStart) return undefined
    if (first !== undefined) {
      at = first
      first = undefined
    }
    place = 0
    end = undefined
  }
  return acceptsAtEnd(tokens, place, repeating, size, marks) ? end : undefined
}

/** Whether an alternative that stands at `place` when the text is used up has matched. */
function acceptsAtEnd(
  tokens: Token[],
  place: number,
  repeating: boolean,
  size: number,
  marks: number[] | undefined,
): boolean {
  const repeatAt = (at: number) => {
    const token = tokens[at]
    return token?.kind === 'class' ? token.repeat : undefined
  }
  const pastMark = (at: number) => (tokens[at]?.kind === 'mark' ? at + 1 : at)
  if (marks) {
    while (repeatAt(place) === '*') place++
    const token = tokens[place]
    if (token?.kind === 'mark') marks[token.index] = size
  }
  place = pastMark(place)
  if (place === tokens.length) return true
  if (repeating && repeatAt(place) !== undefined) {
    if (repeatAt(place) === '') place++
    else {
      place = pastMark(place + 1)
      if (place === tokens.length) return true
      const repeat = repeatAt(place)
      if (repeat === '+') return false
      if (repeat === '*') {
        place = pastMark(place + 1)
        if (place === tokens.length) return true
      } else if (repeat === '') place++
    }
  }
  if (repeatAt(place) !== '*') return false
  return pastMark(place + 1) === tokens.length
}
