import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import type { HttpRequest } from '../define.ts'
import opsgenie from './opsgenie.ts'
import { alert, context, jsonOf, outcome, request } from './testing.ts'

test('creates an alert whose alias makes a repeat harmless', () => {
  const { url, headers } = request(opsgenie)
  assert.equal(url, 'https://api.opsgenie.com/v2/alerts')
  assert.equal(headers!.authorization, 'GenieKey 11111111-2222-3333-4444-555555555555')
  const json = jsonOf(opsgenie)
  assert.equal(json.alias, '0123456789abcdef0123456789abcdef')
  assert.equal(json.priority, 'P4')
  assert.deepEqual(json.tags, ['wazuh', 'syslog', 'sshd'])
  assert.equal(json.source, 'siem')
  assert.equal('responders' in json, false)
})

test('keeps to the lengths', () => {
  const long = 'x'.repeat(99_999)
  const json = jsonOf(
    opsgenie,
    alert({
      full_log: long,
      agent: { id: long, name: long },
      rule: { description: long, groups: Array.from({ length: 99 }, (_, n) => long + n) },
    }),
  )
  assert.ok(json.message.length <= 130 && json.description.length <= 15_000 && json.entity.length <= 512)
  assert.ok(json.tags.length <= 20 && json.tags.every((tag: string) => tag.length <= 50))
})

test('accepted is delivered', () =>
  assert.deepEqual(outcome(opsgenie, 202, '{"requestId":"r"}'), { kind: 'delivered', ref: 'r' }))

test('an incident has one alias, and is closed under it', () => {
  const incident = { key: 'k', more: 0 }
  assert.equal(jsonOf(opsgenie, alert(), {}, { incident }).alias, 'k')
  const made = opsgenie.resolve!(alert(), z.parse(opsgenie.options, opsgenie.example), context(alert(), { incident }))
  assert.equal((made as HttpRequest).url, 'https://api.opsgenie.com/v2/alerts/k/close?identifierType=alias')
})

test('who is called is named in one way', () => {
  const parse = (responders: unknown) => z.safeParse(opsgenie.options, { ...opsgenie.example, responders })
  const [byId, byName, person] = [
    { type: 'team', id: '4513b7ea' },
    { type: 'team', name: 'soc' },
    { type: 'user', username: 'a@example.com' },
  ]
  assert.deepEqual(jsonOf(opsgenie, alert(), { responders: [byId, byName, person] }).responders, [byId, byName, person])
  for (const wrong of [{ type: 'team' }, { type: 'team', id: 'a', name: 'b' }, { type: 'group', id: 'a' }])
    assert.equal(parse([wrong]).success, false)
})
