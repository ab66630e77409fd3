import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alert, bench, FakeClock, fakeServer, numbers, range, until } from './testing/setup.ts'

test('when too many wait the cursor stops and the log holds the rest', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  server.answer = () => 500
  const clock = new FakeClock()
  const tuning = { max_waiting: 10, breaker_failures: 1000 }
  const first = await open([{ options: { hook_url: server.url } }], {
    now: () => clock.now,
    schedule: clock.schedule,
    tuning,
  })
  append(...range(1, 100).map((n) => alert(n)))
  await until(() => first.status()[0]!.waiting >= 10)
  clock.advance(5)
  assert.ok(first.status()[0]!.waiting < 10 + 4)
  assert.ok(first.status()[0]!.lag_bytes > 10_000)
  await first.stop()
  server.answer = () => 200
  const before = server.received.length
  const second = await open([{ options: { hook_url: server.url } }])
  await until(() => second.status()[0]!.delivered === 100)
  assert.deepEqual(
    numbers({ ...server, received: server.received.slice(before) }).sort((a, b) => a - b),
    range(1, 100),
  )
})

test('a destination that is away is asked less and less, and caught up with at once when it is back', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  server.answer = () => 503
  const clock = new FakeClock()
  const runner = await open([{ options: { hook_url: server.url } }], {
    now: () => clock.now,
    schedule: clock.schedule,
    tuning: { backoff_base_ms: 1000, breaker_failures: 5 },
  })
  append(...range(1, 300).map((n) => alert(n)))
  await until(() => runner.status()[0]!.state === 'retrying' && runner.status()[0]!.waiting >= 4)
  // An hour, minute by minute, each try answered before the clock goes on.
  for (let second = 0; second < 3600; second += 5) {
    clock.advance(5000)
    const count = server.received.length
    await until(() => server.received.length > count || (runner.status()[0]!.next_try ?? 0) > clock.now)
  }
  const asked = server.received.length
  assert.ok(asked > 60 && asked < 260, `${asked} requests in an hour`)
  assert.ok(runner.status()[0]!.waiting < 260)
  server.answer = () => 200
  for (let second = 0; second < 60 && runner.status()[0]!.delivered < 300; second++) {
    clock.advance(1000)
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  await until(() => runner.status()[0]!.delivered === 300)
  assert.equal(runner.status()[0]!.rejected, 0)
})

test('no more requests a second than allowed', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const clock = new FakeClock()
  const runner = await open([{ options: { hook_url: server.url }, rate: 2 }], {
    now: () => clock.now,
    schedule: clock.schedule,
  })
  append(...range(1, 7).map((n) => alert(n)))
  await until(() => server.received.length === 2)
  for (const expected of [3, 4, 5, 6, 7]) {
    clock.advance(499)
    assert.equal(server.received.length, expected - 1)
    clock.advance(1)
    await until(() => server.received.length === expected)
  }
  await until(() => runner.status()[0]!.delivered === 7)
})

test('never more at once than its concurrency', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const runner = await open([{ options: { hook_url: server.url }, concurrency: 3 }])
  append(...range(1, 300).map((n) => alert(n)))
  await until(() => runner.status()[0]!.delivered === 300)
  assert.ok(server.most <= 3)
})

test('destinations with the same credential share its rate', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  server.answer = () => ({ status: 200, body: '{"ok":true}' })
  const clock = new FakeClock()
  const options = { hook_url: server.url, api_key: '1:a', chat_id: 1 }
  const runner = await open(
    [
      { type: 'telegram', options },
      { type: 'telegram', options },
      { type: 'telegram', options: { ...options, api_key: '2:b' } },
    ],
    {
      now: () => clock.now,
      schedule: clock.schedule,
    },
  )
  append(alert(1))
  const delivered = () => runner.status().reduce((sum, one) => sum + one.delivered, 0)
  await until(() => delivered() === 2)
  clock.advance(999)
  assert.equal(server.received.length, 2)
  clock.advance(1)
  await until(() => delivered() === 3)
})
