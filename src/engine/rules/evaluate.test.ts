import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inGroup, run } from '../testing/small.ts'

const one = (tags: string, attributes = 'level="3"') =>
  inGroup(`<rule id="100001" ${attributes}><description>d</description>${tags}</rule>`)
const kv = (user: string, src: string, col: string) => `Dec 10 01:02:02 host app: kv user=${user} src=${src} col=${col}`
const idOf = (decision: { rule?: { id: number } }) => decision.rule?.id

test('a negated condition on a missing field does not match', () => {
  const send = run(one('<field name="col" negate="yes">red</field>'))
  assert.equal(idOf(send(kv('ann', '10.0.0.1', 'blue'))), 100001)
  assert.equal(idOf(send(kv('ann', '10.0.0.1', 'red'))), undefined)
  assert.equal(idOf(send('nothing')), undefined)
})

test('among siblings level 0 comes first, then the highest level', () => {
  const rules = (levels: number[]) =>
    inGroup(
      levels
        .map(
          (level, i) =>
            `<rule id="${100_001 + i}" level="${level}"><match>x</match><description>d</description></rule>`,
        )
        .join(''),
    )
  assert.equal(idOf(run(rules([3, 0, 9]))('x')), 100002)
  assert.equal(idOf(run(rules([3, 9, 9]))('x')), 100002)
})

test('a gate without a fitting child lets the next sibling try', () => {
  const send = run(
    inGroup(
      '<rule id="100001" level="9" noalert="1"><match>x</match><description>gate</description></rule>' +
        '<rule id="100002" level="9"><if_sid>100001</if_sid><match>y</match><description>child</description></rule>' +
        '<rule id="100003" level="3"><match>x</match><description>sibling</description></rule>',
    ),
  )
  assert.equal(idOf(send('x y')), 100002)
  assert.equal(idOf(send('x')), 100003)
})

test('addresses: any of a list, negated as a whole, and no value that is no address', () => {
  const send = run(one('<srcip>10.0.0.0/8</srcip><srcip>2001:db8::/32</srcip>'))
  for (const [ip, fits] of [
    ['10.1.2.3', true],
    ['11.1.2.3', false],
    ['2001:db8::1', true],
    ['nowhere', false],
  ] as const)
    assert.equal(idOf(send(kv('a', ip, 'b'))) === 100001, fits, ip)
  const negated = run(one('<srcip negate="yes">10.0.0.0/8</srcip>'))
  assert.equal(idOf(negated(kv('a', 'nowhere', 'b'))), 100001)
})

test('a window over midnight leaves out its own ends', () => {
  const send = run(one('<time>22:00 - 06:00</time>'))
  const at = (clock: string) => Date.parse(`2024-01-15T${clock}:00Z`) / 1_000
  for (const [clock, fits] of [
    ['22:00', false],
    ['22:01', true],
    ['05:59', true],
    ['06:00', false],
    ['12:00', false],
  ] as const)
    assert.equal(idOf(send('x', at(clock))) === 100001, fits, clock)
})

test('time and day are those of the local clock', () => {
  const send = run(one('<weekday>monday</weekday><time>00:00 - 01:00</time>'), {
    session: { utc_offset: () => 120 },
  })
  // Sunday 22:30 UTC is Monday 00:30 two hours further east.
  assert.equal(idOf(send('x', Date.parse('2024-01-14T22:30:00Z') / 1_000)), 100001)
  assert.equal(idOf(send('x', Date.parse('2024-01-15T00:30:00Z') / 1_000)), undefined)
})

test('lists: every way of looking up', () => {
  const cases: [attributes: string, user: string, fits: boolean][] = [
    ['field="user"', 'red', true],
    ['field="user"', 'green', false],
    ['field="user" lookup="not_match_key"', 'green', true],
    ['field="user" lookup="match_key_value" check_value="^wa"', 'red', true],
    ['field="user" lookup="match_key_value" check_value="^wa"', 'blue', false],
    ['field="user" lookup="match_key_value"', 'blue', false],
    ['field="user" lookup="address_match_key"', '10.0.7.7', true],
    ['field="user" lookup="address_match_key"', '10.1.7.7', false],
    ['field="user" lookup="not_address_match_key"', '10.1.7.7', true],
    // Inverted, as in the original.
    ['field="user" lookup="address_match_key_value" check_value="net"', '10.0.7.7', false],
    ['field="user" lookup="address_match_key_value" check_value="other"', '10.0.7.7', true],
    ['field="user"', 'a:b', true],
    ['field="col" lookup="not_match_key"', 'x', true],
  ]
  for (const [attributes, user, fits] of cases) {
    const send = run(one(`<list ${attributes}>etc/lists/colours</list>`))
    assert.equal(idOf(send(kv(user, '10.0.0.1', 'green'))) === 100001, fits, `${attributes} ${user}`)
  }
})

