import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import type { NatsMessage } from '../define.ts'
import nats from './nats.ts'
import { alert, outgoing } from './testing.ts'

const message = (options: Record<string, unknown> = {}) => outgoing(nats, alert(), options) as NatsMessage

test('the alert as it is, with an id that makes a repeat harmless', () => {
  assert.deepEqual(message(), {
    nats: {
      servers: ['nats://nats.example:4222'],
      user: 'wazuh',
      password: 'nats-password',
      nkey_seed: undefined,
      tls: { ca_file: undefined, ssl_verify: true },
    },
    subject: 'wazuh.alerts',
    payload: JSON.stringify(alert()),
    message_id: '0123456789abcdef0123456789abcdef',
    jetstream: true,
  })
})

test('a key without a user is a token', () => {
  const { nats: server } = message({ user: undefined, api_key: 'T' })
  assert.deepEqual([server.user, server.password, server.token], [undefined, undefined, 'T'])
})

test('several servers, and a subject that follows the alert', () => {
  const { nats: server, subject } = message({
    hook_url: ['nats://a', 'tls://[::1]:4222'],
    subject: 'wazuh.{severity}.{agent}',
  })
  assert.deepEqual(server.servers, ['nats://a', 'tls://[::1]:4222'])
  assert.equal(subject, 'wazuh.low.web-01')
})

test('what cannot be an address or a subject is refused, and so is half a login', () => {
  const fits = (options: Record<string, unknown>) => z.safeParse(nats.options, { ...nats.example, ...options }).success
  for (const hook_url of ['http://a', 'nats://u:p@a', 'nats://a/path', 'nats://', 'a:4222', []])
    assert.equal(fits({ hook_url }), false, String(hook_url))
  for (const subject of ['', 'a..b', 'a.', 'a.*', 'a.>', 'a b', 'a..{x}', 'a.{agent'])
    assert.equal(fits({ subject }), false, subject)
  assert.equal(fits({ api_key: undefined }), false)
})
