import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import splunk from './splunk-hec.ts'
import { alert, context, outcome, request } from './testing.ts'

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

const parse = (more: Record<string, unknown>) => z.parse(splunk.options, { ...splunk.example, ...more })

test('many events stand one after the other in one body', () => {
  const options = parse({})
  const parts = [1, 2].map((n) => splunk.batch!.part(alert(), options, context(alert(), { line: `{"id":"${n}"}` })))
  const { body, url } = splunk.batch!.request(parts, options, 0)
  assert.equal(url, 'https://splunk.example:8088/services/collector/event')
  assert.match(body as string, /^\{"time":[^{]*\{[^{]*\},"event":\{"id":"1"\}\}\{"time":.*"event":\{"id":"2"\}\}$/)
})

test('with acknowledge an event counts only when Splunk says that it is indexed', () => {
  const options = parse({ acknowledge: true })
  const channel = request(splunk, alert(), { acknowledge: true }).headers!['x-splunk-request-channel']!
  assert.match(channel, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(request(splunk).headers!['x-splunk-request-channel'], undefined)

  const taken = { status: 200, headers: {}, text: '{"text":"Success","code":0,"ackId":7}' }
  assert.equal(splunk.outcome!(taken, options)?.kind, 'delivered')
  const asked = splunk.confirm!(taken, options)!
  assert.equal(asked.request.url, `https://splunk.example:8088/services/collector/ack?channel=${channel}`)
  assert.deepEqual(asked.request.json, { acks: [7] })
  const answer = (status: number, text: string) => asked.outcome({ status, headers: {}, text })?.kind
  assert.equal(answer(200, '{"acks":{"7":false}}'), undefined)
  assert.equal(answer(503, ''), undefined)
  assert.equal(answer(400, '{"text":"ACK is disabled","code":14}'), 'paused')
  assert.equal(answer(200, '{"acks":{"7":true}}'), 'delivered')

  assert.equal(splunk.confirm!(taken, parse({})), undefined, 'nobody asked for it')
  assert.equal(outcome(splunk, 200, '{"text":"Success","code":0}', { acknowledge: true })?.kind, 'paused')
  assert.equal(outcome(splunk, 400, '{"text":"Data channel is missing","code":10}')?.kind, 'paused')
})

test('a path that is given is kept where acknowledgements are asked for', () => {
  const hook_url = 'https://proxy.example/splunk/services/collector/event'
  const asked = splunk.confirm!(
    { status: 200, headers: {}, text: '{"code":0,"ackId":0}' },
    parse({ acknowledge: true, hook_url }),
  )!
  assert.match(asked.request.url, /^https:\/\/proxy\.example\/splunk\/services\/collector\/ack\?channel=/)
})
