import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSession, loadRuleset } from '../index.ts'
import { compareEngines, compile } from '../testing/compare.ts'
import { inGroup, sourcesWith } from '../testing/small.ts'

/** Conditions of many kinds, so that children that the index takes stand between others. */
const kinds: ((n: number) => string)[] = [
  (n) => `<match>unit-${n} failed</match>`,
  (n) => `<match>disk-${n}|^volume-${n}</match>`,
  (n) => `<regex>Worker ${n} \\w+ed$</regex>`,
  (n) => `<regex type="pcre2">(?i)job ${n}\\b</regex>`,
  (n) => `<field name="col">^c-${n}$|^d-${n}$</field>`,
  (n) => `<user>operator${n}</user>`,
  (n) => `<srcip>10.0.${n >> 8}.${n & 255}</srcip>`,
  (n) => `<srcip>10.${(n >> 3) & 255}.0.0/16</srcip><match>unit</match>`,
  (n) => `<srcip>fe80::${n}</srcip>`,
  (n) => `<match negate="yes">unit-${n}</match><regex>job ${n}$</regex>`,
  (n) => `<match>${n % 10}</match><user>operator${n}</user>`,
  (n) => `<srcip negate="yes">10.0.0.${n & 255}</srcip><field name="col">only-${n}</field>`,
]
const count = 1_200
const rulesOf = (count: number) =>
  inGroup(
    `<rule id="100000" level="1"><decoded_as>app</decoded_as><description>app</description></rule>${Array.from(
      { length: count },
      (_, n) =>
        `<rule id="${200_000 + n}" level="5"><if_sid>100000</if_sid>${kinds[n % kinds.length]!(n)}<description>rule ${n}</description></rule>`,
    ).join('')}`,
  )
const lines = Array.from({ length: 400 }, (_, i) => {
  const n = (i * 7) % count
  const ip = i % 9 === 0 ? `fe80::${n}` : `10.${i % 3 ? 0 : (n >> 3) & 255}.${n >> 8}.${n & 255}`
  const what = [`unit-${n} failed`, `disk-${n}`, `Worker ${n} stopped`, `job ${n} unit`][i % 4]
  return `Dec 10 01:02:03 host app: kv user=operator${n} src=${ip} col=${['c', 'd', 'only'][i % 3]}-${n} ${what}`
})

// The index is asked first of 1,200, and of 300 when decoder, program and fields have left too many.
for (const some of [count, 300]) {
  test(`of ${some} children those are found that trying them all would find, and the first of them`, () => {
    const engines = compile({ name: 'wide', mode: 'live', sources: sourcesWith(rulesOf(some)), lines, channel: [] })
    const { differences, alerts } = compareEngines(engines, { lines: 2_000, seed: 1 })
    assert.deepEqual(differences, [])
    assert.ok(alerts > 1_000, String(alerts))
  })
}

test('an alert of each kind is raised', () => {
  const session = createSession(loadRuleset(sourcesWith(rulesOf(count))).ruleset!, { hostname: 'vm', mode: 'live' })
  const reached = new Set<number>()
  for (let n = 0; n < count; n++) {
    const of = (user: string, src: string, col: string, rest: string) =>
      `Dec 10 01:02:03 host app: kv user=${user} src=${src} col=${col} ${rest}`
    const logs = [
      of('x', '192.0.2.1', 'x', `unit-${n} failed`),
      of('x', '192.0.2.1', 'x', `disk-${n}`),
      of('x', '192.0.2.1', 'x', `Worker ${n} stopped`),
      of('x', '192.0.2.1', 'x', `job ${n}`),
      of('x', '192.0.2.1', `d-${n}`, ''),
      of(`operator${n}`, '192.0.2.1', 'x', ''),
      of('x', `10.0.${n >> 8}.${n & 255}`, 'x', ''),
      of('x', `10.${(n >> 3) & 255}.9.9`, 'x', 'unit'),
      of('x', `fe80::${n}`, 'x', ''),
      of('x', '192.0.2.1', 'x', `job ${n}`),
      of(`operator${n}`, '192.0.2.1', 'x', String(n)),
      of('x', '192.0.2.1', `only-${n}`, ''),
    ]
    const { rule } = session.process({ log: logs[n % kinds.length]!, location: 'x' }, 1_700_000_000_000)
    if (rule && rule.id >= 200_000) reached.add(n % kinds.length)
  }
  assert.deepEqual(
    [...reached].sort((a, b) => a - b),
    [...kinds.keys()],
  )
})
