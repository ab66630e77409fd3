import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSession, loadRuleset, type Ruleset } from './index.ts'
import { inGroup, run, sourcesWith } from './testing/small.ts'

const rules = (extra = '') =>
  inGroup(
    '<rule id="100001" level="3"><match>hit</match><description>b</description></rule>' +
      '<rule id="100002" level="10" frequency="4" timeframe="60"><if_matched_sid>100001</if_matched_sid><description>C</description></rule>' +
      '<rule id="100003" level="5" ignore="60"><match>once</match><description>d</description></rule>' +
      `<rule id="100004" level="4"><decoded_as>app</decoded_as><if_fts/><description>new</description></rule>${extra}`,
  )
const compiled = (text: string, plain: boolean): Ruleset => loadRuleset(sourcesWith(text, { plain })).ruleset!

for (const plain of [true, false]) {
  test(`a reload keeps what is still valid (${plain ? 'plain' : 'fast'})`, () => {
    const session = createSession(compiled(rules(), plain), { hostname: 'vm', mode: 'live', log_alert_level: 1 })
    const at = 1_700_000_000_000
    const send = (log: string) => session.process({ log, location: 'x' }, at)
    const known = 'Dec 10 01:02:02 host app: kv user=a src=b col=c'
    for (const log of ['hit', 'hit', 'hit', 'once', known]) send(log)
    session.reload(
      compiled(rules('<rule id="100009" level="2"><match>other</match><description>e</description></rule>'), plain),
    )
    assert.equal(send('hit').rule?.id, 100002, 'earlier events count')
    assert.equal(send('once').alert, false, 'a window stays open')
    assert.equal(send(known).rule?.id, undefined, 'a key stays known')
    assert.equal(send('other').rule?.id, 100009)
    assert.equal(send('hit').rule?.firedtimes, 1, 'counters begin anew')
  })
}

test('what no composite counts takes its place in the memory, after a reload as before it', () => {
  const noise = '<rule id="100009" level="2"><match>noise</match><description>e</description></rule>'
  const ends = [true, false].map((plain) => {
    const ruleset = compiled(rules(noise), plain)
    const session = createSession(ruleset, { hostname: 'vm', mode: 'live', memory_size: 2_048 })
    const send = (log: string, at_s: number) => session.process({ log, location: 'x' }, at_s * 1_000)
    for (const log of ['hit', 'hit', 'hit', ...new Array<string>(2_040).fill('noise')]) send(log, 1_700_000_000)
    session.reload(ruleset)
    for (let i = 0; i < 10; i++) send('noise', 1_700_000_010)
    return send('hit', 1_700_000_010).rule?.id
  })
  // The memory ran over, and what is older than the largest frequency in seconds went.
  assert.deepEqual(ends, [100001, 100001])
})

test('counters begin anew with each hour of the local clock, live only', () => {
  const text = inGroup('<rule id="100001" level="3"><description>d</description></rule>')
  const hour = (n: number) => 1_700_000_000 - (1_700_000_000 % 3_600) + n * 3_600
  for (const [mode, counts] of [
    ['live', [1, 2, 1]],
    ['logtest', [1, 2, 3]],
  ] as const) {
    const send = run(text, { mode })
    assert.deepEqual(
      [hour(0), hour(0) + 3_599, hour(1)].map((at) => send('x', at).rule?.firedtimes),
      counts,
    )
  }
})

test('drops an event whose location begins like that of an agent and is not', () => {
  const { analysed, alert, rule } = run(rules())('hit', 0, '[001 oops')
  assert.deepEqual([analysed, alert, rule], [false, false, undefined])
})

test('an alert under the level is not written and may still be answered', () => {
  const send = run(rules(), { session: { log_alert_level: 4 } })
  const { alert, respond } = send('hit')
  assert.deepEqual([alert, respond], [false, true])
})

test('refuses a ruleset that it did not make', () => {
  const foreign = { plain: false, rules: [], decoders: [] }
  assert.throws(() => createSession(foreign, { hostname: 'vm', mode: 'live' }), /comes from loadRuleset/)
})
