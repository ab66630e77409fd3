import assert from 'node:assert/strict'
import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openState } from '../durable/state.ts'
import { migrations } from './index.ts'
import { alert, bench, FakeClock, fakeServer, numbers, range, until } from './testing/setup.ts'

/** Lets a commit fall due. */
function tick(clock: FakeClock): boolean {
  clock.advance(5)
  return true
}

test('delivers from the first alert after it was added', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  append(alert(1), alert(2))
  const runner = await open([{ options: { hook_url: server.url }, from: 'now' }])
  append(alert(3))
  await until(() => runner.status()[0]!.delivered === 1)
  assert.deepEqual(numbers(server), [3])
  assert.deepEqual(JSON.parse(server.received[0]!.body), alert(3))
})

test('a place is kept over restarts, also when nothing came before the first one', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  append(alert(1))
  const destination = { options: { hook_url: server.url }, from: 'now' } as const
  await (await open([destination])).stop()
  append(alert(2))
  const second = await open([destination])
  await until(() => server.received.length === 1)
  await second.stop()
  append(alert(3))
  await open([destination])
  await until(() => server.received.length === 2)
  assert.deepEqual(numbers(server), [2, 3])
})

test('each destination gets what its filter lets through', async (t) => {
  const [one, two] = [await fakeServer(t), await fakeServer(t)]
  const { append, open, logged } = bench(t)
  append(alert(1), 'no alert at all', '[]', alert(2, { rule: { level: 12, id: '1' } }), '{"rule":5}', alert(3))
  const runner = await open([
    { options: { hook_url: one.url }, filter: { level: 10 } },
    { options: { hook_url: two.url }, where: 'rule.level < 10', except: 'full_log == "log 3"' },
  ])
  await until(() => one.received.length === 1 && two.received.length === 1)
  assert.deepEqual([numbers(one), numbers(two)], [[2], [1]])
  assert.equal(logged.filter((line) => line.includes('no alert: "no alert at all"')).length, 1, 'told once')
  assert.deepEqual(runner.problems, [])
})

test('what fails is tried again, and is seen while it waits', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  server.answer = (_, count) => (count <= 2 ? { status: 500, body: 'oops secret' } : 200)
  const clock = new FakeClock()
  const runner = await open([{ options: { hook_url: `${server.url}/secret` } }], {
    now: () => clock.now,
    schedule: clock.schedule,
  })
  append(alert(1))
  await until(() => runner.status()[0]!.waiting === 1)
  const [row] = runner.list({ limit: 10 })
  assert.deepEqual(row, {
    id: '1',
    destination: 'd1',
    state: 'waiting',
    alert: {
      id: '1705314645.1',
      rule: '5710',
      level: 5,
      description: 'alert 1',
      timestamp: '2024-01-15T10:30:45.123+0000',
    },
    attempts: 1,
    since: clock.now,
    next_try: clock.now + 10,
    reason: 'HTTP 500 "oops ***"',
  })
  const shown = runner.show('1')!
  assert.match(
    shown.request!,
    /^POST http:\/\/127\.0\.0\.1:\d+\/\*\*\*\n[\s\S]*idempotency-key: [0-9a-f]{32}\n[\s\S]*log 1/,
  )
  assert.equal(shown.answer, 'HTTP 500 "oops ***"')
  assert.equal(runner.status()[0]!.state, 'retrying')

  clock.advance(9)
  assert.equal(server.received.length, 1)
  clock.advance(1)
  await until(() => runner.list({ limit: 1 })[0]?.attempts === 2)
  clock.advance(20)
  await until(() => runner.status()[0]!.delivered === 1)
  assert.deepEqual(runner.list({ limit: 10 }), [])
  assert.equal(runner.status()[0]!.state, 'ok')
  const keys = server.received.map(({ headers }) => headers['idempotency-key'])
  assert.equal(new Set(keys).size, 1, 'the same key each time')
})

