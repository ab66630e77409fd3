/** What an alert is made of, for both of its forms. All texts are byte strings. */
import type { ByteText } from '../byte-text.ts'
import type { EngineEvent } from './event.ts'
import type { Stamp } from './local-time.ts'
import { splitDescription } from './rules/description.ts'
import { type MitreNames, mitreOf } from './rules/mitre.ts'
import type { AlertFlags, Rule } from './rules/rule.ts'
import type { Walk } from './rules/search.ts'

/** What of an alert depends on the rule and the session alone; made once. */
export interface RuleOutput {
  rule: Rule
  flags: AlertFlags
  /** See `splitDescription`. */
  description: string[]
  mitre: MitreNames | undefined
  /** Printed each time the rule is. */
  warnings: string[]
  no_full_log: boolean
  no_ar: boolean
  groups: RuleGroups
  /** What a printer has prepared of it. */
  text: RuleText | undefined
}

/** What is around the description of a rule and its count, in both forms of an alert. */
export interface RuleText {
  /** Up to the count when the description holds no field. */
  beginning: string
  /** From the description to the count, unless `beginning` goes so far. */
  middle: string
  end: string
  /** In alerts.log, behind the id. */
  groups: string
  /** The line of alerts.log that names the rule, up to the description, or to its end when that holds no field. */
  line: string
  hasFixedDescription: boolean
  isRootcheck: boolean
}

/** The group string taken apart. */
export interface RuleGroups {
  groups: string[]
  /** Compliance tags without their prefix, in the order of first appearance. */
  compliance: [name: string, tags: string[]][]
}

/** Everything that an alert is printed from, when the writer knows its number. Nothing in it changes any more. */
export interface AlertParts {
  event: EngineEvent
  output: RuleOutput | undefined
  /** After substitution. */
  description: string
  /** -1 when nobody counted. */
  firedtimes: number
  walk: Walk
  stamp: Stamp
}

/** What is the same in all alerts of a session. */
export interface AlertOrigin {
  /** Host name of the manager, with domain. */
  manager: string
  cluster: { name: string; node?: string } | undefined
  /** Logtest adds `"level":0` as the last key of a rule of that level. */
  withLevelZero: boolean
}

/** Prints alerts, with the offset in alerts.log that is the second half of their id. */
export interface AlertPrinter {
  addJson(to: ByteText, parts: AlertParts, offset: number): void
  addText(to: ByteText, parts: AlertParts, offset: number): void
}

export function outputOf(rule: Rule, flags: AlertFlags): RuleOutput {
  const { names, warnings } = mitreOf(rule)
  return {
    rule,
    flags,
    description: splitDescription(rule.description),
    mitre: names,
    warnings,
    no_full_log: rule.options.includes('no_full_log'),
    no_ar: rule.options.includes('no_ar'),
    groups: splitGroups(rule.group),
    text: undefined,
  }
}

/** Prefix of a tag in the group string, and the array of the alert that it goes to. json_extended.c: add_groupPCI and the others. */
const complianceNames = ['pci_dss', 'cis', 'gdpr', 'gpg13', 'hipaa', 'nist_800_53', 'tsc']

/** Only the first 1,023 bytes are looked at; empty pieces vanish, blanks stay. */
function splitGroups(group: string): RuleGroups {
  const groups: string[] = []
  const compliance = new Map<string, string[]>()
  for (const piece of group.slice(0, 1_023).split(',')) {
    if (piece === '') continue
    const name = complianceNames.find((candidate) => piece.startsWith(`${candidate}_`))
    if (name === undefined) {
      groups.push(piece)
      continue
    }
    const tags = compliance.get(name)
    if (tags) tags.push(piece.slice(name.length + 1))
    else compliance.set(name, [piece.slice(name.length + 1)])
  }
  return { groups, compliance: [...compliance] }
}
