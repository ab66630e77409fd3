import assert from 'node:assert/strict'
import { test } from 'node:test'
import elasticsearch from './elasticsearch.ts'
import { alert, outcome, request } from './testing.ts'

test('creates a document under an id that makes a repeat harmless', () => {
  const { method, url, headers, body } = request(elasticsearch, alert(), { index: 'wazuh-alerts-4.x' })
  assert.equal(method, 'PUT')
  assert.equal(url, 'https://search.example:9200/wazuh-alerts-4.x/_create/0123456789abcdef0123456789abcdef')
  assert.match(headers!.authorization!, /^ApiKey VnVh/)
  assert.deepEqual(JSON.parse(body as string), { '@timestamp': '2024-01-15T10:30:45.123Z', ...alert() })
})

test('with a user the key is a password', () => {
  const { headers } = request(elasticsearch, alert(), { user: 'elastic', api_key: 'pw' })
  assert.equal(headers!.authorization, `Basic ${Buffer.from('elastic:pw').toString('base64')}`)
})

test("reads the cluster's answers", () => {
  assert.equal(outcome(elasticsearch, 201, '{"_id":"1"}')?.kind, 'delivered')
  assert.equal(outcome(elasticsearch, 409)?.kind, 'delivered')
  assert.deepEqual(
    outcome(
      elasticsearch,
      400,
      '{"error":{"type":"document_parsing_exception","reason":"failed to parse field [data.x]"}}',
    ),
    { kind: 'rejected', reason: 'HTTP 400 document_parsing_exception: failed to parse field [data.x]' },
  )
  assert.equal(outcome(elasticsearch, 429), undefined)
})