test('what a destination will never take is kept for people, who retry or drop it', async (t) => {
  const server = await fakeServer(t)
  const { append, open, logged } = bench(t)
  server.answer = () => ({ status: 400, body: 'invalid_payload' })
  const runner = await open([{ options: { hook_url: server.url } }])
  append(alert(1), alert(2), alert(3))
  await until(() => runner.status()[0]!.rejected === 3)
  assert.deepEqual(
    runner.list({ destination: 'd1', state: 'rejected', limit: 2 }).map(({ reason, attempts }) => [reason, attempts]),
    [
      ['HTTP 400 "invalid_payload"', 1],
      ['HTTP 400 "invalid_payload"', 1],
    ],
  )
  assert.ok(logged.some((line) => line.includes('rejected an alert after 1 try')))
  server.answer = () => 200
  const [third, second, first] = runner.list({ limit: 10 }).map(({ id }) => id) as [string, string, string]
  assert.deepEqual(runner.retry(first, 'cli'), { ok: true, value: {} })
  await until(() => runner.status()[0]!.delivered === 1)
  assert.deepEqual(runner.drop(second, { reason: 'a test', by: 'cli' }), { ok: true, value: {} })
  assert.ok(logged.some((line) => line.includes(`delivery ${second} dropped by cli: a test`)))
  assert.deepEqual(
    runner.list({ limit: 10 }).map(({ id }) => id),
    [third],
  )
  assert.deepEqual(runner.retryAll('d1', 'cli'), { ok: true, value: { count: 1 } })
  await until(() => runner.status()[0]!.delivered === 2)
  assert.equal(runner.status()[0]!.rejected, 0)
  for (const result of [runner.retry('99', 'x'), runner.drop('x', { reason: '', by: '' })])
    assert.equal(!result.ok && result.status, 404)
  assert.equal(runner.show('99'), undefined)
  assert.equal(runner.retryAll('nobody', 'x').ok, false)
})

test('a revoked credential pauses the destination and keeps the queue', async (t) => {
  const server = await fakeServer(t)
  const { append, open, logged } = bench(t)
  server.answer = () => ({ status: 401, body: 'invalid_token' })
  const clock = new FakeClock()
  const runner = await open([{ options: { hook_url: server.url }, concurrency: 1 }], {
    now: () => clock.now,
    schedule: clock.schedule,
  })
  append(...range(1, 50).map((n) => alert(n)))
  await until(() => runner.status()[0]!.state === 'paused')
  assert.equal(runner.status()[0]!.reason, 'HTTP 401 "invalid_token"')
  assert.ok(logged.some((line) => line.includes('paused: HTTP 401')))
  clock.advance(299_000)
  assert.equal(server.received.length, 1, 'nothing is sent meanwhile')
  clock.advance(1000)
  await until(() => runner.list({ limit: 1 })[0]?.attempts === 2)
  server.answer = () => 200
  assert.deepEqual(runner.retryAll('d1', 'cli'), { ok: true, value: { count: 1 } })
  await until(() => runner.status()[0]!.delivered === 50)
  assert.deepEqual(numbers(server), [1, 1, ...range(1, 50)], 'in the order of the file')
})

test('Retry-After holds the whole destination', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  server.answer = (_, count) => (count === 1 ? { status: 429, headers: { 'retry-after': '30' } } : 200)
  const clock = new FakeClock()
  const runner = await open([{ options: { hook_url: server.url }, concurrency: 1 }], {
    now: () => clock.now,
    schedule: clock.schedule,
  })
  append(alert(1), alert(2))
  await until(() => runner.status()[0]!.state === 'retrying')
  assert.equal(runner.status()[0]!.next_try, clock.now + 30_000)
  clock.advance(29_999)
  assert.equal(server.received.length, 1)
  clock.advance(1)
  await until(() => runner.status()[0]!.delivered === 2)
  assert.deepEqual(numbers(server), [1, 1, 2])
})

