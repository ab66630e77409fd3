import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alert, jsonOf, outcome, request } from './testing.ts'
import zammad from './zammad.ts'

test('creates a ticket with a plain note', () => {
  const { url, headers } = request(zammad)
  assert.equal(url, 'https://zammad.example/api/v1/tickets')
  assert.equal(headers!.authorization, 'Token token=zammad-token')
  const json = jsonOf(zammad, alert({ rule: { description: 'two\nlines' } }))
  assert.equal(json.title, 'Level 5: two lines (web-01)')
  assert.deepEqual([json.group, json.customer_id, json.customer], ['SOC', 'guess:wazuh@example.com', undefined])
  const byLogin = jsonOf(zammad, alert(), { customer: 'wazuh' })
  assert.deepEqual([byLogin.customer_id, byLogin.customer], [undefined, 'wazuh'])
  assert.equal(json.article.content_type, 'text/plain')
})

test('a group that does not exist waits for a person', () => {
  assert.equal(outcome(zammad, 422, '{"error":"No lookup value found for \'group\': \\"X\\""}')?.kind, 'paused')
  assert.equal(outcome(zammad, 422, '{"error":"title too long"}'), undefined)
  assert.deepEqual(outcome(zammad, 201, '{"id":1,"number":"20001"}'), { kind: 'delivered', ref: '1' })
})

test('what follows in an incident becomes a note on its ticket', () => {
  const { url, json } = request(zammad, alert(), {}, { incident: { key: 'k', more: 2, ref: '7' } })
  assert.equal(url, 'https://zammad.example/api/v1/ticket_articles')
  assert.equal((json as { ticket_id: number }).ticket_id, 7)
})
