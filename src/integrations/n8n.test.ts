import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import n8n from './n8n.ts'
import { alert, outcome, request } from './testing.ts'

test('sends the alert, with the key as a header or as a password', () => {
  const { body, headers } = request(n8n)
  assert.equal(body, JSON.stringify(alert()))
  assert.equal(headers!['x-api-key'], 'n8n-key')
  assert.equal(request(n8n, alert(), { auth_header: 'X-Token' }).headers!['x-token'], 'n8n-key')
  assert.equal(
    request(n8n, alert(), { user: 'u' }).headers!.authorization,
    `Basic ${Buffer.from('u:n8n-key').toString('base64')}`,
  )
})

test('the test URL is refused, with the reason', () => {
  const result = z.safeParse(n8n.options, { hook_url: 'https://n8n.example/webhook-test/1' })
  assert.match(result.error!.issues[0]!.message, /production URL/)
})

test('an inactive workflow waits for a person', () => assert.equal(outcome(n8n, 404)?.kind, 'paused'))