test('a dead, a hanging and a slow destination do not hold up another', async (t) => {
  const [hanging, slow, good] = [await fakeServer(t), await fakeServer(t), await fakeServer(t)]
  const { append, open, folder } = bench(t)
  hanging.answer = () => 'hang'
  slow.answer = () => 'hang'
  writeFileSync(join(folder, 'integrations', 'custom-hang'), '#!/bin/sh\nsleep 60\n')
  chmodSync(join(folder, 'integrations', 'custom-hang'), 0o750)
  const script = { place: { file: '', line: 1 }, name: 'custom-hang', level: 0, max_log: 165, timeout: 10, retries: 3 }
  const runner = await open(
    [
      { name: 'dead', options: { hook_url: 'http://127.0.0.1:1/' } },
      { name: 'hanging', options: { hook_url: hanging.url }, deadline: 60 },
      { name: 'slow', type: 'script', script, deadline: 60 },
      { name: 'good', options: { hook_url: good.url } },
    ],
    { tuning: { grace_ms: 10 } },
  )
  append(...range(1, 500).map((n) => alert(n)))
  await until(() => runner.status()[3]!.delivered === 500)
  assert.match(runner.status()[0]!.reason!, /connection refused/)
})

test('a request that gets no answer is given up at its deadline and tried again', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  server.answer = (_, count) => (count === 1 ? 'hang' : 200)
  const runner = await open([{ options: { hook_url: server.url }, deadline: 0.05 }])
  append(alert(1))
  await until(() => runner.status()[0]!.delivered === 1)
  assert.equal(server.received.length, 2)
})

test('keeps the order of the file with one try at a time, whatever fails', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  let seed = 1
  server.answer = () => ((seed = (seed * 48271) % 2147483647) % 4 === 0 ? (seed % 8 === 0 ? 500 : 'reset') : 200)
  const taken: number[] = []
  const answer = server.answer
  server.answer = (request, count) => {
    const given = answer(request, count)
    if (given === 200) taken.push(Number(/645\.(\d+)/.exec(request.body)![1]))
    return given
  }
  const runner = await open([{ options: { hook_url: server.url }, concurrency: 1 }], { tuning: { backoff_base_ms: 1 } })
  append(...range(1, 200).map((n) => alert(n)))
  await until(() => runner.status()[0]!.delivered === 200)
  assert.deepEqual(taken, range(1, 200))
})

test('one bad alert steps aside after a few tries, and is given up when others get through', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  server.answer = ({ body }) => (body.includes('log 1"') ? { status: 500, body: 'cannot read it' } : 200)
  const runner = await open([{ options: { hook_url: server.url }, concurrency: 1 }], {
    tuning: { backoff_base_ms: 1, max_tries: 6 },
  })
  append(alert(1), alert(2), alert(3))
  await until(() => runner.status()[0]!.rejected === 1)
  assert.deepEqual(
    numbers(server).filter((n) => n > 1),
    [2, 3],
  )
  assert.equal(numbers(server).indexOf(2), 4, 'after four tries')
  assert.match(runner.list({ limit: 1 })[0]!.reason, /given up after 6 tries: HTTP 500 "cannot read it"/)
})

test('redirects are not followed, and a huge answer is not read', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const location = `${server.url}/elsewhere`
  server.answer = (_, count) =>
    count === 1 ? { status: 302, headers: { location } } : { status: 400, body: 'x'.repeat(10 << 20) }
  const runner = await open([{ options: { hook_url: server.url }, concurrency: 1 }])
  append(alert(1), alert(2))
  await until(() => runner.status()[0]!.rejected === 2)
  const [huge, redirected] = runner.list({ limit: 2 })
  assert.match(redirected!.reason, /redirected to ".*elsewhere"; redirects are not followed/)
  assert.match(huge!.reason, /^HTTP 400 "x{200}"$/)
  assert.equal(server.received.length, 2)
})

test('when the database cannot be written, delivery holds and goes on by itself', async (t) => {
  const server = await fakeServer(t)
  const { append, open, folder, logged } = bench(t)
  const clock = new FakeClock()
  const state = openState(join(folder, 'other.db'), migrations)
  let isFull = false
  const transaction: typeof state.transaction = (work) => {
    if (isFull) throw new Error('database or disk is full')
    return state.transaction(work)
  }
  const runner = await open([{ options: { hook_url: server.url } }], {
    state: { ...state, transaction },
    now: () => clock.now,
    schedule: clock.schedule,
  })
  append(alert(1))
  await until(() => runner.status()[0]!.delivered === 1)
  isFull = true
  clock.advance(5)
  append(alert(2))
  assert.ok(logged.some((line) => line.includes('delivery stops') && line.includes('disk is full')))
  clock.advance(1000)
  assert.equal(server.received.length, 1)
  isFull = false
  clock.advance(1000)
  await until(() => runner.status()[0]!.delivered === 2)
  assert.ok(logged.some((line) => line.includes('delivery goes on')))
  await runner.stop()
  state.close()
})

