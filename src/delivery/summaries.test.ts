import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Alert } from '../alert.ts'
import { fromBytes } from '../alert.ts'
import type { DueMessage } from './incidents.ts'
import { nextTime, Summaries, type SummarySettings } from './summaries.ts'
import { count, emptyTally, summaryLine } from './tally.ts'
import { alert, bench, FakeClock, type FakeServer, fakeServer, range, until } from './testing/setup.ts'

const minute = 60_000
const hour = 60 * minute
const start = Date.parse('2024-01-15T10:00:00Z')
const one = (level: number, id = '5710', agent = 'web-01') =>
  ({
    id: '1705314600.1',
    timestamp: '2024-01-15T10:00:00.000+0000',
    rule: { id, level, description: `rule ${id}` },
    agent: { id: '001', name: agent },
    data: { srcip: '203.0.113.9' },
  }) as unknown as Alert

function open(settings: SummarySettings, stored?: string) {
  const logged: string[] = []
  const log = { info: (line: string) => void logged.push(line), warn: (line: string) => void logged.push(line) }
  return { summaries: new Summaries(settings, stored, log), logged }
}
const alertOf = ({ line }: DueMessage) => JSON.parse(fromBytes(line)) as Alert
const titles = (messages: DueMessage[]) => messages.map((message) => alertOf(message).rule.description)

test('a digest is one message, so long after its first alert', () => {
  const { summaries } = open({ digest: { every: 3600 }, timezone: 'UTC' })
  assert.equal(summaries.next(), undefined, 'nothing to tell, no message')
  assert.equal(summaries.take(one(5), start), true)
  summaries.take(one(12, '5712', 'db-01'), start + 10 * minute)
  summaries.take(one(5), start + 59 * minute)
  assert.equal(summaries.next(), start + hour)
  assert.deepEqual(summaries.due(start + hour - 1), [])
  const messages = summaries.due(start + hour)
  assert.deepEqual(titles(messages), ['Summary: 3 alerts in 1 h, up to level 12'])
  const told = alertOf(messages[0]!)
  assert.deepEqual([told.rule.level, told.rule.id, told.timestamp], [12, 'summary', '2024-01-15T11:00:00.000+0000'])
  assert.equal(
    told.full_log,
    `From 2024-01-15 10:00:00 UTC to 2024-01-15 11:00:00 UTC

Rules:
  2 × 5710 (5) rule 5710
  1 × 5712 (12) rule 5712

Agents:
  2 × web-01
  1 × db-01

Levels:
  1 × 12
  2 × 5

Most important:
  2024-01-15 10:00:00 (12) 5712 rule 5712 · db-01 · 203.0.113.9 · 1705314600.1
  2024-01-15 10:00:00 (5) 5710 rule 5710 · web-01 · 203.0.113.9 · 1705314600.1
  2024-01-15 10:00:00 (5) 5710 rule 5710 · web-01 · 203.0.113.9 · 1705314600.1`,
  )
  assert.equal(summaries.next(), undefined)
  summaries.take(one(5), start + 5 * hour)
  assert.equal(summaries.next(), start + 6 * hour)
})

test('at times of day, in the time zone of messages, also over a change of the clocks', () => {
  const at = (time: string) => Date.parse(time)
  for (const [times, zone, now, expected] of [
    [['08:00'], 'UTC', '2024-01-15T07:59:30Z', '2024-01-15T08:00:00Z'],
    [['08:00'], 'UTC', '2024-01-15T08:00:00Z', '2024-01-16T08:00:00Z'],
    [['08:00', '17:00'], 'UTC', '2024-01-15T08:00:01Z', '2024-01-15T17:00:00Z'],
    [['08:00'], 'Europe/Berlin', '2024-01-15T06:59:59Z', '2024-01-15T07:00:00Z'],
    [['08:00'], 'Asia/Kolkata', '2024-01-15T00:00:00Z', '2024-01-15T02:30:00Z'],
    // On 31 March 2024 the night in Berlin was an hour shorter, on 27 October an hour longer.
    [['08:00'], 'Europe/Berlin', '2024-03-30T12:00:00Z', '2024-03-31T06:00:00Z'],
    [['08:00'], 'Europe/Berlin', '2024-10-26T12:00:00Z', '2024-10-27T07:00:00Z'],
    [['00:00'], 'UTC', '2024-01-15T23:59:59Z', '2024-01-16T00:00:00Z'],
  ] as const)
    assert.equal(
      new Date(nextTime({ at: [...times] }, at(now), zone)).toISOString(),
      new Date(expected).toISOString(),
      `${times} ${zone} after ${now}`,
    )
})

