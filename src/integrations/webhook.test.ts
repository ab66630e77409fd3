import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import * as z from 'zod/mini'
import { alert, outcome, request } from './testing.ts'
import webhook from './webhook.ts'

test('sends the alert as it stands, with an idempotency key', () => {
  const { url, method, body, headers } = request(webhook, alert(), { signing_secret: undefined, api_key: 'key' })
  assert.equal(url, 'https://soc.example/wazuh')
  assert.equal(method, 'POST')
  assert.equal(body, JSON.stringify(alert()))
  assert.deepEqual(headers, {
    'content-type': 'application/json',
    'idempotency-key': '0123456789abcdef0123456789abcdef',
    authorization: 'Bearer key',
  })
})

test('signs as Standard Webhooks asks', () => {
  // The example of https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md uses this key.
  const { headers, body } = request(webhook)
  const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')
  const content = `${headers!['webhook-id']}.${headers!['webhook-timestamp']}.${body}`
  assert.equal(headers!['webhook-timestamp'], '1705314650')
  assert.equal(headers!['webhook-signature'], `v1,${createHmac('sha256', key).update(content).digest('base64')}`)
})

test('signs as GitHub does', () => {
  const { headers, body } = request(webhook, alert(), { signing: 'github', signing_secret: 'It is secret' })
  assert.equal(
    headers!['x-hub-signature-256'],
    `sha256=${createHmac('sha256', 'It is secret').update(body!).digest('hex')}`,
  )
})

test('own headers and methods', () => {
  const { headers, method } = request(webhook, alert(), {
    headers: { 'x-team': 'soc', 'content-type': 'text/plain' },
    method: 'PUT',
  })
  assert.equal(headers!['x-team'], 'soc')
  assert.equal(headers!['content-type'], 'text/plain')
  assert.equal(method, 'PUT')
  for (const headers of [{ 'x y': 'a' }, { x: 'a\r\nb: c' }])
    assert.equal(z.safeParse(webhook.options, { ...webhook.example, headers }).success, false)
})

test('success can depend on the answer', () => {
  const options = { success_contains: '"queued":true' }
  assert.equal(outcome(webhook, 200, '{"queued":true}', options), undefined)
  assert.equal(outcome(webhook, 200, '{"queued":false}', options)?.kind, 'retry')
  assert.equal(outcome(webhook, 200, 'anything'), undefined)
  assert.equal(outcome(webhook, 404)?.kind, 'paused')
})