test('what is wrong with a destination is a problem with its place, and the others run', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const script = { place: { file: '', line: 1 }, name: 'nope', level: 0, max_log: 165, timeout: 10, retries: 3 }
  const runner = await open([
    { name: 'a', type: 'slak' },
    { name: 'b', where: 'rule.level >' },
    { name: 'c', type: 'script', script },
    { name: 'd', options: { hook_url: server.url, ca_file: '/nowhere.pem' } },
    { name: 'e', options: { hook_url: server.url } },
    { name: 'e', options: { hook_url: server.url } },
  ])
  assert.deepEqual(
    runner.problems.map(({ message }) => message.replace(/ \(column.*|, open.*/, '')),
    [
      'destination "a": unknown type "slak"',
      'destinations.b.where: unexpected token: EOF',
      'destination "c": integration "nope" is not known; a script\'s name begins with "custom-"',
      'destination "d": ENOENT: no such file or directory',
      'destination "e": there are two of this name',
    ],
  )
  append(alert(1))
  await until(() => runner.status()[0]!.delivered === 1)
  assert.deepEqual(
    runner.status().map(({ name }) => name),
    ['e'],
  )
})

test('loses nothing when alerts.json rotates', async (t) => {
  const server = await fakeServer(t)
  const { append, open, alerts_file } = bench(t)
  const runner = await open([{ options: { hook_url: server.url } }])
  append(...range(1, 20).map((n) => alert(n)))
  renameSync(alerts_file, `${alerts_file}.1`)
  append(...range(21, 40).map((n) => alert(n)))
  await until(() => runner.status()[0]!.delivered === 40)
  assert.deepEqual(
    numbers(server).sort((a, b) => a - b),
    range(1, 40),
  )
})

test('stop waits for what is in flight, and ends what hangs', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  server.answer = () => 'hang'
  const first = await open([{ options: { hook_url: server.url }, concurrency: 2 }], { tuning: { grace_ms: 20 } })
  append(alert(1), alert(2))
  await until(() => server.received.length === 2)
  await first.stop()
  server.answer = () => 200
  const second = await open([{ options: { hook_url: server.url } }])
  await until(() => second.status()[0]!.delivered === 2)
  assert.deepEqual(second.list({ limit: 10 }), [])
})

test('what a destination cannot take goes to its fallback, once', async (t) => {
  const [first, second] = [await fakeServer(t), await fakeServer(t)]
  const { append, open, logged } = bench(t)
  first.answer = ({ body }) => (body.includes('log 2"') ? 400 : body.includes('log 3"') ? 200 : 401)
  const clock = new FakeClock()
  const destinations = [
    { name: 'first', options: { hook_url: first.url }, concurrency: 1, fallback: 'second' },
    { name: 'second', options: { hook_url: second.url }, filter: { level: 16 } },
  ]
  const runner = await open(destinations, { now: () => clock.now, schedule: clock.schedule })
  append(alert(3), alert(2))
  await until(() => tick(clock) && second.received.length === 1)
  assert.deepEqual(numbers(second), [2], 'rejected')

  append(...range(4, 20).map((n) => alert(n)))
  await until(() => runner.status()[0]!.state === 'paused')
  clock.advance(59_000)
  assert.equal(second.received.length, 1, 'not before a minute')
  clock.advance(2000)
  await until(() => second.received.length > 15)
  clock.advance(100)
  append(alert(21))
  // The follower looks again within its own, real time.
  await until(() => {
    clock.advance(10)
    return second.received.length === 18
  })
  assert.deepEqual(
    numbers(second).sort((a, b) => a - b),
    [2, ...range(5, 21)],
  )
  assert.ok(logged.some((line) => /alerts go to "second" instead of "first": HTTP 401/.test(line)))

  first.answer = () => 200
  runner.retryAll('first', 'cli')
  append(alert(22))
  await until(() => runner.status()[0]!.waiting === 0 && numbers(first).includes(22))
  assert.deepEqual(numbers(first).slice(-2), [4, 22], 'the one it was tried with, and what is new')
})

