/** Other destinations are told what look-ups say: the whole way, with a service and a destination that listen. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Alert } from '../alert.ts'
import { type FakeServer, fakeServer, until } from '../delivery/testing/setup.ts'
import { makeMmdb } from './mmdb-testing.ts'
import { abuse, addresses, type Bench, bench, report, strangers, vt } from './runner-testing.ts'
import { addressAlert, fileAlert, sha256 } from './testing.ts'

/** A webhook that is told what the first look-up says. */
const webhook = ({ url }: FakeServer, more = {}) => ({
  name: 'soc',
  type: 'webhook',
  options: { hook_url: url, method: 'POST', headers: {} },
  lookups: ['abuse'],
  ...more,
})
const archive = ({ url }: FakeServer) => ({
  type: 'elasticsearch',
  options: { hook_url: url, index: 'i' },
  lookups: ['abuse'],
})
const told = ({ received }: FakeServer): Alert[] => received.map(({ body }) => JSON.parse(body))
// biome-ignore lint/suspicious/noExplicitAny: each test knows the shape of its own service's answer.
const lookupsOf = (server: FakeServer): any[] => told(server).map(({ lookups }) => lookups)

/** Its own queue may have asked first, so nobody sees when the wait begins. */
const untilWaited = ({ clock }: Bench, holds: () => boolean) =>
  until(() => {
    clock.advance(100)
    return holds()
  })

test('three who want to know ask once, and an alert that comes again is known', async (t) => {
  const [service, soc, search] = [await fakeServer(t), await fakeServer(t), await fakeServer(t)]
  service.answer = () => report(97)
  search.answer = () => ({ status: 200, body: '{"items":[{"create":{"status":201}}]}' })
  const it = bench(t)
  const runner = await it.open([webhook(soc), archive(search), { name: 'abuse', ...abuse(service) }])
  it.append(addressAlert('45.0.0.1'))
  await until(() => runner.status().every(({ delivered }) => delivered === 1))
  assert.equal(service.received.length, 1)
  const { abuseipdb } = it.events[0]!.event as { abuseipdb: Record<string, unknown> }
  assert.deepEqual(lookupsOf(soc), [{ abuseipdb }], 'the same as in the event')
  assert.equal(abuseipdb.abuse_confidence_score, 97)
  const [, document] = search.received[0]!.body.split('\n')
  assert.deepEqual(JSON.parse(document!).lookups, { abuseipdb })

  it.append(addressAlert('45.0.0.1', { id: '2.2' }))
  await until(() => soc.received.length === 2)
  assert.deepEqual(lookupsOf(soc)[1].abuseipdb.source, { alert_id: '2.2', rule: '5760', ip: '45.0.0.1' })
  assert.equal(service.received.length, 1)
})

test('only alerts that the look-up wants are asked about, and none that look-ups led to', async (t) => {
  const [service, soc] = [await fakeServer(t), await fakeServer(t)]
  service.answer = () => report(97)
  const it = bench(t)
  await it.open([
    webhook(soc),
    { name: 'abuse', ...abuse(service), filter: { level: 7 }, except: 'data.srcip == "45.0.0.3"' },
  ])
  const level = (n: number) => ({ rule: { level: n, description: '', id: '1' } })
  it.append(
    addressAlert('45.0.0.1'),
    addressAlert('45.0.0.2', level(7)),
    addressAlert('45.0.0.3', level(7)),
    addressAlert('45.0.0.4', { ...level(7), location: 'abuseipdb' }),
    addressAlert('10.0.0.5', level(7)),
  )
  await until(() => soc.received.length === 5)
  const asked = told(soc).filter((alert) => Object.hasOwn(alert, 'lookups'))
  assert.deepEqual(
    asked.map(({ data }) => data!.srcip),
    ['45.0.0.2'],
  )
  assert.deepEqual(addresses(service), ['45.0.0.2'])
})

