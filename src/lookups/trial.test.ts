import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Destination } from '../config.ts'
import { fakeServer } from '../delivery/testing/setup.ts'
import abuseipdb from './abuseipdb.ts'
import greynoise from './greynoise.ts'
import { addressAlert, optionsOf } from './testing.ts'
import { tryLookup } from './trial.ts'

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
