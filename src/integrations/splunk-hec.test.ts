import assert from 'node:assert/strict'
import { test } from 'node:test'
import splunk from './splunk-hec.ts'
import { alert, outcome, request } from './testing.ts'

test('wraps the alert as it stands into an event', () => {
  const { url, headers, body } = request(splunk, alert(), { index: 'siem' })
  assert.equal(url, 'https://splunk.example:8088/services/collector/event')
  assert.equal(headers!.authorization, 'Splunk 11111111-2222-3333-4444-555555555555')
  assert.deepEqual(JSON.parse(body as string), {
    time: 1705314645.123,
    host: 'web-01',
    source: 'wazuh',
    sourcetype: 'wazuh',
    index: 'siem',
    fields: { outrider_id: '0123456789abcdef0123456789abcdef' },
    event: alert(),
  })
})

test('a path that is given stays, and so does what is missing', () => {
  const hook_url = 'https://proxy.example/splunk/services/collector'
  const { url, body } = request(splunk, { id: '1', rule: { level: 3 } } as never, { hook_url })
  assert.equal(url, hook_url)
  const event = JSON.parse(body as string)
  assert.equal(event.time, 1705314650, 'now')
  assert.deepEqual(Object.keys(event), ['time', 'source', 'sourcetype', 'fields', 'event'])
})

test("reads Splunk's codes", () => {
  for (const [status, code, kind] of [
    [200, 0, 'delivered'],
    [403, 4, 'paused'],
    [400, 7, 'paused'],
    [400, 6, 'rejected'],
    [400, 12, 'rejected'],
    [503, 9, 'retry'],
    [500, 8, 'retry'],
  ] as const)
    assert.equal(outcome(splunk, status, `{"text":"x","code":${code}}`)?.kind, kind, `${code}`)
  assert.equal(outcome(splunk, 502, '<html>'), undefined)
})
