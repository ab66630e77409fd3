import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import type { HttpRequest } from '../define.ts'
import pagerduty from './pagerduty.ts'
import { alert, context, jsonOf, outcome, request } from './testing.ts'

test('triggers an event with what PagerDuty requires', () => {
  assert.equal(request(pagerduty).url, 'https://events.pagerduty.com/v2/enqueue')
  const json = jsonOf(pagerduty)
  assert.equal(json.routing_key, '0123456789abcdef0123456789abcdef')
  assert.equal(json.event_action, 'trigger')
  assert.equal(json.dedup_key, '0123456789abcdef0123456789abcdef')
  assert.deepEqual(json.payload, {
    summary: 'Level 5: sshd: authentication failed. (web-01)',
    source: 'web-01',
    severity: 'info',
    timestamp: '2024-01-15T10:30:45.123Z',
    component: '/var/log/auth.log',
    group: 'syslog, sshd',
    class: '5760',
    custom_details: alert(),
  })
})

test("reaches all four severities, unlike Wazuh's script", () => {
  const severities = [3, 6, 7, 10, 14].map((level) => jsonOf(pagerduty, alert({ rule: { level } })).payload.severity)
  assert.deepEqual(severities, ['info', 'info', 'warning', 'error', 'critical'])
})

test('can make one of the same rule on the same agent', () => {
  const key = (id: string) => jsonOf(pagerduty, alert({ id }), { dedup: 'rule-and-agent' }).dedup_key
  assert.equal(key('1.1'), key('2.2'))
})

test('an alert without agent has a source, a huge one fits', () => {
  assert.equal(jsonOf(pagerduty, alert({ agent: undefined })).payload.source, 'siem')
  const json = jsonOf(pagerduty, alert({ full_log: 'x'.repeat(600_000), previous_output: 'y'.repeat(600_000) }))
  assert.ok(JSON.stringify(json).length < 512_000)
})

test('an unknown key waits for a person', () => {
  assert.equal(outcome(pagerduty, 400, '{"status":"invalid event","errors":["Invalid routing key"]}')?.kind, 'paused')
  assert.equal(outcome(pagerduty, 400, '{"errors":["summary is missing"]}'), undefined)
  assert.deepEqual(outcome(pagerduty, 202, '{"dedup_key":"k"}'), { kind: 'delivered', ref: 'k' })
})

test('an incident has one key, and is resolved under it', () => {
  const incident = { key: 'k', more: 0 }
  assert.equal(jsonOf(pagerduty, alert(), {}, { incident }).dedup_key, 'k')
  const made = pagerduty.resolve!(
    alert(),
    z.parse(pagerduty.options, pagerduty.example),
    context(alert(), { incident }),
  )
  assert.deepEqual((made as HttpRequest).json, {
    routing_key: pagerduty.example.api_key,
    event_action: 'resolve',
    dedup_key: 'k',
  })
})
