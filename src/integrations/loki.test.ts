import assert from 'node:assert/strict'
import { test } from 'node:test'
import loki from './loki.ts'
import { alert, jsonOf, outcome, request } from './testing.ts'

test('pushes the alert as a line, with few labels', () => {
  const { url, headers } = request(loki, alert(), { user: 'u', api_key: 'p' })
  assert.equal(url, 'https://loki.example:3100/loki/api/v1/push')
  assert.equal(headers!['x-scope-orgid'], 'soc')
  assert.equal(headers!.authorization, `Basic ${Buffer.from('u:p').toString('base64')}`)
  assert.deepEqual(jsonOf(loki), {
    streams: [
      { stream: { job: 'wazuh', severity: 'low' }, values: [['1705314645123000000', JSON.stringify(alert())]] },
    ],
  })
})

test('a wrong address waits for a person', () => assert.equal(outcome(loki, 404)?.kind, 'paused'))
