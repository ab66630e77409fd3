import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeServer, until } from '../delivery/testing/setup.ts'
import { abuse, addresses, type Bench, bench, report, strangers, vt } from './runner-testing.ts'
import { addressAlert, fileAlert, sha256 } from './testing.ts'

const scores = ({ events }: Bench) =>
  events.map(({ event }) => (event.abuseipdb as { abuse_confidence_score?: number }).abuse_confidence_score)
test('an answer comes back as an event of the agent whose alert it was', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => ({
    status: 200,
    body: JSON.stringify({
      data: { id: sha256, attributes: { last_analysis_stats: { malicious: 3, undetected: 7 } } },
    }),
  })
  const it = bench(t)
  it.append(fileAlert(), fileAlert({ agent: undefined, id: '2.2' }))
  const runner = await it.open([vt(server)])
  await until(() => it.events.length === 2)
  assert.deepEqual(
    it.events.map(({ location }) => location),
    ['[001] (web-01) 10.0.0.7->virustotal', 'virustotal'],
  )
  const { virustotal: told } = it.events[0]!.event as { virustotal: Record<string, unknown> }
  assert.deepEqual([told.malicious, told.positives, told.total], [1, 3, 10])
  assert.equal(server.received.length, 1, 'the second is known')
  assert.equal(runner.status()[0]!.delivered, 2)
})

test('alerts with nothing to ask about, and those of look-ups, ask nothing', async (t) => {
  const server = await fakeServer(t)
  const it = bench(t)
  it.append(
    addressAlert('10.0.0.1'),
    addressAlert('8.8.4.4', { location: 'abuseipdb' }),
    addressAlert('8.8.4.4', { location: 'virustotal' }),
    addressAlert('8.8.4.4', { location: '/home/events' }),
  )
  const runner = await it.open([abuse(server)])
  await until(() => runner.status()[0]!.delivered === 4)
  assert.deepEqual([server.received.length, it.events.length], [0, 0])
})

test('an answer is used again for as long as it is good, also after a restart', async (t) => {
  const server = await fakeServer(t)
  server.answer = (_, count) => report(count, count % 2)
  const it = bench(t)
  const destination = abuse(server, { cache: '2h', cache_unknown: '10m' })
  const first = await it.open([destination])
  it.append(addressAlert('45.0.0.1'), addressAlert('45.0.0.2'), addressAlert('45.0.0.1'))
  await until(() => it.events.length === 3)
  assert.deepEqual(scores(it), [1, undefined, 1])
  await first.stop()

  it.clock.advance(11 * 60_000)
  const second = await it.open([destination])
  it.append(addressAlert('45.0.0.1'), addressAlert('45.0.0.2'))
  await until(() => it.events.length === 5)
  assert.deepEqual(addresses(server), ['45.0.0.1', '45.0.0.2', '45.0.0.2'], 'what was not known is asked again sooner')
  await second.stop()

  it.clock.advance(2 * 3_600_000)
  await it.open([destination])
  it.append(addressAlert('45.0.0.1'))
  await until(() => it.events.length === 6)
  assert.equal(server.received.length, 4)
})

test('answers are not kept when the cache is off, and not shared where options differ', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => report(50)
  const it = bench(t)
  const runner = await it.open([
    abuse(server, { cache: '0' }),
    abuse(server, { max_age_days: 1 }),
    abuse(server, { max_age_days: 1, per_day: 7 }),
  ])
  it.append(addressAlert(), addressAlert())
  await until(() => runner.status().every(({ delivered }) => delivered === 2))
  const days = server.received.map(({ path }) => new URLSearchParams(path.split('?')[1]).get('maxAgeInDays')).sort()
  assert.deepEqual(days, ['1', '90', '90'])
})

test('the same question is under way once', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => report(50)
  const it = bench(t)
  it.append(...Array.from({ length: 8 }, () => addressAlert()))
  await it.open([
    { ...abuse(server, { cache: '0' }), concurrency: 4 },
    { ...abuse(server, { cache: '0' }), concurrency: 4 },
  ])
  await until(() => it.events.length === 16)
  assert.ok(server.received.length <= 4, `${server.received.length} requests for 16 questions`)
  assert.equal(server.most, 1)
})

