/** `overwrite="yes"`. rules_list.c: OS_AddRuleInfo, 4.14.7; spec/engine-rules.md section 5.4. */
import type { Parents } from './read-rule.ts'
import type { Report } from './report.ts'
import type { Rule } from './rule.ts'

/** Keeps its value: place in the tree, parents, and what a composite searches and marks. Everything else is replaced, or removed when absent. */
const kept = new Set<keyof Rule>([
  'index',
  'id',
  'nodes',
  'search',
  'sid_target',
  'feeds_sid',
  'feeds_groups',
  'if_matched_group',
  'if_matched_sid',
  'if_sid',
  'if_level',
])

/** Puts the new rule's content into the record that is in the tree, so that all its nodes change. */
export function overwriteRule(rule: Rule, replacement: Rule, parents: Parents, report: Report, geoip: boolean): void {
  const warn = (option: string) =>
    report.warn(
      `(7605): It is not possible to overwrite '${option}' value in rule '${rule.id}'. The original value is retained.`,
      `rule ${rule.id}: \`${option}\` cannot be overwritten, the old one stays`,
      'remove it here, or give the rule an id of its own',
    )
  if (parents.if_sid !== undefined && replacement.if_matched_sid === 0 && rule.if_sid !== parents.if_sid) warn('if_sid')
  // The text of if_group is thrown away once a rule is loaded, so that even the same one counts as another.
  if (parents.if_group !== undefined && !replacement.if_matched_group) warn('if_group')
  if (parents.if_level !== undefined && rule.if_level !== parents.if_level) warn('if_level')
  if (replacement.if_matched_group && rule.if_matched_group?.source !== replacement.if_matched_group.source)
    warn('if_matched_group')
  if (replacement.if_matched_sid !== 0 && rule.if_matched_sid !== replacement.if_matched_sid) warn('if_matched_sid')

  // The original is built without GeoIP, and then these two are not replaced.
  if (!geoip) for (const tag of ['srcgeoip', 'dstgeoip'] as const) keepPattern(tag, rule, replacement)
  for (const key of Object.keys(rule) as (keyof Rule)[]) {
    if (!kept.has(key)) Object.assign(rule, { [key]: replacement[key] })
  }
}

function keepPattern(tag: 'srcgeoip' | 'dstgeoip', rule: Rule, replacement: Rule): void {
  const old = rule.patterns[tag]
  if (old) replacement.patterns[tag] = old
  else delete replacement.patterns[tag]
}
