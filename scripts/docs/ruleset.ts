/** The page of the starter ruleset: every rule with an event that it is for, from the test cases. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fromBytes } from '../../src/alert.ts'
import { createSession, loadRuleset } from '../../src/engine/index.ts'
import { asLoaded } from '../../src/engine/load.ts'
import type { Rule } from '../../src/engine/rules/rule.ts'
import type { TestCase } from '../../src/rule-tests/case.ts'
import { parseYaml } from '../../src/rule-tests/yaml.ts'
import { readRulesetFiles, selectByName } from '../../src/wazuh/ruleset-files.ts'
import { root } from '../runtime.mjs'
import { code, page, table } from './text.ts'

const folder = join(root, 'ruleset')

/** An event that ended in a rule, and how many like it came before. */
interface Example {
  log: string
  before: number
}

export function rulesetPage(): string {
  const { ruleset, messages } = loadRuleset(readRulesetFiles(selectByName({ ruleset: folder })))
  if (!ruleset) throw new Error(messages.join('\n'))
  const rules = asLoaded(ruleset).records
  const examples = new Map<number, Example>()
  for (const one of testCases()) {
    const session = createSession(ruleset, { hostname: 'docs', mode: 'logtest' })
    for (const [before, { log, location, at }] of one.steps.entries()) {
      const { rule } = session.process({ log, location }, at)
      if (rule && !examples.has(rule.id)) examples.set(rule.id, { log: fromBytes(log), before })
    }
  }
  const files = [...Map.groupBy(rules, ({ file }) => basename(file))].map(([file, some]) => [
    `## ${file}`,
    table(
      ['rule', 'level', 'what', 'parent', 'groups', 'ATT&CK', 'for example'],
      some.map((rule) => row(rule, examples.get(rule.id))),
    ),
  ])
  return page('The starter ruleset', [
    `These ${rules.length} rules and their decoders are in force when nothing else is named: without a \`<ruleset>\` block in \`ossec.conf\`. Rules of your own, in \`etc/rules\`, are loaded between the files below, in the order of their names. A rule that means what a rule of Wazuh means has its id; the others begin at 110000.`,
    'Every rule that can be the result of an event has a test case in `ruleset/tests`; the last column is from there. Rules without an example only lead to others. How rules work is told in [rules](rules.md).',
    ...files.flat(),
  ])
}

function testCases(): TestCase[] {
  const tests = join(folder, 'tests')
  return readdirSync(tests)
    .sort()
    .flatMap((name) => parseYaml(name, readFileSync(join(tests, name), 'utf8')).cases)
}

function row(rule: Rule, example: Example | undefined): string[] {
  const groups = rule.group.split(',').filter((group) => group !== '')
  return [
    String(rule.id),
    rule.noalert ? '-' : String(rule.level),
    text(rule.description),
    parent(rule),
    groups.filter((group, i) => groups.indexOf(group) === i && !isCompliance(group)).join(', '),
    (rule.mitre_ids ?? [])
      .map((id) => `[${id}](https://attack.mitre.org/techniques/${id.replace('.', '/')}/)`)
      .join(', '),
    example === undefined
      ? ''
      : code(shortened(example.log)) + (example.before === 0 ? '' : `, after ${example.before} more`),
  ]
}

function parent(rule: Rule): string {
  const count = rule.frequency > 0 ? `${rule.frequency + 2} times ` : ''
  const parts = [
    rule.if_sid,
    rule.if_matched_sid === 0 ? undefined : `${count}${rule.if_matched_sid}`,
    rule.if_matched_group === undefined ? undefined : `${count}group ${rule.if_matched_group.source}`,
    rule.decoded_as === undefined ? undefined : `decoder ${code(rule.decoded_as)}`,
    rule.patterns.location && `location ${code(rule.patterns.location.pattern.source)}`,
  ]
  return parts.filter((part, i) => part !== undefined && parts.indexOf(part) === i).join('; ')
}

const isCompliance = (group: string) => /^(?:pci_dss|gdpr|gpg13|hipaa|nist_800_53|tsc)_/.test(group)

/** A description is text: what looks like HTML in it is none. */
const text = (description: string) => description.replaceAll('<', '\\<')

const longest = 200
const shortened = (log: string) => (log.length > longest ? `${log.slice(0, longest - 1)}…` : log)