test('alerts of one incident are one message, until it is repeated, and none is left uncounted', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const clock = new FakeClock()
  const destination = {
    type: 'gotify',
    options: { hook_url: server.url, api_key: 'k' },
    group_by: ['rule.id', 'data.srcip'],
    repeat: 3600,
  }
  const more = { now: () => clock.now, schedule: clock.schedule }
  const now = (n: number, srcip: string) =>
    alert(n, { timestamp: new Date(clock.now).toISOString().replace('Z', '+0000'), data: { srcip } })
  const first = await open([destination], more)
  append(now(1, '10.0.0.1'), now(2, '10.0.0.2'), ...range(3, 40).map((n) => now(n, '10.0.0.1')))
  await until(() => first.status()[0]!.delivered === 2)
  await until(() => tick(clock) && first.status()[0]!.lag_bytes === 0)
  await first.stop()

  // What was counted is known after a restart.
  const second = await open([destination], more)
  clock.advance(3_600_000)
  await until(() => second.status()[0]!.delivered === 1)
  const titles = () => server.received.map(({ body }) => JSON.parse(body).title)
  assert.deepEqual(titles(), [
    'Level 5: alert 1 (web-01)',
    'Level 5: alert 2 (web-01)',
    '[1 h late] Level 5: alert 40 (web-01) (+37 more)',
  ])
  assert.match(
    JSON.parse(server.received[2]!.body).message,
    /^37 more like this since the last message\.\n\nAgent: web-01/,
  )

  append(now(41, '10.0.0.1'))
  await until(() => tick(clock) && second.status()[0]!.lag_bytes === 0)
  clock.advance(3_600_000)
  await until(() => second.status()[0]!.delivered === 2)
  clock.advance(7_200_000)
  append(now(42, '10.0.0.1'))
  await until(() => second.status()[0]!.delivered === 3)
  assert.equal(titles().at(-1), 'Level 5: alert 42 (web-01)', 'a new incident')
})

test('a destination that knows the end of an incident is told of it', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  server.answer = () => ({ status: 202, body: '{"dedup_key":"k"}' })
  const clock = new FakeClock()
  const destination = {
    type: 'pagerduty',
    options: { hook_url: server.url, api_key: 'k', dedup: 'alert', client: 'x' },
    group_by: [],
    repeat: 600,
  }
  const runner = await open([destination], { now: () => clock.now, schedule: clock.schedule })
  append(alert(1))
  await until(() => runner.status()[0]!.delivered === 1)
  clock.advance(600_000)
  await until(() => runner.status()[0]!.delivered === 2)
  const [trigger, resolve] = server.received.map(({ body }) => JSON.parse(body))
  assert.deepEqual([trigger.event_action, resolve.event_action], ['trigger', 'resolve'])
  assert.equal(trigger.dedup_key, resolve.dedup_key)
})

test('a refusal that only one alert gets pauses the destination once, and not again', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  server.answer = ({ body }) => (body.includes('log 1"') ? { status: 403, body: 'blocked by the firewall' } : 200)
  const clock = new FakeClock()
  const runner = await open([{ options: { hook_url: server.url } }], {
    now: () => clock.now,
    schedule: clock.schedule,
    tuning: { max_tries: 4 },
  })
  append(alert(1))
  await until(() => runner.status()[0]!.state === 'paused')
  append(alert(2), alert(3))
  // The follower reads in its own, real time.
  await until(() => {
    if ((runner.status()[0]!.next_try ?? 0) > clock.now) clock.advance(60_000)
    return runner.status()[0]!.delivered === 2
  })
  for (let n = 0; n < 50 && runner.status()[0]!.rejected === 0; n++) {
    const count = server.received.length
    clock.advance(1000)
    await until(
      () =>
        runner.status()[0]!.rejected === 1 ||
        server.received.length > count ||
        (runner.status()[0]!.next_try ?? 0) > clock.now,
    )
    append(alert(10 + n))
    await until(() => numbers(server).includes(10 + n), 'others are not held up')
  }
  assert.match(runner.list({ limit: 1 })[0]!.reason, /given up after \d tries: HTTP 403 "blocked/)
})
