/** What an alert is made of, for both of its forms. All texts are byte strings. */
import type { EngineEvent } from './event.ts'
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
}

/** The group string taken apart. */
export interface RuleGroups {
  groups: string[]
  /** Compliance tags without their prefix, in the order of first appearance. */
  compliance: [name: string, tags: string[]][]
}

export interface AlertParts {
  event: EngineEvent
  output?: RuleOutput
  /** After substitution. */
  description: string
  /** -1 when nobody counted. */
  firedtimes: number
  walk: Walk
  /** `YYYY-MM-DDTHH:MM:SS.mmm+HHMM`, local. */
  timestamp: string
  /** Seconds since 1970. */
  seconds: number
  /** `2026 Nov 20 21:33:24`, local. */
  text_time: string
  /** Host name of the manager, with domain. */
  manager: string
  cluster?: { name: string; node?: string }
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
