import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import type { RedisEntry } from '../define.ts'
import redis from './redis-streams.ts'
import { alert, outgoing } from './testing.ts'

const entry = (given = alert(), options: Record<string, unknown> = {}) => outgoing(redis, given, options) as RedisEntry

test('an entry that can be read without reading the JSON', () => {
  assert.deepEqual(entry(alert(), { database: 3, max_length: 10 }), {
    redis: {
      url: 'rediss://redis.example:6379',
      database: 3,
      user: 'wazuh',
      password: 'redis-password',
      tls: { ca_file: undefined, ssl_verify: true },
    },
    stream: 'wazuh:alerts',
    fields: {
      alert: JSON.stringify(alert()),
      rule: '5760',
      level: '5',
      agent: 'web-01',
      idempotency_key: '0123456789abcdef0123456789abcdef',
    },
    max_length: 10,
  })
})

test('an alert without an agent has the same fields', () => {
  assert.equal(entry(alert({ agent: undefined })).fields.agent, '')
})

test('an address with a password in it is refused', () => {
  for (const hook_url of ['redis://u:p@a', 'redis://a/0', 'http://a'])
    assert.equal(z.safeParse(redis.options, { ...redis.example, hook_url }).success, false, hook_url)
})