test('a quota a minute holds the rest back, says so, and loses nothing', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => report(50)
  const it = bench(t)
  it.append(...strangers(1, 10))
  const runner = await it.open([abuse(server, { per_minute: 4, per_day: 0 })])
  const status = () => runner.status()[0]!
  await until(() => status().reason !== undefined)
  assert.equal(it.events.length, 4)
  const { state, reason, waiting, next_try } = status()
  assert.deepEqual([state, reason, waiting], ['retrying', 'the quota of 4 requests a minute is used up', 1])
  assert.equal(next_try, it.clock.now + 60_000)
  for (const count of [8, 10]) {
    it.clock.advance(59_000)
    assert.equal(server.received.length, count === 8 ? 4 : 8)
    it.clock.advance(2000)
    await until(() => it.events.length === count)
    await until(() => count === 10 || status().state === 'retrying')
  }
  assert.equal(new Set(addresses(server)).size, 10)
  assert.deepEqual([status().rejected, status().waiting], [0, 0])
})

test('a quota a day ends at midnight UTC, and a restart does not renew it', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => report(50)
  const it = bench(t)
  it.clock.advance(Date.UTC(2030, 0, 1, 22) - it.clock.now)
  it.append(...strangers(1, 3))
  const destination = abuse(server, { per_day: 2 })
  const first = await it.open([destination])
  await until(() => first.status()[0]!.reason?.includes('a day') === true)
  assert.equal(first.status()[0]!.reason, 'the quota of 2 requests a day is used up until 00:00 UTC')
  assert.equal(first.status()[0]!.next_try, Date.UTC(2030, 0, 2))
  await first.stop()

  it.clock.advance(3_600_000)
  const second = await it.open([destination])
  await until(() => second.status()[0]!.waiting === 1 && second.status()[0]!.reason !== undefined)
  assert.equal(server.received.length, 2)
  it.clock.advance(3_600_000)
  await until(() => it.events.length === 3)
  assert.equal(server.received.length, 3)
})

test('two destinations with the same key share its quota, with other keys they do not', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => report(50)
  const it = bench(t)
  it.append(...strangers(1, 4))
  const runner = await it.open([
    { ...abuse(server, { per_minute: 2 }), where: 'data.srcip == "45.0.0.1" || data.srcip == "45.0.0.2"' },
    { ...abuse(server, { per_minute: 2 }), where: 'data.srcip == "45.0.0.3"' },
    { ...abuse(server, { per_minute: 2, api_key: 'another' }), where: 'data.srcip == "45.0.0.4"' },
  ])
  const held = () => runner.status().filter(({ reason }) => reason?.includes('quota'))
  await until(() => held().length === 1 && it.events.length === 3)
  assert.equal(server.received.length, 3)
})

test('a service that wants to be left alone is, longer each time, and is told of once', async (t) => {
  const server = await fakeServer(t)
  server.answer = (_, count) => (count <= 3 ? 429 : report(50))
  const it = bench(t)
  it.append(addressAlert())
  const runner = await it.open([abuse(server)])
  for (const [count, wait_ms] of [
    [1, 60_000],
    [2, 120_000],
    [3, 240_000],
  ] as const) {
    await until(() => server.received.length === count && runner.status()[0]!.next_try !== undefined)
    await until(() => runner.status()[0]!.next_try! > it.clock.now)
    assert.equal(runner.status()[0]!.next_try! - it.clock.now, wait_ms)
    it.clock.advance(wait_ms)
  }
  await until(() => it.events.length === 2)
  assert.deepEqual(it.events[0], {
    location: 'abuseipdb',
    event: { abuseipdb: { error: 429, description: 'HTTP 429' }, integration: 'abuseipdb' },
  })
  assert.deepEqual(scores(it)[1], 50)
})

test('Retry-After counts', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => ({ status: 429, headers: { 'retry-after': '7' } })
  const it = bench(t)
  it.append(addressAlert())
  const runner = await it.open([abuse(server)])
  await until(() => (runner.status()[0]!.next_try ?? 0) > it.clock.now)
  assert.equal(runner.status()[0]!.next_try! - it.clock.now, 7000)
})

test('a revoked key pauses the destination, keeps what waits, and is an event without the key', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => ({ status: 401, body: 'secret is no key' })
  const it = bench(t)
  it.append(fileAlert())
  const runner = await it.open([vt(server, { api_key: 'secret' }), abuse(server, { api_key: 'secret' })])
  it.append(addressAlert())
  await until(() => runner.status().every(({ state }) => state === 'paused'))
  await until(() => it.events.length === 2)
  const byName = Object.fromEntries(it.events.map(({ location, event }) => [location, event[location]]))
  assert.deepEqual(byName, {
    virustotal: { error: 403, description: 'Error: Check credentials' },
    abuseipdb: { error: 401, description: 'HTTP 401 "*** is no key"' },
  })
  assert.deepEqual(
    runner.status().map(({ waiting }) => waiting),
    [1, 1],
  )

  server.answer = () => 404
  runner.retryAll('all', 'test')
  await until(() => it.events.some(({ location }) => location === '[001] (web-01) 10.0.0.7->virustotal'))
})

