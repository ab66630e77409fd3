import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseIni } from './ini.ts'
import { parseYaml } from './yaml.ts'

test('reads an .ini suite as Python’s parser does', () => {
  const text = `; a comment
[first: a]
log 1 pass = Jan 1 line one
log 1 pass = Jan 1 line two
Log 2 fail: other = text
  continued
rule = 5710
alert: 5
decoder=sshd
ignored = x

[second]
rule =
alert =
decoder =
log 1 pass =
`
  const cases = parseIni('a.ini', text)
  assert.deepEqual(
    cases.map(({ name, line, steps }) => [name, line, steps.map((step) => step.log)]),
    [
      ['first: a: log 1 pass', 3, ['Jan 1 line one', 'Jan 1 line two']],
      ['first: a: log 2 fail', 5, ['other = text', 'continued']],
    ],
  )
  assert.deepEqual(
    cases[1]!.steps.map((step) => step.expect),
    [undefined, { kind: 'triple', rule: '5710', level: '5', decoder: 'sshd', verdict: 'fail' }],
  )
})

test('a section that is written twice is one', () => {
  const cases = parseIni(
    'a.ini',
    '[a]\nrule = 1\nalert = 3\ndecoder = d\nlog 1 pass = x\n[a]\nrule = 2\nlog 2 pass = y\n',
  )
  const expect = cases[0]!.steps[0]!.expect
  assert.equal(expect?.kind === 'triple' && expect.rule, '1\n2')
})

test('a YAML case has a clock of its own', () => {
  const { cases } = parseYaml(
    'a.yaml',
    `cases:
  - name: two
    at: 2026-01-05T12:00:00Z
    events:
      - { log: a, repeat: 2 }
      - { log: b, after: 90s, expect: { rule: 5, fields: { port: 22, gone: null } } }
`,
  )
  assert.deepEqual(
    cases[0]!.steps.map(({ log, at }) => [log, at - Date.UTC(2026, 0, 5, 12)]),
    [
      ['a', 0],
      ['a', 0],
      ['b', 90_000],
    ],
  )
  assert.deepEqual(cases[0]!.steps[2]!.expect, { kind: 'parts', rule: 5, fields: { port: '22', gone: null } })
})

test('a case that cannot be read is named with its line, and the others run', () => {
  const { cases, problems } = parseYaml(
    'a.yaml',
    `cases:
  - name: good
    log: x
  - name: misspelt
    log: x
    expects: { rule: 5 }
  - name: both
    log: x
    json: {}
  - name: late
    events: [{ log: x, after: soon }]
`,
  )
  assert.deepEqual(
    cases.map(({ name }) => name),
    ['good'],
  )
  assert.deepEqual(
    problems.map(({ line, message }) => [line, message]),
    [
      [4, 'case: Unrecognized key: "expects"'],
      [7, 'an event needs either "log" or "json"'],
      [10, '"after" is no duration: "soon"; write it like 90s, 5m or 2h'],
    ],
  )
})
