/** ATT&CK names for `rule.mitre`. to_json.c and mitre.c, 4.14.7: revoked and deprecated techniques are not known there. */
import { tacticLines, techniqueLines } from './mitre-data.ts'
import type { Rule } from './rule.ts'

export interface Technique {
  id: string
  name: string
  tactics: { id: string; name: string }[]
  /** `revoked` or `deprecated`: the engine does not know it any more. */
  retired?: string
}

let table: Map<string, Technique> | undefined

/** Every technique by its id, the retired ones included. */
export function techniques(): ReadonlyMap<string, Technique> {
  if (table) return table
  const tacticNames = new Map(tacticLines.split('\n').map((line) => line.split('\t') as [string, string]))
  table = new Map()
  for (const line of techniqueLines.split('\n')) {
    const [id, name, tactics, retired] = line.split('\t') as [string, string, string, string?]
    const named = tactics.split(' ').map((tactic) => ({ id: tactic, name: tacticNames.get(tactic)! }))
    table.set(id, { id, name, tactics: named, ...(retired === undefined ? {} : { retired }) })
  }
  return table
}

export interface MitreNames {
  id: string[]
  tactic: string[]
  technique: string[]
}

/** What `rule.mitre` shows, and what the original warns of each time it prints the rule. */
export function mitreOf(rule: Rule): { names?: MitreNames; warnings: string[] } {
  const found: MitreNames = { id: [], tactic: [], technique: [] }
  const warnings: string[] = []
  const find = (id: string) => {
    const technique = techniques().get(id)
    if (technique && technique.retired === undefined) return technique
    warnings.push(`Mitre Technique ID '${id}' not found in database.`)
    return undefined
  }
  if (rule.mitre_pairs) {
    for (const { tactic, technique: id } of rule.mitre_pairs) {
      const technique = find(id)
      if (!technique) continue
      const known = technique.tactics.find((one) => one.id === tactic)
      if (!known) {
        warnings.push(`Mitre Tactic ID '${tactic}' is not a tactic of '${id}'.`)
        continue
      }
      addOnce(found.tactic, known.name)
      if (found.technique.includes(technique.name)) continue
      found.id.push(technique.id)
      found.technique.push(technique.name)
    }
  } else if (rule.mitre_ids) {
    for (const id of rule.mitre_ids) {
      // An unknown id stays in the list.
      found.id.push(id)
      const technique = find(id)
      if (!technique) continue
      for (const tactic of technique.tactics) addOnce(found.tactic, tactic.name)
      found.technique.push(technique.name)
    }
  }
  // Without any tactic the whole object is left out.
  return found.tactic.length > 0 ? { names: found, warnings } : { warnings }
}

function addOnce(list: string[], name: string): void {
  if (!list.includes(name)) list.push(name)
}
