import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import type { MqttMessage } from '../define.ts'
import mqtt from './mqtt.ts'
import { alert, outgoing } from './testing.ts'

const message = (options: Record<string, unknown> = {}) => outgoing(mqtt, alert(), options) as MqttMessage

test('the alert as it is, to the topic of its agent', () => {
  assert.deepEqual(message({ client_id: 'siem' }), {
    mqtt: {
      url: 'mqtts://mqtt.example:8883',
      version: '5',
      client_id: 'siem',
      user: 'wazuh',
      password: 'mqtt-password',
      tls: { ca_file: undefined, ssl_verify: true },
    },
    topic: 'wazuh/web-01',
    payload: JSON.stringify(alert()),
    retain: false,
    properties: { idempotency_key: '0123456789abcdef0123456789abcdef' },
  })
})

test('what cannot be a topic or an address is refused, and so is a key without a user', () => {
  const fits = (options: Record<string, unknown>) => z.safeParse(mqtt.options, { ...mqtt.example, ...options }).success
  assert.ok(fits({ topic: 'größe/{rule} x' }))
  for (const topic of ['', 'a/#', '+/a', 'a\0', 'a/{time}']) assert.equal(fits({ topic }), false, topic)
  for (const hook_url of ['tcp://a', 'mqtt://u:p@a', 'mqtt://a:1/x']) assert.equal(fits({ hook_url }), false, hook_url)
  assert.equal(fits({ user: undefined }), false)
})