test('first time seen: once for each key, remembered by who is told', () => {
  const keys: string[] = []
  const rules = one('<decoded_as>app</decoded_as><if_fts/>')
  const send = run(rules, { session: { on_fts: (key: string) => keys.push(key) } })
  assert.equal(idOf(send(kv('ann', '10.0.0.1', 'x'))), 100001)
  assert.equal(idOf(send(kv('ann', '10.0.0.1', 'y'))), undefined)
  assert.equal(idOf(send(kv('bob', '10.0.0.1', 'x'))), 100001)
  const again = run(rules, { session: { fts_seen: keys } })
  assert.equal(idOf(again(kv('bob', '10.0.0.1', 'x'))), undefined)
})

test('check_diff: fires when the log of the host changes, with the one before', () => {
  const send = run(one('<match>state</match><check_diff/>'))
  assert.equal(idOf(send('state a')), undefined)
  assert.equal(idOf(send('state a')), undefined)
  const changed = send('state b')
  assert.equal(idOf(changed), 100001)
  const alert = JSON.parse(changed.json(0))
  assert.equal(alert.previous_log, 'state a')
  assert.equal(alert.previous_output, 'Previous output:\nstate a')
})

test('ignore: live the parent takes the event, logtest shows the rule without alert', () => {
  const rules = inGroup(
    '<rule id="100001" level="3"><match>x</match><description>parent</description></rule>' +
      '<rule id="100002" level="7" ignore="60"><if_sid>100001</if_sid><description>child</description></rule>',
  )
  const live = run(rules)
  const logtest = run(rules, { mode: 'logtest' })
  const at = 1_700_000_000
  for (const [seconds, liveId, liveAlert, logtestAlert] of [
    [0, 100002, true, true],
    [59, 100001, true, false],
    [60, 100002, true, true],
    // Live a new window has begun; in logtest the next one begins it.
    [61, 100001, true, true],
    [62, 100001, true, false],
  ] as const) {
    const decision = live('x', at + seconds)
    assert.deepEqual([idOf(decision), decision.alert], [liveId, liveAlert], `live after ${seconds} s`)
    const shown = logtest('x', at + seconds)
    assert.deepEqual([idOf(shown), shown.alert], [100002, logtestAlert], `logtest after ${seconds} s`)
  }
})

test('firewall events that lack a field are dropped before the rules, live only', () => {
  const rules = inGroup('<rule id="100001" level="5"><category>firewall</category><description>d</description></rule>')
  const log = 'Dec 10 01:02:02 host wall: DROP 10.0.0.1'
  assert.equal(run(rules)(log).analysed, false)
  assert.equal(idOf(run(rules, { session: { log_fw: false } })(log)), 100001)
  assert.equal(idOf(run(rules, { mode: 'logtest' })(log)), 100001)
})

test('options: the order of no_log and no_counter matters', () => {
  const flags = (options: string[]) => {
    const decision = run(one(options.map((option) => `<options>${option}</options>`).join('')))('x')
    return [decision.alert, JSON.parse(decision.json(0)).rule.firedtimes !== undefined]
  }
  assert.deepEqual(flags([]), [true, true])
  assert.deepEqual(flags(['no_log', 'no_counter']), [false, false])
  assert.deepEqual(flags(['no_counter', 'no_log']), [false, true])
  assert.deepEqual(flags(['no_log', 'log_alert']), [true, true])
})

test('GeoIP: a rule sees country and region of an address', () => {
  const geoip = (address: string) => (address === '203.0.113.7' ? 'DE / Berlin' : undefined)
  const send = run(one('<srcgeoip>^DE</srcgeoip>'), { more: { geoip } })
  assert.equal(idOf(send(kv('a', '203.0.113.7', 'b'))), 100001)
  assert.equal(idOf(send(kv('a', '10.0.0.1', 'b'))), undefined)
})

test('descriptions: static and dynamic fields, unknown ones empty, too long ones as they are written', () => {
  const describe = (description: string, log: string) =>
    run(inGroup(`<rule id="100001" level="3"><description>${description}</description></rule>`))(log).rule?.description
  const log = kv('ann', '10.0.0.1', 'red')
  assert.equal(describe('$(dstuser) $(COL) $(user)$(nope)| $(hostname) $(open', log), 'ann red | host $(open')
  assert.equal(describe('x $(col)', kv('a', 'b', 'y'.repeat(1_022))), 'x $(col)')
  assert.equal(describe('x $(col)', kv('a', 'b', 'y'.repeat(1_021)))?.length, 1_023)
})

test('overwriting replaces all conditions and keeps place and parents', () => {
  const rules = (last: string) =>
    inGroup(
      '<rule id="100001" level="3"><decoded_as>app</decoded_as><match>x</match><description>old</description></rule>' +
        '<rule id="100002" level="5"><if_sid>100001</if_sid><match>y</match><description>child</description></rule>' +
        last,
    )
  const send = run(
    rules('<rule id="100001" level="7" overwrite="yes"><match>z</match><description>new</description></rule>'),
  )
  assert.equal(send('z').rule?.description, 'new')
  assert.equal(idOf(send('z y')), 100002)
  assert.equal(idOf(send('Dec 10 01:02:02 host app: x')), undefined)
})

test('the walk says why a rule did not match', () => {
  const send = run(one('<decoded_as>json</decoded_as><field name="a">^red$</field>'))
  assert.equal(idOf(send('{"a":"red"}')), 100001)
})
