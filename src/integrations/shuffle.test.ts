import assert from 'node:assert/strict'
import { test } from 'node:test'
import shuffle from './shuffle.ts'
import { alert, jsonOf, outcome, request } from './testing.ts'

test("has the fields of Wazuh's script", () => {
  assert.deepEqual(jsonOf(shuffle), {
    severity: 2,
    pretext: 'WAZUH Alert',
    title: 'sshd: authentication failed.',
    text: alert().full_log,
    rule_id: '5760',
    timestamp: alert().timestamp,
    id: alert().id,
    all_fields: alert(),
  })
  const severities = [4, 5, 7, 8].map((level) => jsonOf(shuffle, alert({ rule: { level } })).severity)
  assert.deepEqual(severities, [1, 2, 2, 3])
})

test('leaves out no rule', () => {
  for (const id of ['5710', '87924', '80710']) assert.ok(request(shuffle, alert({ rule: { id } })))
})

test('a stopped trigger waits for a person', () => {
  assert.equal(outcome(shuffle, 400, '{"success":false,"reason":"Hook is not running"}')?.kind, 'paused')
  assert.deepEqual(outcome(shuffle, 200, '{"success":true,"execution_id":"e"}'), { kind: 'delivered', ref: 'e' })
})