test('what the service will never answer is rejected, seen, and told', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => ({ status: 422, body: '{"errors":[{"detail":"no address"}]}' })
  const it = bench(t)
  it.append(addressAlert())
  const runner = await it.open([abuse(server)])
  await until(() => runner.status()[0]!.rejected === 1)
  const [delivery] = runner.list({ limit: 10 })
  const detail = runner.show(delivery!.id)!
  assert.match(detail.request!, /^GET http:.*ipAddress=8\.8\.4\.4/)
  assert.match(detail.answer!, /^HTTP 422/)
  assert.deepEqual(Object.keys(it.events[0]!.event), ['abuseipdb', 'integration'])
})

test('an answer that nobody understands is rejected and not kept', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => ({ status: 200, body: '<html>login</html>' })
  const it = bench(t)
  it.append(addressAlert())
  const runner = await it.open([abuse(server)])
  await until(() => runner.status()[0]!.rejected === 1)
  assert.match(runner.status()[0]!.reason!, /^the answer is not understood: HTTP 200 "<html>login/)
  server.answer = () => report(50)
  runner.retryAll('all', 'test')
  await until(() => scores(it).includes(50))
})

test('an alert counts as delivered only when its event is safe', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => report(50)
  const it = bench(t)
  it.fail = 'no space left on device'
  it.append(addressAlert())
  const runner = await it.open([abuse(server, { cache: '0' })])
  await until(() => runner.status()[0]!.reason !== undefined)
  assert.equal(runner.status()[0]!.reason, 'its events cannot be passed on: no space left on device')
  assert.equal(runner.status()[0]!.delivered, 0)
  it.fail = undefined
  it.clock.advance(120_000)
  await until(() => it.events.length === 1)
  assert.equal(server.received.length, 1, 'the answer was kept')
})

test('an alert with several questions gets done also when nothing is cached and the quota is smaller', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => ({
    status: 200,
    body: JSON.stringify({ data: { attributes: { last_analysis_stats: { malicious: 1 } } } }),
  })
  const it = bench(t)
  const data = { srcip: '8.8.4.4', hostname: 'evil.com', url: 'http://evil.com/' }
  it.append(fileAlert({ data }))
  const runner = await it.open([
    vt(server, { ask: ['hash', 'ip', 'domain', 'url'], cache: '0', cache_unknown: '0', per_minute: 2, per_day: 0 }),
  ])
  await until(() => runner.status()[0]!.reason !== undefined)
  assert.deepEqual([server.received.length, it.events.length], [2, 0], 'its events come together')
  it.clock.advance(60_000)
  await until(() => it.events.length === 4)
  assert.equal(server.received.length, 4)
})

test('an answer of several megabytes is read whole', async (t) => {
  const server = await fakeServer(t)
  const data = { abuseConfidenceScore: 50, totalReports: 1, reports: Array(20_000).fill({ comment: 'x'.repeat(100) }) }
  server.answer = () => ({ status: 200, body: JSON.stringify({ data }) })
  const it = bench(t)
  it.append(addressAlert())
  await it.open([abuse(server)])
  await until(() => scores(it)[0] === 50)
})

test('alerts that need no request say nothing about the service', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => report(50)
  const it = bench(t)
  it.append(addressAlert('45.0.0.1'))
  const runner = await it.open([{ ...abuse(server), concurrency: 2 }])
  const status = () => runner.status()[0]!
  await until(() => it.events.length === 1)
  server.answer = () => 401
  it.append(addressAlert('45.0.0.2'))
  await until(() => status().state === 'paused')
  // The tries that are made now and then meet alerts with nothing to ask, and known addresses, too.
  it.append(addressAlert('10.0.0.1'), addressAlert('45.0.0.1'), addressAlert('45.0.0.3'), addressAlert('10.0.0.1'))
  let earlier = 0
  // They may be read after a first try, which is then about the alert that waits.
  for (let tries = 0; tries < 3 || status().delivered === 1; tries++) {
    const wait_ms = status().next_try! - it.clock.now
    assert.ok(tries >= 3 || wait_ms === 300_000 * 2 ** tries, 'longer each time')
    assert.ok(wait_ms >= earlier)
    earlier = wait_ms
    const before = server.received.length
    it.clock.advance(wait_ms)
    await until(() => server.received.length > before && status().next_try! > it.clock.now)
    assert.equal(status().state, 'paused')
  }
})
