import assert from 'node:assert/strict'
import { test } from 'node:test'
import servicenow from './servicenow.ts'
import { alert, jsonOf, outcome, request } from './testing.ts'

test('creates an incident', () => {
  const { url, headers } = request(servicenow)
  assert.equal(url, 'https://example.service-now.com/api/now/table/incident')
  assert.equal(headers!.authorization, `Basic ${Buffer.from('wazuh:snow-password').toString('base64')}`)
  const json = jsonOf(servicenow, alert({ rule: { level: 15 } }), {
    assignment_group: 'SOC',
    fields: { u_source: 'x' },
  })
  assert.equal(json.correlation_id, '0123456789abcdef0123456789abcdef')
  assert.deepEqual([json.urgency, json.impact, json.assignment_group, json.u_source], ['1', '1', 'SOC', 'x'])
  assert.ok(jsonOf(servicenow, alert({ rule: { description: 'x'.repeat(999) } })).short_description.length <= 160)
})

test('without a user the key is a token', () => {
  assert.equal(request(servicenow, alert(), { user: undefined }).headers!.authorization, 'Bearer snow-password')
})

test('a page that says nothing is an instance asleep', () => {
  assert.equal(outcome(servicenow, 200, '<html>')?.kind, 'retry')
  assert.deepEqual(outcome(servicenow, 201, '{"result":{"number":"INC1","sys_id":"s"}}'), {
    kind: 'delivered',
    ref: 's',
  })
})

test('what follows in an incident becomes a note on it', () => {
  const ref = { incident: { key: 'k', more: 3, ref: 'abc' } }
  const { method, url, json } = request(servicenow, alert(), {}, ref)
  assert.equal(method, 'PATCH')
  assert.equal(url, 'https://example.service-now.com/api/now/table/incident/abc')
  assert.deepEqual(Object.keys(json as object), ['work_notes'])
})
