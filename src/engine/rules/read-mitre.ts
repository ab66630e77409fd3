/** `<mitre>` blocks: the old form with ids, and the new one with one tactic and one technique a block. rules.c, 4.14.7. */
import type { XmlElement } from '../../wazuh/os-xml.ts'
import type { Report } from './report.ts'
import type { Rule } from './rule.ts'

/** What was read in earlier blocks of the same rule. */
export interface MitreState {
  oldForm: boolean
  newForm: boolean
}

/** Adds what a block says to the rule; a block that is wrong is left out with a warning. */
export function readMitre(block: XmlElement, rule: Rule, state: MitreState, report: Report): void {
  const warn = (text: string) => report.warn(text, `rule ${rule.id}: ${describe(text)}`)
  if (block.children.length === 0) {
    warn(`Empty Mitre information for rule '${rule.id}'`)
    return
  }
  const ids: string[] = []
  const tactics: string[] = []
  const techniques: string[] = []
  let failed = false
  for (const { name, content } of block.children) {
    const kind = name.toLowerCase()
    if (kind !== 'id' && kind !== 'tacticid' && kind !== 'techniqueid') {
      report.complain(
        `Invalid option '${name}' for rule '${rule.id}'`,
        `rule ${rule.id}: <mitre> has no tag "${name}"`,
        { oneOf: ['id', 'tacticID', 'techniqueID'], got: name },
      )
      failed = true
    } else if (content === '') {
      warn(`No Mitre ${kind === 'tacticid' ? 'Tactic' : 'Technique'} ID found for rule '${rule.id}'`)
      failed = true
    } else {
      const list = kind === 'id' ? ids : kind === 'tacticid' ? tactics : techniques
      list.push(content)
    }
  }
  if (failed) return
  if (ids.length > 0) {
    if (tactics.length > 0 || techniques.length > 0) {
      warn(`Rule '${rule.id}' combined old and new Mitre formats in the same block. The Mitre block will be discarded.`)
      return
    }
    if (state.newForm) {
      warn(discarded(rule))
      rule.mitre_ids = undefined
      return
    }
    state.oldForm = true
    rule.mitre_ids = [...new Set([...(rule.mitre_ids ?? []), ...ids])]
    return
  }
  if (tactics.length === 0) {
    warn(`Mitre tacticID should be defined in rule '${rule.id}'`)
    return
  }
  if (techniques.length === 0) {
    warn(`Mitre techniqueID should be defined in rule '${rule.id}'`)
    return
  }
  if (tactics.length > 1 || techniques.length > 1) {
    warn(
      `In rule '${rule.id}' is not allowed to join more than one Mitre techniqueID or tacticID in the same block. The Mitre block will be discarded.`,
    )
    return
  }
  state.newForm = true
  if (state.oldForm) {
    warn(discarded(rule))
    rule.mitre_ids = undefined
    state.oldForm = false
  }
  const [tactic, technique] = [tactics[0]!, techniques[0]!]
  const pairs = (rule.mitre_pairs ??= [])
  if (!pairs.some((pair) => pair.tactic === tactic && pair.technique === technique)) pairs.push({ tactic, technique })
}

const discarded = (rule: Rule) =>
  `Rule '${rule.id}' combined old and new Mitre formats, the old Mitre Technique format will be discarded.`

/** The original's words without the rule, for people. */
function describe(text: string): string {
  const words = text
    .replace(/^In rule '\d+' /, '')
    .replace(/ (?:for|in) rule '\d+'$/, '')
    .replace(/^Rule '\d+' /, '')
  return `${words.charAt(0).toLowerCase()}${words.slice(1)}`.replace(/\.$/, '')
}
