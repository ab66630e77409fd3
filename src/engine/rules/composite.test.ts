import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inGroup, run } from '../testing/small.ts'

const base = '<rule id="100001" level="3"><match>hit</match><description>b</description><group>hits,</group></rule>'
const composite = (tags: string, attributes: string, id = 100002, level = 10) =>
  `<rule id="${id}" level="${level}" ${attributes}>${tags}<description>C</description></rule>`

/** One letter for each event: the last digit of the rule, or `-`. */
function sequence(rules: string, events: readonly (string | [log: string, at: number, location?: string])[]): string {
  const send = run(inGroup(rules))
  const at = 1_700_000_000
  return events
    .map((event) => {
      const [log, seconds, location] = typeof event === 'string' ? [event, 0] : event
      return String(send(log, at + seconds, location).rule?.id ?? '-').slice(-1)
    })
    .join('')
}
const times = (count: number, log = 'hit') => new Array<string>(count).fill(log)
const bySid = '<if_matched_sid>100001</if_matched_sid>'

test('fires at the event of its number, and then begins anew', () => {
  assert.equal(sequence(base + composite(bySid, ''), times(6)), '122222')
  assert.equal(sequence(base + composite(bySid, 'frequency="2"'), times(6)), '122222')
  assert.equal(sequence(base + composite(bySid, 'frequency="3"'), times(9)), '112112112')
  assert.equal(sequence(base + composite(bySid, 'frequency="5"'), times(10)), '1111211112')
})

test('by group, a composite that is in the group itself counts its own events', () => {
  const rule = composite('<if_matched_group>hits</if_matched_group><group>hits,</group>', 'frequency="2"')
  assert.equal(sequence(base + rule, times(6)), '121212')
})

test('a rule with two parents counts twice', () => {
  const rules =
    '<rule id="100004" level="0"><match>hit</match><description>p</description></rule>' +
    '<rule id="100005" level="0"><if_sid>100004</if_sid><description>q</description></rule>' +
    '<rule id="100001" level="3"><if_sid>100004,100005</if_sid><description>b</description><group>hits,</group></rule>' +
    composite('<if_matched_group>hits</if_matched_group>', 'frequency="4"')
  assert.equal(sequence(rules, times(4)), '1121')
})

test('what is exactly as old as the timeframe still counts', () => {
  const rule = composite(bySid, 'frequency="2" timeframe="10"')
  assert.equal(
    sequence(base + rule, [
      ['hit', 0],
      ['hit', 10],
    ]),
    '12',
  )
  assert.equal(
    sequence(base + rule, [
      ['hit', 0],
      ['hit', 11],
    ]),
    '11',
  )
})

test('agents are counted apart unless told otherwise', () => {
  const events: [string, number, string][] = [
    ['hit', 0, '[001] (a) 10.0.0.1->x'],
    ['hit', 0, '[002] (b) 10.0.0.2->x'],
    ['hit', 0, '[001] (a) 10.0.0.1->x'],
  ]
  assert.equal(sequence(base + composite(bySid, 'frequency="2"'), events), '112')
  assert.equal(sequence(base + composite(`${bySid}<global_frequency/>`, 'frequency="2"'), events), '122')
})

const kv = (user: string, src: string, col = 'c') =>
  `Dec 10 01:02:02 host app: kv user=${user} src=${src} col=${col} hit`

test('same and different values', () => {
  const [a, b, c, d] = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map((ip) => kv('u', ip))
  const same = composite(`${bySid}<same_srcip/>`, 'frequency="3"')
  assert.equal(sequence(base + same, [a, b, a, b, a, b, a, b, a, b, a, b] as string[]), '111122111122')
  const different = composite(`${bySid}<different_srcip/>`, 'frequency="3"')
  assert.equal(sequence(base + different, [a, a, a, b, b, c, c, d] as string[]), '11121112')
  const field = composite(`${bySid}<same_field>COL</same_field>`, 'frequency="2"')
  assert.equal(sequence(base + field, [kv('u', 'x', 'red'), kv('u', 'x', 'blue'), kv('u', 'x', 'red')]), '112')
  const other = composite(`${bySid}<not_same_field>col</not_same_field>`, 'frequency="2"')
  assert.equal(sequence(base + other, [kv('u', 'x', 'red'), kv('u', 'x', 'red'), kv('u', 'x', 'blue')]), '112')
})

test('the mark of a higher level stops a lower one', () => {
  const rules = base + composite(bySid, 'frequency="3"', 100002, 12) + composite(bySid, 'frequency="5"', 100003, 8)
  assert.equal(sequence(rules, times(9)), '112112112')
  const reverse = base + composite(bySid, 'frequency="6"', 100002, 10) + composite(bySid, 'frequency="3"', 100003, 8)
  assert.equal(sequence(reverse, times(16)), '1131131211311312')
})

test('events of level 0 are not stored, and a composite of level 0 never fires', () => {
  const silent = base.replace('level="3"', 'level="0"')
  assert.equal(sequence(silent + composite(bySid, 'frequency="2"'), times(3)), '111')
  assert.equal(sequence(base + composite(bySid, 'frequency="2"', 100002, 0), times(3)), '111')
})

test('if_matched_regex looks at all stored events of the same type', () => {
  const rules =
    base +
    composite('<if_matched_regex>^first</if_matched_regex><global_frequency/><match>second</match>', 'frequency="2"')
  assert.equal(sequence(rules, ['second hit', 'first hit', 'second hit']), '112')
})

test('shows the earlier events, newest first', () => {
  const send = run(inGroup(base + composite(bySid, 'frequency="4"')))
  for (const n of [1, 2, 3]) send(`hit ${n}`)
  const fired = send('hit 4')
  assert.deepEqual(fired.previous, ['hit 3', 'hit 2', 'hit 1'])
  const { rule, previous_output } = JSON.parse(fired.json(0))
  assert.equal(previous_output, 'hit 3\nhit 2\nhit 1')
  assert.equal(rule.frequency, 4)
})

test('forgets the oldest ten when the memory is full', () => {
  const send = run(inGroup(base + composite(bySid, 'frequency="2060" timeframe="999"')), {
    session: { memory_size: 2_048 },
  })
  const ids = Array.from({ length: 3_000 }, () => send('hit').rule?.id)
  assert.equal(ids.includes(100002), false)
})