const storm = { alerts: 10, within: 300 }

test('too many messages are a storm: one says so, then there are summaries until it is calm', () => {
  const { summaries, logged } = open({ storm })
  for (let n = 0; n < 10; n++) assert.equal(summaries.take(one(5), start + n), false)
  assert.deepEqual(summaries.due(start + 10), [])
  for (let n = 0; n < 100; n++) assert.equal(summaries.take(one(7), start + 20), true)
  assert.equal(summaries.storm_since, start + 20)
  const begin = summaries.due(start + 20)
  assert.deepEqual(titles(begin), ['Storm: more than 10 messages in 5 min'])
  assert.match(
    alertOf(begin[0]!).full_log!,
    /^Until it is calm, there is a summary every 5 min instead of single messages\.$/,
  )
  assert.equal(summaries.next(), start + 20 + 5 * minute)
  assert.deepEqual(titles(summaries.due(start + 20 + 5 * minute)), ['Storm: 100 alerts in 5 min, up to level 7'])
  for (let n = 0; n < 6; n++) summaries.take(one(5), start + 6 * minute)
  assert.deepEqual(titles(summaries.due(start + 20 + 10 * minute)), ['Storm: 6 alerts in 5 min, up to level 5'])
  for (let n = 0; n < 5; n++) assert.equal(summaries.take(one(5), start + 11 * minute), true)
  const end = summaries.due(start + 20 + 15 * minute)
  assert.deepEqual(titles(end), ['Storm is over: 5 alerts in 5 min, up to level 5'])
  assert.match(
    alertOf(end[0]!).full_log!,
    /^It is calm again: alerts are sent one by one\.\n\nFrom .* to .*\n\nRules:\n {2}5 × 5710/,
  )
  assert.equal(summaries.storm_since, undefined)
  assert.equal(summaries.take(one(5), start + 16 * minute), false)
  assert.deepEqual(logged, [
    'storm: more than 10 messages in 300 s; a summary every 300 s until it is calm',
    'the storm is over after 900 s: summaries told of 111 alerts',
  ])
})

const happened = (at: number) => ({ ...one(5), timestamp: new Date(at).toISOString().replace('Z', '+0000') }) as Alert

test('a few messages now and then are no storm', () => {
  const { summaries } = open({ storm })
  for (let n = 0; n < 100; n++) assert.equal(summaries.take(happened(start + n * minute), start + n * minute), false)
})

test('a storm is noticed where messages go out slowly, and of what piled up during an outage', () => {
  const slow = open({ storm }).summaries
  for (let n = 0; n < 10; n++) assert.equal(slow.take(happened(start + n), start + n * minute), false)
  assert.equal(slow.take(happened(start + 10), start + 10 * minute), true)
  const late = open({ storm }).summaries
  for (let n = 0; n < 10; n++) assert.equal(late.take(happened(start + n * minute), start + 3 * hour), false)
  assert.equal(late.take(happened(start + 10 * minute), start + 3 * hour), true)
  assert.equal(late.storm_since, start + 3 * hour)
})

