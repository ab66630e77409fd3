// The examples in docs/rules.md and docs/decoders.md do what the pages say, and the pages name everything that the engine reads.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { toBytes } from '../src/alert.ts'
import { tagNames } from '../src/engine/decoding/decoder-tags.ts'
import { loadRuleset, type SourceFile } from '../src/engine/index.ts'
import { asLoaded } from '../src/engine/load.ts'
import { ruleAttributes } from '../src/engine/rules/attributes.ts'
import { ruleOptions } from '../src/engine/rules/rule.ts'
import { knownTags } from '../src/engine/rules/tags.ts'
import { formatProblem } from '../src/problem.ts'
import { runCases } from '../src/rule-tests/run.ts'
import { parseYaml } from '../src/rule-tests/yaml.ts'
import { readRulesetFiles, selectByName } from '../src/wazuh/ruleset-files.ts'
import { root } from './runtime.mjs'

interface Fence {
  language: string
  /** What stands behind the language: `wrong`, or the name of a list. */
  note: string
  text: string
  line: number
}

const starter = readRulesetFiles(selectByName({ ruleset: join(root, 'ruleset') }))
const pages = ['rules.md', 'decoders.md'].map((name) => ({
  name,
  text: readFileSync(join(root, 'docs', name), 'utf8'),
}))

function fencesOf(page: string): Fence[] {
  return [...page.matchAll(/^```(\w+) ?(.*)\n([\s\S]*?)^```$/gm)].map(({ 1: language, 2: note, 3: text, index }) => ({
    language: language!,
    note: note!,
    text: text!,
    line: page.slice(0, index).split('\n').length,
  }))
}

/** The starter ruleset with the XML of an example behind it. */
function load(xml: string, lists: SourceFile[]) {
  const file = { path: 'my.xml', text: toBytes(xml) }
  const isDecoders = xml.includes('<decoder')
  return loadRuleset({
    decoders: isDecoders ? [...starter.decoders, { ...file, text: toBytes(part(xml, 'decoder')) }] : starter.decoders,
    rules: xml.includes('<rule')
      ? [...starter.rules, isDecoders ? { ...file, text: toBytes(part(xml, 'group')) } : file]
      : starter.rules,
    lists: [...starter.lists, ...lists],
  })
}

/** A page may show decoders and rules one behind the other. */
function part(xml: string, tag: string): string {
  return [...xml.matchAll(new RegExp(`^<${tag} [\\s\\S]*?^</${tag}>`, 'gm'))].map(([element]) => element).join('\n')
}

for (const { name, text } of pages) {
  test(`${name}: the examples do what they are said to do`, () => {
    let xml = ''
    let wrong = ''
    let lists: SourceFile[] = []
    let examples = 0
    for (const { language, note, text: content, line } of fencesOf(text)) {
      const place = `${name}:${line}`
      if (language === 'txt') lists.push({ path: note, text: toBytes(content) })
      else if (language === 'xml' && note === 'wrong') wrong = content
      else if (language === 'xml') xml += content
      else if (language === 'text') {
        const { refused, problems } = load(wrong, lists)
        assert.ok(refused, `${place}: is loaded`)
        const { wazuh: _, ...problem } = problems[0]!
        assert.equal(`${formatProblem(problem)}\n`, content, place)
        wrong = ''
      } else if (language === 'yaml') {
        const { ruleset, problems } = load(xml, lists)
        assert.deepEqual(problems.map(formatProblem), [], `${place}: the ruleset is not loaded cleanly`)
        const parsed = parseYaml(place, content)
        assert.deepEqual(parsed.problems.map(formatProblem), [])
        assert.ok(parsed.cases.length > 0, place)
        for (const { case: one, differences } of runCases(ruleset!, parsed.cases)) {
          assert.deepEqual(differences, [], `${place}: ${one.name}`)
        }
        examples++
        xml = ''
        lists = []
      }
    }
    assert.deepEqual([xml, wrong], ['', ''], 'XML without cases behind it')
    assert.ok(examples >= 5, String(examples))
  })
}

test('every starter rule that can be the result of an event has a test case', () => {
  const { ruleset } = loadRuleset(starter)
  const reached = new Set<number>()
  const folder = join(root, 'ruleset', 'tests')
  for (const name of readdirSync(folder)) {
    const { cases } = parseYaml(name, readFileSync(join(folder, name), 'utf8'))
    for (const { case: one, differences } of runCases(ruleset!, cases, (id) => reached.add(id))) {
      assert.deepEqual(differences, [], `${name}: ${one.name}`)
    }
  }
  const missed = asLoaded(ruleset!).records.filter(({ id, noalert }) => !noalert && !reached.has(id))
  assert.deepEqual(
    missed.map(({ id }) => id),
    [],
  )
})

test('the pages name everything that is read', () => {
  const [rules, decoders] = pages.map(({ text }) => text) as [string, string]
  const isNamed = (page: string, name: string) =>
    page.includes(`<${name}>`) ||
    page.includes(`<${name}/>`) ||
    page.includes(`\`${name}\``) ||
    page.includes(`\`${name}="`)
  const derived = /^different_(?!field)/
  const missing = [...knownTags.filter((tag) => !derived.test(tag)), ...ruleAttributes, ...ruleOptions].filter(
    (name) => !isNamed(rules, name),
  )
  assert.deepEqual(missing, [])
  assert.deepEqual(
    tagNames.filter((name) => !isNamed(decoders, name)),
    [],
  )
})
