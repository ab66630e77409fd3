import assert from 'node:assert/strict'
import { test } from 'node:test'
import matrix from './matrix.ts'
import { alert, jsonOf, outcome, request } from './testing.ts'

test('puts a message under a transaction id that is the same for each try', () => {
  const { url, method, headers } = request(matrix)
  assert.equal(method, 'PUT')
  assert.equal(
    url,
    'https://matrix.example/_matrix/client/v3/rooms/!room%3Amatrix.example/send/m.room.message/0123456789abcdef0123456789abcdef',
  )
  assert.equal(headers!.authorization, 'Bearer syt_token')
  const json = jsonOf(matrix)
  assert.equal(json.msgtype, 'm.notice')
  assert.match(json.body, /^🔵 Level 5: sshd[\s\S]*\nLocation: \/var\/log\/auth\.log[\s\S]*\n\nFailed password/)
  assert.match(json.formatted_body, /^<strong>🔵 Level 5.*<pre><code>Failed password/)
})

test('mentions nobody and holds no markup of the log', () => {
  const json = jsonOf(matrix, alert({ full_log: '@room <img src=x>', location: '<a>' }))
  assert.deepEqual(json['m.mentions'], {})
  assert.doesNotMatch(json.formatted_body, /<img|<a>/)
})

test('stays below 65,536 bytes', () => {
  const json = jsonOf(matrix, alert({ full_log: '<'.repeat(200_000), location: '&'.repeat(9999) }))
  assert.ok(Buffer.byteLength(JSON.stringify(json)) < 65_000)
})

test("reads the homeserver's answers", () => {
  assert.deepEqual(outcome(matrix, 200, '{"event_id":"$1"}'), { kind: 'delivered', ref: '$1' })
  assert.equal(outcome(matrix, 404, '{"errcode":"M_UNRECOGNIZED"}')?.kind, 'paused')
  assert.equal(outcome(matrix, 429), undefined)
})

test('answers in the thread of the incident', () => {
  const more = { incident: { key: 'k', more: 2, ref: '$1' } }
  assert.deepEqual(jsonOf(matrix, alert(), {}, more)['m.relates_to'], { rel_type: 'm.thread', event_id: '$1' })
})
