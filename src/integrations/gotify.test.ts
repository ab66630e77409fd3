import assert from 'node:assert/strict'
import { test } from 'node:test'
import gotify from './gotify.ts'
import { alert, jsonOf, outcome, request } from './testing.ts'

test('sends a plain message with a priority', () => {
  const { url, headers } = request(gotify)
  assert.equal(url, 'https://gotify.example/message')
  assert.equal(headers!['x-gotify-key'], 'AxxxxToken')
  const priorities = [3, 5, 8, 11, 15].map((level) => jsonOf(gotify, alert({ rule: { level } })).priority)
  assert.deepEqual(priorities, [0, 2, 4, 7, 10])
  assert.equal(jsonOf(gotify).extras['client::display'].contentType, 'text/plain')
  assert.deepEqual(outcome(gotify, 200, '{"id":3}'), { kind: 'delivered', ref: '3' })
})