test('counts and storms survive; what the configuration has no use for any more is told at once', () => {
  for (const settings of [{ storm }, { digest: { every: 3600 } }] as SummarySettings[]) {
    let stored = ''
    const first = open(settings).summaries
    for (let n = 0; n < 20; n++) first.take(one(5), start)
    first.due(start)
    first.flush((state) => (stored = state))()
    first.take(one(5), start)
    const again = open(settings, stored).summaries
    assert.equal(again.next(), start + (settings.storm ? 300_000 : 3_600_000))
    assert.equal(again.take(one(5), start), true)
    const told = again.due(again.next()!)
    assert.match(titles(told)[0]!, settings.storm ? /^Storm: 11 alerts/ : /^Summary: 21 alerts/)
    const changed = open({ storm: { alerts: 99, within: 60 } }, stored).summaries
    assert.equal(changed.due(start).length, settings.storm ? 0 : 1)
    assert.equal(open({}, stored).summaries.due(start).length, 1)
  }
  let writes = 0
  const { summaries } = open({ storm })
  summaries.take(one(5), start)
  summaries.flush(() => writes++)()
  summaries.flush(() => writes++)()
  assert.equal(writes, 1, 'only what changed')
})

test('what an attacker chooses does not fill the memory', () => {
  const tally = emptyTally()
  for (let n = 0; n < 10_000; n++) count(tally, one(n % 16, `${n}`, `agent-${n}${'x'.repeat(1000)}`))
  count(tally, { rule: {} } as unknown as Alert)
  count(tally, one(3, '__proto__', '__proto__'))
  assert.equal(tally.alerts, 10_002)
  assert.ok(JSON.stringify(tally).length < 200_000)
  assert.equal(tally.top.length, 10)
  assert.ok(tally.top.every(({ level }) => level === 15))
  const total = Object.values(tally.rules).reduce((sum, rule) => sum + rule.count, 0)
  assert.equal(total, 10_002)
  const line = summaryLine(
    { kind: 'digest', tally, from: start, to: start + hour },
    { language: 'ru', timezone: 'UTC' },
  )
  assert.match(fromBytes(line), /Сводка: оповещений 10002 за 1 ч, уровень до 15/)
  assert.match(fromBytes(line), /… и ещё 181/)
})

test('a name that every object knows is one like others', () => {
  const tally = emptyTally()
  for (let n = 0; n < 2; n++) count(tally, one(3, 'constructor', 'constructor'))
  assert.equal(tally.agents.constructor, 2)
  assert.deepEqual(
    Object.entries(tally.rules).map(([id, rule]) => [id, rule.count]),
    [['constructor', 2]],
  )
  assert.ok(!('count' in Object))
})

test('speaks Russian, in the time zone of the destination', () => {
  const style = { language: 'ru', timezone: 'Europe/Moscow' } as const
  const { summaries } = open({ storm: { alerts: 1, within: 300 }, ...style })
  summaries.take(one(5), start)
  summaries.take(one(12), start)
  const [begin] = summaries.due(start)
  const [end] = summaries.due(start + 5 * minute)
  assert.deepEqual(titles([begin!, end!]), [
    'Шквал: больше 1 сообщений за 5 мин',
    'Шквал: оповещений 1 за 5 мин, уровень до 12',
  ])
  assert.match(
    alertOf(begin!).full_log!,
    /^Пока не станет спокойно, вместо отдельных сообщений приходит сводка каждые 5 мин\.$/,
  )
  assert.match(
    alertOf(end!).full_log!,
    /^С 2024-01-15 13:00:00 Europe\/Moscow по 2024-01-15 13:05:00 Europe\/Moscow\n\nПравила:[\s\S]*Агенты:[\s\S]*Уровни:[\s\S]*Самое важное:\n {2}2024-01-15 13:00:00 \(12\)/,
  )
  const [over] = summaries.due(start + 10 * minute)
  assert.equal(alertOf(over!).rule.description, 'Шквал закончился: оповещений 0 за 5 мин')
  assert.equal(alertOf(over!).full_log, 'Снова спокойно: оповещения приходят по одному.')
})

// ------------------------------------------------------------------------------------------------------------- in the delivery

