import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Alert } from '../alert.ts'
import type { Destination } from '../config.ts'
import { fakeServer } from '../delivery/testing/setup.ts'
import abuseipdb from './abuseipdb.ts'
import greynoise from './greynoise.ts'
import { addressAlert, optionsOf } from './testing.ts'
import { openLookupsTrial, tryLookup } from './trial.ts'

const destination = (options: Record<string, unknown>) =>
  ({ name: 'd', deadline: 5, options }) as unknown as Destination
const how = { now: () => 0, mask: (text: string) => text.replaceAll('abuseipdb-api-key', '***') }

test('shows what would be asked, and asks only when told to', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => ({ status: 200, body: '{"data":{"abuseConfidenceScore":97,"totalReports":5}}' })
  const abuse = destination(optionsOf(abuseipdb, { hook_url: server.url }))
  const line = JSON.stringify(addressAlert())
  const shown = await tryLookup(abuse, abuseipdb, line, { ...how, send: false })
  assert.deepEqual(shown, {
    request: `GET ${server.url}/api/v2/check?ipAddress=8.8.4.4&maxAgeInDays=90\nkey: ***\naccept: application/json`,
  })
  assert.equal(server.received.length, 0)
  const asked = await tryLookup(abuse, abuseipdb, line, { ...how, send: true })
  assert.deepEqual(asked.outcome, { kind: 'delivered' })
  assert.equal(JSON.parse(asked.answer!).abuseipdb.abuse_confidence_score, 97)

  server.answer = () => 404
  const unknown = await tryLookup(destination(optionsOf(greynoise, { hook_url: server.url })), greynoise, line, {
    ...how,
    send: true,
  })
  assert.equal(unknown.answer, '8.8.4.4 is not known there, which is no event')
  server.answer = () => ({ status: 403, body: 'abuseipdb-api-key' })
  const refused = await tryLookup(abuse, abuseipdb, line, { ...how, send: true })
  assert.deepEqual(refused.outcome, { kind: 'paused', reason: 'HTTP 403 "***"' })
})

test('says when nothing is asked', async () => {
  const line = JSON.stringify(addressAlert('10.0.0.1'))
  const trial = await tryLookup(destination(optionsOf(abuseipdb)), abuseipdb, line, { ...how, send: true })
  assert.deepEqual(trial.outcome, { kind: 'delivered', reason: 'nothing in this alert is asked about' })
  assert.equal((await tryLookup(destination({}), abuseipdb, 'x', { ...how, send: true })).outcome!.kind, 'rejected')
})

test('shows what a destination would have its look-ups asked, and asks them', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => ({ status: 200, body: '{"data":{"abuseConfidenceScore":97,"totalReports":5}}' })
  const abuse = (name: string, level: number): Destination => ({
    ...destination(optionsOf(abuseipdb, { hook_url: server.url })),
    name,
    type: 'abuseipdb',
    filter: { level },
    concurrency: 1,
  })
  const quiet = () => {}
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const alert = addressAlert()
  const config = { destinations: [abuse('all', 0), abuse('high', 12)] }
  const open = (given: Alert) =>
    openLookupsTrial(['all', 'high', 'geoip'], config, JSON.stringify(given), { ...how, log })
  const looking = await open(alert)
  assert.equal(
    looking.asked,
    `all:
GET ${server.url}/api/v2/check?ipAddress=8.8.4.4&maxAgeInDays=90
key: ***
accept: application/json

high is not asked: level 5 is below 12

geoip: where 8.8.4.4 is`,
  )
  assert.equal(server.received.length, 0)
  const [question] = looking.ask(alert, false)
  const finding = await question!.answer
  assert.equal(finding.kind === 'known' && finding.said.abuse_confidence_score, 97)
  await looking.close()

  const own = await open(addressAlert('8.8.4.4', { location: 'virustotal' }))
  assert.match(own.asked, /^all is not asked: the alert is what a look-up led to\n/)
  await own.close()
  const inside = await open(addressAlert('10.0.0.1'))
  assert.match(inside.asked, /^all is not asked: nothing in this alert is asked about\n[\s\S]*geoip is not asked: /)
  await inside.close()
})