test('a service that hangs costs no more than the wait, and after a few times nothing', async (t) => {
  const [service, soc] = [await fakeServer(t), await fakeServer(t)]
  service.answer = () => 'hang'
  const it = bench(t)
  await it.open([webhook(soc, { lookup_wait: 2 }), { name: 'abuse', ...abuse(service) }])
  for (const [n, alert] of strangers(1, 3).entries()) {
    it.append(alert)
    await untilWaited(it, () => soc.received.length === n + 1)
    assert.deepEqual(lookupsOf(soc)[n], { abuseipdb: { error: 'no answer within 2 s' } })
  }
  it.append(...strangers(4, 4))
  await until(() => soc.received.length === 4)
  assert.deepEqual(lookupsOf(soc)[3], { abuseipdb: { error: 'it did not answer in time' } })
})

test('an answer that comes too late is there for the next alert', async (t) => {
  const [service, soc] = [await fakeServer(t), await fakeServer(t)]
  const late = Promise.withResolvers<ReturnType<typeof report>>()
  service.answer = () => late.promise
  const it = bench(t)
  await it.open([webhook(soc, { lookup_wait: 2 }), { name: 'abuse', ...abuse(service) }])
  it.append(addressAlert('45.0.0.1'))
  await untilWaited(it, () => soc.received.length === 1)
  assert.deepEqual(lookupsOf(soc)[0], { abuseipdb: { error: 'no answer within 2 s' } })
  late.resolve(report(97))
  await until(() => it.events.length === 1)
  it.append(addressAlert('45.0.0.1'))
  await until(() => soc.received.length === 2)
  assert.equal(lookupsOf(soc)[1].abuseipdb.abuse_confidence_score, 97)
  assert.equal(service.received.length, 1)
})

test('a used up quota and a revoked key are said, at once and without the key', async (t) => {
  const [service, soc] = [await fakeServer(t), await fakeServer(t)]
  service.answer = () => report(97)
  const it = bench(t)
  const send = async (options: Record<string, unknown>, count: number) => {
    const before = soc.received.length
    const runner = await it.open([webhook(soc), { name: 'abuse', ...abuse(service, options) }])
    it.append(...strangers(before + 1, before + count))
    await until(() => soc.received.length === before + count)
    await runner.stop()
    return lookupsOf(soc)
      .slice(before)
      .map(({ abuseipdb }) => abuseipdb.error ?? 'an answer')
      .sort()
  }
  assert.deepEqual(await send({ per_day: 1 }, 2), [
    'an answer',
    'the quota of 1 requests a day is used up until 00:00 UTC',
  ])
  service.answer = () => ({ status: 401, body: 'secret is no key' })
  assert.deepEqual(await send({ api_key: 'secret', per_day: 0 }, 3), Array(3).fill('HTTP 401 "*** is no key"'))
})

test('a service that wants to be left alone is left alone', async (t) => {
  const [service, soc] = [await fakeServer(t), await fakeServer(t)]
  service.answer = () => ({ status: 429, headers: { 'retry-after': '60' } })
  const it = bench(t)
  await it.open([webhook(soc), { name: 'abuse', ...abuse(service) }])
  it.append(...strangers(1, 1))
  await until(() => soc.received.length === 1)
  it.append(...strangers(2, 4))
  await until(() => soc.received.length === 4)
  assert.equal(service.received.length, 1)
  assert.deepEqual(lookupsOf(soc)[3], { abuseipdb: { error: 'HTTP 429' } })
  service.answer = () => report(97)
  it.clock.advance(61_000)
  await until(() => it.events.length >= 4)
  it.append(...strangers(5, 5))
  await until(() => soc.received.length === 5)
  assert.equal(lookupsOf(soc)[4].abuseipdb.abuse_confidence_score, 97)
})

