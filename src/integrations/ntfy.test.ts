import assert from 'node:assert/strict'
import { test } from 'node:test'
import ntfy from './ntfy.ts'
import { alert, jsonOf, outcome, request } from './testing.ts'

test('publishes as JSON to the root', () => {
  const { url, headers } = request(ntfy, alert(), { api_key: 'tk_1', hook_url: 'https://push.example/' })
  assert.equal(url, 'https://push.example')
  assert.equal(headers!.authorization, 'Bearer tk_1')
  const json = jsonOf(ntfy)
  assert.equal(json.topic, 'soc-5f8a9c')
  assert.equal(json.title, 'Level 5: sshd: authentication failed. (web-01)')
  assert.match(json.message, /^Agent: web-01/)
  assert.equal(json.priority, 2)
  assert.deepEqual(json.tags, ['wazuh', 'rule-5760'])
})

test('a long text stays a text', () => {
  assert.ok(Buffer.byteLength(jsonOf(ntfy, alert({ full_log: 'é'.repeat(9999) })).message) <= 4096)
})

test('remembers the id', () => assert.deepEqual(outcome(ntfy, 200, '{"id":"x1"}'), { kind: 'delivered', ref: 'x1' }))

test('all of the JSON is as short as the server reads it', () => {
  for (const text of ['"', '\u0001', 'ы"', '😀']) {
    const json = jsonOf(ntfy, alert({ full_log: text.repeat(9999), rule: { description: text.repeat(9999) } }))
    assert.ok(Buffer.byteLength(json.message) < 4096)
    assert.ok(Buffer.byteLength(JSON.stringify(json)) <= 8192)
  }
})
