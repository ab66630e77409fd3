/**
 * The cheap matchers for OS_Regex alternatives: plain literals, and those in which the automaton never has a choice and so agrees with a
 * native RegExp. spec/engine-regex.md, section 7, which argues why; a test holds both against the plain matcher.
 *
 * All read the lower-cased text: every class holds both cases of a letter or none.
 */
import { linearRegExp } from './linear.ts'
import { type Chain, Forecast } from './literals.ts'
import { Needle } from './needle.ts'
import type { RegexAlternative, Token } from './os-regex-parse.ts'
import { noMatch, type RegexRunner } from './os-regex-table.ts'
import type { Match } from './pattern.ts'
import { writeByte, writeSet } from './regexp-source.ts'
import { lowered } from './text.ts'

/** The text of an alternative that is all literals; with its marks left out, which only matter when they are recorded. */
export function literalText({ tokens }: RegexAlternative): string | undefined {
  let text = ''
  for (const [i, token] of tokens.entries()) {
    if (token.kind === 'literal' && token.byte < 0x80) text += String.fromCharCode(token.byte)
    else if (token.kind !== 'mark' || tokens[i - 1]?.kind === 'mark') return undefined
  }
  return text
}

/** An alternative that is all literals. */
export class LiteralRunner implements RegexRunner {
  readonly isNative = false
  private readonly text: string
  private readonly needle: Needle
  private readonly atStart: boolean
  private readonly atEnd: boolean

  constructor(text: string, { atStart, atEnd }: RegexAlternative) {
    this.text = text
    this.needle = new Needle(text)
    this.atStart = atStart
    this.atEnd = atEnd
  }

  run(lower: string, start: number): number {
    const { text, atStart, atEnd } = this
    // `$` and `^$` are true of the empty text alone, and nothing but `^` of every text; the end of an empty match is the start.
    if (text === '') return atEnd && start < lower.length ? noMatch : start
    if (atStart) {
      if (atEnd && lower.length - start !== text.length) return noMatch
      return lower.startsWith(text, start) ? start + text.length - 1 : noMatch
    }
    if (atEnd) return lower.length - start >= text.length && lower.endsWith(text) ? lower.length - 1 : noMatch
    const found = this.needle.find(lower, start)
    return found === -1 ? noMatch : found + text.length - 1
  }
}

/**
 * The alternative as a native RegExp; undefined when its results could differ.
 *
 * @param chain literals without which it cannot match
 * @param recording whether groups are wanted; the runner then reads the text as it is, to return it as it is
 */
export function nativeRunner(
  alternative: RegexAlternative,
  chain: Chain,
  recording: boolean,
): NativeRunner | undefined {
  if (!isNeverInDoubt(alternative)) return undefined
  const { tokens, atStart, atEnd } = alternative
  const last = tokens.findLastIndex((token) => token.kind !== 'mark')
  const lastToken = tokens[last]!
  const endsInRun = lastToken.kind === 'class' && lastToken.repeat !== ''
  let source = atStart ? '^' : ''
  for (const [i, token] of tokens.entries()) {
    if (token.kind === 'mark') source += recording ? (token.index % 2 === 0 ? '(' : ')') : ''
    else if (token.kind === 'literal') source += recording ? writeBothCases(token.byte) : writeByte(token.byte)
    // Where a final run begins is part of the answer: it is the last group.
    else if (i === last && endsInRun) source += `(${writeSet(token.members)}${token.repeat})`
    else source += writeSet(token.members) + token.repeat
  }
  const regexp = linearRegExp(source + (atEnd ? '$' : ''))
  return regexp && new NativeRunner(regexp, chain, endsInRun, last < tokens.length - 1)
}

function writeBothCases(byte: number): string {
  const upper = String.fromCharCode(byte).toUpperCase().charCodeAt(0)
  return upper === byte ? writeByte(byte) : `[${writeByte(byte)}${writeByte(upper)}]`
}

/**
 * Whether the automaton never has a choice: what follows a repeated class cannot be taken by it, an unanchored start is not a repeat, and
 * nothing is forgiven at the end of the text.
 */
function isNeverInDoubt({ tokens, atStart }: RegexAlternative): boolean {
  if (tokens.every((token) => token.kind === 'mark')) return false
  for (const [i, token] of tokens.entries()) {
    if (token.kind === 'mark') {
      if (tokens[i + 1]?.kind === 'mark') return false
      continue
    }
    if (token.kind === 'literal') {
      // Never matches: beyond ASCII, or a capital of the case-sensitive flag.
      if (token.byte >= 0x80 || (token.byte >= 0x41 && token.byte <= 0x5a)) return false
      continue
    }
    if (token.repeat === '') continue
    if (!atStart && tokens.slice(0, i).every((before) => before.kind === 'mark')) return false
    const next = tokens[i + 1]?.kind === 'mark' ? tokens[i + 2] : tokens[i + 1]
    if (!next) {
      if (token.repeat === '*') return false
    } else if (!isApart(token.members, next) || !mayFollow(token.repeat, next)) return false
  }
  return true
}

function isApart(members: Uint8Array, next: Token): boolean {
  if (next.kind === 'literal') return members[next.byte] === 0
  return next.kind === 'class' && members.every((isMember, byte) => !isMember || !next.members[byte])
}

function mayFollow(repeat: '+' | '*', next: Token): boolean {
  if (next.kind !== 'class' || next.repeat === '') return true
  return repeat === '+' && next.repeat === '+'
}

/** An alternative as a native RegExp. */
export class NativeRunner implements RegexRunner {
  readonly isNative = true
  private readonly regexp: RegExp
  private readonly forecast: Forecast
  private readonly endsInRun: boolean
  private readonly endsInMark: boolean

  constructor(regexp: RegExp, chain: Chain, endsInRun: boolean, endsInMark: boolean) {
    this.regexp = regexp
    this.forecast = new Forecast(chain)
    this.endsInRun = endsInRun
    this.endsInMark = endsInMark
  }

  run(lower: string, start: number): number {
    if (!this.forecast.mayHold(lower, start)) return noMatch
    const found = this.regexp.exec(start === 0 ? lower : lower.slice(start))
    return found ? this.endOf(found, start, lower.length) : noMatch
  }

  /** The match with its groups, of a runner that records. */
  exec(text: string, start: number): Match | undefined {
    if (!this.forecast.mayHold(lowered(text), start)) return undefined
    const found = this.regexp.exec(start === 0 ? text : text.slice(start))
    if (!found) return undefined
    const captures = found.slice(1, this.endsInRun ? -1 : undefined)
    return { end: this.endOf(found, start, text.length), captures }
  }

  private endOf(found: RegExpExecArray, start: number, length: number): number {
    const to = start + found.index + found[0].length
    if (!this.endsInRun) return to - 1
    return this.endsInMark || to === length ? to - found.at(-1)!.length : to
  }
}
