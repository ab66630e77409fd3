/**
 * OS_Regex with the cheapest matcher that each alternative allows: a search for plain text, a native RegExp, or the automaton over tables.
 * Results are those of os-regex.ts; a test runs both side by side.
 *
 * All distinct stock patterns on 205 stock test lines, plain and fast, mean of one match: 2,628 without groups 4.5 and 0.15 µs, 1,118 with groups
 * 13.5 and 0.55 µs. On a 114-byte sshd line: `failed password` 0.68 and 0.04 µs, `user (\S+) from (\S+) port (\d+)` 1.5 and 0.2 µs.
 */
import { osRegexChain, osRegexLiterals, type Requirement } from './literals.ts'
import { capturesOf, unset } from './os-regex.ts'
import { LiteralRunner, literalText, type NativeRunner, nativeRunner } from './os-regex-native.ts'
import type { RegexAlternative } from './os-regex-parse.ts'
import { noMatch, type RegexRunner, TableRunner } from './os-regex-table.ts'
import type { Match, Pattern } from './pattern.ts'
import { lowered } from './text.ts'

/** The fast form of a parsed pattern. `recording`: groups are wanted, and there are some. */
export function fastOsRegex(source: string, alternatives: RegexAlternative[], recording: boolean): Pattern {
  const texts = alternatives.map((one) => (one.atStart && one.atEnd && !recording ? literalText(one) : undefined))
  return texts.length > 1 && texts.every((text): text is string => text !== undefined && text !== '')
    ? new WholeTexts(source, alternatives, texts)
    : new FastOsRegex(source, alternatives, recording)
}

/** `^a$|^b$|…`: the text is one of a set. */
class WholeTexts implements Pattern {
  readonly kind = 'osregex'
  readonly source: string
  readonly literals: Requirement
  private readonly texts: Set<string>

  constructor(source: string, alternatives: RegexAlternative[], texts: string[]) {
    this.source = source
    this.literals = osRegexLiterals(alternatives)
    this.texts = new Set(texts)
  }

  test(text: string): boolean {
    return this.texts.has(lowered(text))
  }

  exec(text: string, start = 0): Match | undefined {
    const lower = lowered(text)
    return this.texts.has(start === 0 ? lower : lower.slice(start)) ? { end: text.length - 1, captures: [] } : undefined
  }
}

/** Positions of marks of the match at hand; no match is inside another. */
let marks = new Int32Array(64)

class FastOsRegex implements Pattern {
  readonly kind = 'osregex'
  readonly source: string
  readonly literals: Requirement
  private readonly alternatives: RegexAlternative[]
  private readonly recording: boolean
  private runners: RegexRunner[] | undefined
  /** Of the most groups in an alternative, and two more as an end to a list of pairs. */
  private readonly marks: number

  constructor(source: string, alternatives: RegexAlternative[], recording: boolean) {
    this.source = source
    this.literals = osRegexLiterals(alternatives)
    this.alternatives = alternatives
    this.recording = recording
    const counts = alternatives.map(({ tokens }) => tokens.filter(({ kind }) => kind === 'mark').length)
    this.marks = Math.max(...counts) + 2
    if (this.marks > marks.length) marks = new Int32Array(this.marks)
  }

  test(text: string): boolean {
    if (this.recording) return this.exec(text) !== undefined
    const lower = lowered(text)
    for (const runner of this.prepared()) if (runner.run(lower, 0, undefined) !== noMatch) return true
    return false
  }

  exec(text: string, start = 0): Match | undefined {
    const { recording } = this
    for (const runner of this.prepared()) {
      if (!recording) {
        const end = runner.run(lowered(text), start, undefined)
        if (end !== noMatch) return { end, captures: [] }
      } else if (runner.isNative) {
        const match = (runner as NativeRunner).exec(text, start)
        if (match) return match
      } else {
        for (let i = 0; i < this.marks; i++) marks[i] = unset
        const end = runner.run(lowered(text), start, marks)
        if (end === noMatch) continue
        const captures = capturesOf(text, marks)
        return captures && { end, captures }
      }
    }
    return undefined
  }

  /** The runners are made at first use: most patterns of a ruleset never come to it. */
  private prepared(): RegexRunner[] {
    this.runners ??= this.alternatives.flatMap((one) => runnerOf(one, this.recording) ?? [])
    return this.runners
  }
}

/** The matcher of an alternative; undefined when it never matches. */
function runnerOf(alternative: RegexAlternative, recording: boolean): RegexRunner | undefined {
  const chain = osRegexChain(alternative)
  if (!chain) return undefined
  const hasMarks = alternative.tokens.some(({ kind }) => kind === 'mark')
  const text = recording && hasMarks ? undefined : literalText(alternative)
  if (text !== undefined) return new LiteralRunner(text, alternative)
  return nativeRunner(alternative, chain, recording) ?? new TableRunner(alternative, chain)
}
