import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Destination } from '../config.ts'
import { alert, bench, FakeClock, fakeServer, numbers, range, until } from './testing/setup.ts'

const hour = 3_600_000

function timed() {
  const clock = new FakeClock()
  const at = (n: number, ago: number, more = {}) =>
    alert(n, { timestamp: new Date(clock.now - ago).toISOString().replace('Z', '+0000'), ...more })
  return { clock, at, time: { now: () => clock.now, schedule: clock.schedule } }
}

test('what is late gets so many turns a second, and what is new goes first', async (t) => {
  const server = await fakeServer(t)
  const { append, open, logged } = bench(t)
  const { clock, at, time } = timed()
  const destination: Partial<Destination> = {
    type: 'gotify',
    options: { hook_url: server.url, api_key: 'k' },
    catch_up: 2,
  }
  const titled = () => server.received.map(({ body }) => JSON.parse(body).title as string)
  append(...range(1, 20).map((n) => at(n, 3 * hour)), ...range(21, 25).map((n) => at(n, 0)))
  const first = await open([destination], time)
  await until(() => server.received.length === 6)
  assert.match(titled()[0]!, /alert 21 /)
  assert.deepEqual(
    titled().toSorted(),
    ['[3 h late] Level 5: alert 1 (web-01)', ...range(21, 25).map((n) => `Level 5: alert ${n} (web-01)`)].toSorted(),
  )
  assert.equal(first.status()[0]!.waiting, 19)
  assert.match(first.status()[0]!.reason!, /^it is late, and of what is late 2 a second are sent/)
  clock.advance(1000)
  await until(() => server.received.length === 8)
  append(at(26, 0))
  await until(() => titled().some((title) => title.includes('alert 26')))
  await first.stop()

  // Those that wait are in the table.
  const second = await open([destination], time)
  for (let n = 0; n < 20 && second.status()[0]!.waiting > 0; n++) {
    const before = server.received.length
    clock.advance(500)
    await until(() => server.received.length > before || second.status()[0]!.waiting === 0)
    assert.ok(server.received.length <= before + 2, 'no burst')
  }
  assert.equal(new Set(titled().map((title) => /alert \d+/.exec(title)![0])).size, 26)
  assert.equal(titled().filter((title) => title.startsWith('[3 h late] ')).length, 20)
  assert.equal(logged.filter((line) => line.startsWith('d1: catches up')).length, 1)
})

test('turns that do not fall on whole milliseconds are kept in the table, too', async (t) => {
  const server = await fakeServer(t)
  const { append, open, logged } = bench(t)
  const { clock, at, time } = timed()
  append(...range(1, 12).map((n) => at(n, 3 * hour)))
  const options = { hook_url: server.url, api_key: 'k' }
  const { status, stop } = await open([{ type: 'gotify', options, catch_up: 3, rate: 400 }], time)
  for (let n = 0; n < 12 && status()[0]!.delivered < 12; n++) {
    const before = server.received.length
    clock.advance(1000)
    await until(() => server.received.length > before || status()[0]!.delivered === 12)
  }
  assert.equal(status()[0]!.delivered, 12)
  await stop()
  assert.deepEqual(
    logged.filter((line) => line.includes('cannot be written')),
    [],
  )
})

test('where a service has a rate, that is the default', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const { clock, at, time } = timed()
  server.answer = () => ({ status: 200, body: '{"ok":true}' })
  const options = { hook_url: server.url, api_key: '1:a', chat_id: 1 }
  const runner = await open([{ type: 'telegram', options }], time)
  append(...range(1, 30).map((n) => at(n, hour)), at(31, 0))
  await until(() => {
    clock.advance(1)
    return runner.status()[0]!.lag_bytes === 0
  })
  for (let n = 0; n < 4; n++) {
    const before = server.received.length
    clock.advance(1000)
    await until(() => server.received.length > before)
  }
  assert.ok(server.received.length < 10)
  assert.match(server.received[0]!.body, /alert 31/)
})

test('in file order nothing goes first', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const { clock, at, time } = timed()
  const runner = await open([{ options: { hook_url: server.url }, concurrency: 1, catch_up: 10 }], time)
  append(...range(1, 5).map((n) => at(n, hour)), at(6, 0))
  await until(() => {
    clock.advance(10)
    return runner.status()[0]!.delivered === 6
  })
  assert.deepEqual(numbers(server), range(1, 6))
})

test('what waited while the destination was away and what is new take turns', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const { clock, at, time } = timed()
  const runner = await open([{ options: { hook_url: server.url }, concurrency: 2 }], time)
  server.answer = () => 503
  append(...range(1, 30).map((n) => at(n, 0)))
  await until(() => {
    clock.advance(20)
    return runner.status()[0]!.waiting >= 10
  })
  server.received.length = 0
  server.answer = () => 200
  append(...range(31, 40).map((n) => at(n, 0)))
  await until(() => {
    clock.advance(20)
    return runner.status()[0]!.delivered === 40
  })
  assert.deepEqual(
    numbers(server).toSorted((a, b) => a - b),
    range(1, 40),
  )
})
