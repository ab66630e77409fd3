import assert from 'node:assert/strict'
import { test } from 'node:test'
import opensearch from './opensearch.ts'
import { alert, request } from './testing.ts'

test('creates a document, as a user or with a token', () => {
  const { url, headers } = request(opensearch)
  assert.match(url, /^https:\/\/indexer\.example:9200\/wazuh-alerts-outrider\/_bulk\?/)
  assert.equal(headers!.authorization, `Basic ${Buffer.from('outrider:indexer-password').toString('base64')}`)
  assert.equal(request(opensearch, alert(), { user: undefined }).headers!.authorization, 'Bearer indexer-password')
})
