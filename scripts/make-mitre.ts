// node scripts/make-mitre.ts FILE > src/engine/rules/mitre-data.ts: carries the techniques of an ATT&CK extract into the project. FILE is an object
// of `"T1001": {"name", "tactics": [names], "revoked"?, "deprecated"?}`, one entry a technique.
import { readFileSync } from 'node:fs'

const tactics: Record<string, string> = {
  TA0043: 'Reconnaissance',
  TA0042: 'Resource Development',
  TA0001: 'Initial Access',
  TA0002: 'Execution',
  TA0003: 'Persistence',
  TA0004: 'Privilege Escalation',
  TA0005: 'Defense Evasion',
  TA0006: 'Credential Access',
  TA0007: 'Discovery',
  TA0008: 'Lateral Movement',
  TA0009: 'Collection',
  TA0011: 'Command and Control',
  TA0010: 'Exfiltration',
  TA0040: 'Impact',
}

const [file] = process.argv.slice(2)
if (!file) {
  process.stderr.write('usage: node scripts/make-mitre.ts mitre-attack-enterprise-VERSION.json\n')
  process.exit(2)
}
const version = /(\d+\.\d+)\.json$/.exec(file)?.[1] ?? 'unknown'
type Technique = { name: string; tactics: string[]; revoked?: boolean; deprecated?: boolean }
const techniques = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Technique>

// ATT&CK lists a technique's tactics in an order of its own, and alerts show them so; the extract has them by name. They agree except in these
// families (version 18.1), whose few regular members are named.
const families: [family: string, order: string[], regular: string[]][] = [
  ['T1078', ['TA0005', 'TA0003', 'TA0004', 'TA0001'], []],
  ['T1091', ['TA0008', 'TA0001'], []],
  ['T1133', ['TA0003', 'TA0001'], []],
  ['T1205', ['TA0005', 'TA0003', 'TA0011'], []],
  ['T1542', ['TA0003', 'TA0005'], ['T1542', 'T1542.004', 'T1542.005']],
  ['T1546', ['TA0004', 'TA0003'], ['T1546.017', 'T1546.018']],
  ['T1548', ['TA0004', 'TA0005'], ['T1548.006']],
  ['T1557', ['TA0006', 'TA0009'], []],
  ['T1574', ['TA0003', 'TA0004', 'TA0005'], []],
  ['T1659', ['TA0001', 'TA0011'], []],
]

function inOrder(id: string, ids: string[]): string[] {
  const order = families.find(([family, , regular]) => id.startsWith(family) && !regular.includes(id))?.[1]
  if (!order) return ids
  if ([...order].sort().join() !== [...ids].sort().join())
    throw new Error(`${id}: its tactics have changed; check the order`)
  return order
}

const idOf = new Map(Object.entries(tactics).map(([id, name]) => [name, id]))
const lines = Object.entries(techniques).map(([id, { name, tactics, revoked, deprecated }]) => {
  const ids = tactics.map((tactic) => {
    const known = idOf.get(tactic)
    if (!known) throw new Error(`${id}: tactic "${tactic}" has no id here; add it to scripts/make-mitre.ts`)
    return known
  })
  return [
    id,
    name,
    (revoked || deprecated ? ids : inOrder(id, ids)).join(' '),
    ...(revoked ? ['revoked'] : deprecated ? ['deprecated'] : []),
  ].join('\t')
})

process.stdout.write(`/**
 * MITRE ATT&CK (enterprise), version ${version}: names of tactics and techniques. Made by scripts/make-mitre.ts; see NOTICE for its terms.
 */

/** \`id⇥name\`, one a line. */
export const tacticLines = \`${Object.entries(tactics)
  .map((entry) => entry.join('\t'))
  .join('\n')}\`

/** \`id⇥name⇥tactic ids⇥revoked or deprecated\`, one a line. */
export const techniqueLines = \`${lines.join('\n')}\`
`)