test('a service that is asked about several things tells all of them', async (t) => {
  const [service, soc] = [await fakeServer(t), await fakeServer(t)]
  const found = { data: { id: sha256, attributes: { last_analysis_stats: { malicious: 3, undetected: 7 } } } }
  service.answer = ({ path }) =>
    path.includes('/files/') ? { status: 200, body: JSON.stringify(found) } : { status: 404 }
  const it = bench(t)
  await it.open([
    webhook(soc, { lookups: ['virus'] }),
    { name: 'virus', ...vt(service, { ask: ['ip', 'hash'], per_minute: 0 }) },
  ])
  it.append(fileAlert({ data: { srcip: '45.0.0.1' } }))
  await until(() => soc.received.length === 1)
  const [{ virustotal }] = lookupsOf(soc)
  assert.deepEqual([virustotal.found, virustotal.positives, virustotal.source.file], [1, 3, '/tmp/eicar.com'])
  assert.deepEqual(virustotal.others, [
    { found: 0, malicious: 0, source: { alert_id: '1705314645.98', ip: '45.0.0.1' } },
  ])
})

test('without a wait only what is known is told, and nobody is asked', async (t) => {
  const [service, soc] = [await fakeServer(t), await fakeServer(t)]
  service.answer = () => report(97)
  const it = bench(t)
  const runner = await it.open([webhook(soc, { lookup_wait: 0 }), { name: 'abuse', ...abuse(service) }])
  it.append(addressAlert('45.0.0.1'))
  await until(() => runner.status().every(({ delivered }) => delivered === 1))
  it.append(addressAlert('45.0.0.1', { id: '2.2' }))
  await until(() => soc.received.length === 2)
  assert.equal(lookupsOf(soc)[1].abuseipdb.abuse_confidence_score, 97)
  assert.equal(service.received.length, 1)
})

test('a look-up that does not run is told of once, and messages go without', async (t) => {
  const soc = await fakeServer(t)
  const it = bench(t)
  await it.open([webhook(soc)])
  it.append(...strangers(1, 2))
  await until(() => soc.received.length === 2)
  assert.deepEqual(lookupsOf(soc), [undefined, undefined])
  assert.equal(it.logged.filter((line) => line.includes('look-up "abuse" does not run')).length, 1)
})

test('GeoIP says where an address is, and a newer database is read when asked for', async (t) => {
  const soc = await fakeServer(t)
  const it = bench(t)
  const geoip = join(it.folder, 'geo.mmdb')
  const write = (city: string) =>
    writeFileSync(
      geoip,
      makeMmdb({
        '45.0.0.0/8': {
          country: { iso_code: 'DE', names: { en: 'Germany' } },
          subdivisions: [{ names: { en: 'Hesse' } }],
          city: { names: { en: city } },
          location: { latitude: 50.5, longitude: 8.75 },
        },
      }),
    )
  write('Frankfurt')
  const runner = await it.open([webhook(soc, { lookups: ['geoip'] })], { geoip })
  it.append(addressAlert('45.0.0.1'), addressAlert('9.9.9.9'), addressAlert('10.0.0.1'))
  await until(() => soc.received.length === 3)
  const place = {
    country_code: 'DE',
    country_name: 'Germany',
    region_name: 'Hesse',
    city_name: 'Frankfurt',
    location: { lat: 50.5, lon: 8.75 },
  }
  assert.deepEqual(lookupsOf(soc), [
    { geoip: { found: 1, ip: '45.0.0.1', ...place } },
    { geoip: { found: 0, ip: '9.9.9.9' } },
    undefined,
  ])
  write('Offenbach')
  runner.reload()
  it.append(addressAlert('45.0.0.1'))
  await until(() => soc.received.length === 4)
  assert.equal(lookupsOf(soc)[3].geoip.city_name, 'Offenbach')
  writeFileSync(geoip, 'no database')
  runner.reload()
  it.append(addressAlert('45.0.0.1'))
  await until(() => soc.received.length === 5)
  assert.deepEqual(lookupsOf(soc)[4], { geoip: { error: 'the GeoIP database cannot be read' } })
  assert.ok(it.logged.some((line) => line.includes('geo.mmdb is no GeoIP database')))
})
