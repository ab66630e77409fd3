import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { RulesetBlock } from '../config.ts'
import { readRulesetFiles, selectByBlock, selectByName } from './ruleset-files.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'ruleset-files-'))
  for (const path of [
    'ruleset/rules/0020-b.xml',
    'ruleset/rules/0215-policy_rules.xml',
    'ruleset/rules/0010-a.xml',
    'ruleset/rules/notes.txt',
    'ruleset/decoders/0005-x.xml',
    'etc/rules/local_rules.xml',
    'etc/rules/0015-mine.xml',
    'etc/lists/ioc/ips',
    'etc/lists/ioc/ips.cdb',
    'etc/lists/users',
  ]) {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    writeFileSync(join(home, path), path)
  }
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const block = (parts: Partial<RulesetBlock>): RulesetBlock => ({
  place: { file: 'ossec.conf', line: 1 },
  rule_dir: [],
  decoder_dir: [],
  rule_include: [],
  decoder_include: [],
  rule_exclude: [],
  decoder_exclude: [],
  list: [],
  ...parts,
})
const names = (files: { name: string }[]) => files.map(({ name }) => name)

test('sorts by base name over all folders and leaves out what is excluded', () => {
  const pattern = '.xml$'
  const { rules, decoders, lists } = selectByBlock(
    home,
    block({
      rule_dir: [
        { path: 'ruleset/rules', pattern },
        { path: 'etc/rules', pattern },
        { path: 'nowhere', pattern },
      ],
      rule_exclude: ['0215-policy_rules.xml', 'etc/rules/0015-mine.xml'],
      list: ['etc/lists/users', 'etc/lists/ioc/ips.cdb', 'bare'],
    }),
  )
  assert.deepEqual(names(rules), ['ruleset/rules/0010-a.xml', 'ruleset/rules/0020-b.xml', 'etc/rules/local_rules.xml'])
  assert.deepEqual(names(decoders), ['ruleset/decoders/0005-x.xml'])
  assert.deepEqual(names(lists), ['etc/lists/users', 'etc/lists/ioc/ips', 'ruleset/rules/bare'])
})

test('without a block the two default folders are loaded, nothing left out', () => {
  assert.equal(selectByBlock(home, undefined).rules.length, 3)
})

test('an included file is loaded once, and although it is excluded', () => {
  const { rules } = selectByBlock(
    home,
    block({
      rule_include: ['0215-policy_rules.xml', 'etc/rules/local_rules.xml'],
      rule_dir: [{ path: 'etc/rules', pattern: 'local' }],
      rule_exclude: ['0215-policy_rules.xml'],
    }),
  )
  assert.deepEqual(names(rules), ['ruleset/rules/0215-policy_rules.xml', 'etc/rules/local_rules.xml'])
})

test('by name: folders and files together, the policy rules only when they are named themselves', () => {
  const rules = join(home, 'ruleset/rules')
  const base = (files: { file: string }[]) => files.map(({ file }) => file.slice(home.length + 1))
  const named = selectByName({ ruleset: join(home, 'ruleset'), rules: [join(home, 'etc/rules')] })
  assert.deepEqual(base(named.rules), [
    'ruleset/rules/0010-a.xml',
    'etc/rules/0015-mine.xml',
    'ruleset/rules/0020-b.xml',
    'etc/rules/local_rules.xml',
  ])
  const policy = join(rules, '0215-policy_rules.xml')
  assert.ok(selectByName({ rules: [rules, policy] }).rules.some(({ file }) => file === policy))
})

test('a list below a folder is called etc/lists and its path, one that is named itself by its base name', () => {
  const lists = join(home, 'etc/lists')
  assert.deepEqual(names(selectByName({ lists: [lists] }).lists), ['etc/lists/ioc/ips', 'etc/lists/users'])
  assert.deepEqual(names(selectByName({ lists: [join(lists, 'ioc/ips')] }).lists), ['etc/lists/ips'])
})

test('a file that cannot be read is left out with a warning', () => {
  const files = selectByBlock(home, block({ rule_include: ['etc/rules/gone.xml'], list: ['etc/lists/users'] }))
  const { rules, lists, problems } = readRulesetFiles(files)
  assert.ok(!rules.some(({ path }) => path === 'etc/rules/gone.xml'))
  assert.deepEqual(lists, [{ path: 'etc/lists/users', text: 'etc/lists/users' }])
  assert.match(problems[0]!.message, /^not readable: /)
})