const bodies = ({ received }: FakeServer) => received.map(({ body }) => JSON.parse(body))
test('a digest is sent as a message of its destination, and is not lost by a restart', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const clock = new FakeClock()
  const time = { now: () => clock.now, schedule: clock.schedule }
  const destination = { type: 'gotify', options: { hook_url: server.url, api_key: 'k' }, digest: { every: 3600 } }
  const first = await open([destination], time)
  append(...range(1, 50).map((n) => alert(n)))
  await until(() => clock.advance(5) === undefined && first.status()[0]!.lag_bytes === 0)
  await first.stop()
  assert.equal(server.received.length, 0)

  server.answer = () => 503
  const second = await open([destination], time)
  append(alert(51, { rule: { level: 13, id: '1', description: 'grave' } }))
  await until(() => clock.advance(5) === undefined && second.status()[0]!.lag_bytes === 0)
  clock.advance(3_600_000)
  await until(() => second.status()[0]!.waiting === 1)
  await second.stop()

  server.answer = () => 200
  server.received.length = 0
  const third = await open([destination], time)
  await until(() => clock.advance(50) === undefined && third.status()[0]!.delivered === 1)
  assert.equal(bodies(server).length, 1)
  assert.equal(bodies(server)[0].title, 'Summary: 51 alerts in 1 h, up to level 13')
  assert.match(bodies(server)[0].message, /\n\nRules:\n {2}50 × 5710 \(5\) alert 1\n {2}1 × 1 \(13\) grave\n/)
})

test('a storm at one destination: what was too many comes in summaries, and other destinations go on', async (t) => {
  const [one, two] = [await fakeServer(t), await fakeServer(t)]
  const { append, open, logged } = bench(t)
  const clock = new FakeClock()
  const time = { now: () => clock.now, schedule: clock.schedule }
  const options = (server: FakeServer) => ({ hook_url: server.url, api_key: 'k' })
  const runner = await open(
    [
      { type: 'gotify', options: options(one), storm },
      { type: 'gotify', options: options(two) },
    ],
    time,
  )
  append(...range(1, 100).map((n) => alert(n)))
  await until(() => clock.advance(1) === undefined && runner.status()[1]!.delivered === 100)
  await until(() => runner.status()[0]!.delivered === 11)
  assert.ok(runner.status()[0]!.storm_since)
  clock.advance(300_000)
  await until(() => runner.status()[0]!.delivered === 12)
  clock.advance(300_000)
  await until(() => runner.status()[0]!.delivered === 13)
  assert.equal(runner.status()[0]!.storm_since, undefined)
  const titles = bodies(one).map(({ title }) => title)
  assert.equal(titles.filter((title) => /Level 5/.test(title)).length, 10)
  assert.ok(titles.includes('Storm: more than 10 messages in 5 min'))
  assert.ok(titles.includes('Storm: 90 alerts in 5 min, up to level 5'))
  assert.equal(titles.at(-1), 'Storm is over: 0 alerts in 5 min')
  assert.ok(logged.some((line) => line.startsWith('d1: storm: more than 10 messages in 300 s')))
  assert.ok(logged.some((line) => /^d1: the storm is over after 600 s: summaries told of 90 alerts$/.test(line)))
})

test('that a storm has begun is told, also when we end at that moment', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const clock = new FakeClock()
  const destination = { options: { hook_url: server.url }, storm: { alerts: 2, within: 300 } }
  const time = { now: () => clock.now, schedule: clock.schedule }
  append(...range(1, 5).map((n) => alert(n)))
  const first = await open([destination], time)
  await until(() => first.status()[0]!.storm_since !== undefined)
  await first.stop()
  const second = await open([destination], time)
  await until(() => server.received.some(({ body }) => body.includes('Storm: more than 2 messages')))
  assert.equal(second.status()[0]!.storm_since, clock.now)
})

test('a look-up is not given summaries', async (t) => {
  const { open } = bench(t)
  const sender = {
    send: async () => ({ outcome: { kind: 'delivered' as const } }),
    resolves: false,
    close: async () => {},
  }
  const runner = await open([{ type: 'virustotal', digest: { every: 3600 } }], { sender: async () => sender })
  assert.deepEqual(
    runner.problems.map(({ severity, message }) => [severity, message]),
    [['error', 'destination "d1": a look-up asks for each alert, and has no use for a summary']],
  )
  assert.deepEqual(runner.status(), [])
})
