/**
 * Collects what loading has to say, twice: the real engine's own words for tools that compare, and file:line, mend and near misses for people.
 */
import { didYouMean } from '../../nearest.ts'
import type { Problem } from '../../problem.ts'

/** What a hint shall say once everything is loaded and near misses can be named. */
export type Mend = string | NearMiss

/** A hint that needs to know what else was loaded. */
export type NearMiss =
  | { missingRule: number }
  | { missingGroup: string }
  | { missingDecoder: string }
  | { missingList: string }
  | { oneOf: readonly string[]; got: string }

/** The list of messages of the original keeps 50 of them and 2,047 bytes of each. */
const maxMessages = 50
const maxLength = 2_047

export class Report {
  readonly problems: (Problem & { mend?: NearMiss })[] = []
  private readonly done: string[] = []
  private readonly heard: string[] = []
  private direct: string[] = []
  private listed: string[] = []
  /** Whether a real Wazuh refuses to start. */
  refused = false
  private file = ''
  private line = 0

  /** Where the next words belong. */
  at(file: string, line: number): void {
    this.file = file
    this.line = line
  }

  /** Something that makes the real engine refuse to start. @param text its words, without `ERROR: ` */
  refuse(text: string, message: string, mend?: Mend): void {
    this.list(`ERROR: ${text}`)
    this.problem('error', message, 'refuses to start', mend)
  }

  /** More words of the original about what was reported just before or is reported next. */
  also(text: string): void {
    this.list(`ERROR: ${text}`)
  }

  /** A problem about which the original prints nothing, or what `also` gave already. */
  problem(severity: Problem['severity'], message: string, wazuh: string | undefined, mend?: Mend): void {
    this.problems.push({
      severity,
      file: this.file,
      line: this.line,
      message,
      ...(typeof mend === 'string' ? { hint: mend } : {}),
      ...(wazuh === undefined ? {} : { wazuh }),
      ...(mend !== undefined && typeof mend !== 'string' ? { mend } : {}),
    })
  }

  /** Words that the original prints at once and not at the end of the file. */
  printed(text: string): void {
    if (!this.refused) this.direct.push(`ERROR: ${text}`)
  }

  /** An error that does not stop the start; a logtest session is refused its answer. */
  complain(text: string, message: string, mend?: Mend): void {
    this.list(`ERROR: ${text}`)
    this.problem('error', message, 'prints an error and goes on', mend)
  }

  /** The rule is left out. */
  drop(text: string, message: string, mend?: Mend): void {
    this.list(`WARNING: ${text}`)
    this.problem('warning', message, 'drops the rule', mend)
  }

  warn(text: string, message: string, mend?: Mend): void {
    this.list(`WARNING: ${text}`)
    this.problem('warning', message, undefined, mend)
  }

  /** The end of a file: what was printed at once comes first, then the list. */
  endOfFile(): void {
    this.done.push(...this.direct, ...this.listed)
    this.heard.push(...this.listed)
    this.direct = []
    this.listed = []
  }

  /** The real engine gives up here. What is reported after this is for people only. */
  giveUp(last: string): void {
    if (this.refused) return
    this.endOfFile()
    this.done.push(last)
    this.refused = true
  }

  messages(): string[] {
    return this.done
  }

  /** What a logtest session hears of it: nothing that is printed at once, and not that the daemon gives up. */
  sessionMessages(): string[] {
    return this.heard
  }

  private list(text: string): void {
    if (this.refused) return
    const prefix = text.indexOf(': ') + 2
    this.listed.push(text.slice(0, prefix + maxLength))
    if (this.listed.length > maxMessages) this.listed.shift()
  }

  /** Problems with their hints, now that it is known what was loaded. */
  finished(loaded: Loaded): Problem[] {
    return this.problems.map(({ mend, ...problem }) => {
      const hint = problem.hint ?? (mend === undefined ? undefined : hintFor(mend, loaded, problem.file, problem.line))
      return hint === undefined ? problem : { ...problem, hint }
    })
  }
}

/** What hints are made from. */
export interface Loaded {
  /** Every rule id that any file defines, with its place. */
  rules: ReadonlyMap<number, { file: string; line: number }>
  groups: ReadonlySet<string>
  decoders: readonly string[]
  lists: readonly string[]
}

/** One digit is another one, or two neighbours are swapped. */
function isOneDigitOff(id: string, other: string): boolean {
  if (id.length !== other.length) return false
  const wrong = [...id].flatMap((digit, i) => (digit === other[i] ? [] : [i]))
  const [first, second] = wrong as [number, number]
  return wrong.length === 1 || (wrong.length === 2 && id[first] === other[second] && id[second] === other[first])
}

function hintFor(mend: NearMiss, loaded: Loaded, file: string, line: number): string | undefined {
  if ('missingRule' in mend) {
    const place = loaded.rules.get(mend.missingRule)
    if (place && (place.file !== file || place.line !== line)) {
      return `${place.file}:${place.line} defines rule ${mend.missingRule}, but is read later; move it before this one (files are read in the order of their names)`
    }
    if (place) return 'a rule cannot stand below itself'
    // Of ids that are equally near as text, the nearest number comes first and so is taken. With two wrong digits it would be a guess.
    const ids = [...loaded.rules.keys()].sort((a, b) => Math.abs(a - mend.missingRule) - Math.abs(b - mend.missingRule))
    const similar = ids.map(String).filter((id) => isOneDigitOff(id, String(mend.missingRule)))
    return didYouMean(String(mend.missingRule), similar) ?? 'load the file that defines it, before this one'
  }
  if ('missingGroup' in mend) return didYouMean(mend.missingGroup, loaded.groups)
  if ('missingDecoder' in mend) return didYouMean(mend.missingDecoder, loaded.decoders)
  if ('missingList' in mend) {
    const unknown = 'add <list>…</list> with this path to <ruleset> in ossec.conf, and create the file'
    return didYouMean(mend.missingList, loaded.lists) ?? unknown
  }
  const choices = mend.oneOf.length <= 12 ? `one of ${mend.oneOf.join(', ')}` : undefined
  return didYouMean(mend.got, mend.oneOf) ?? choices
}
