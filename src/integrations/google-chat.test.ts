import assert from 'node:assert/strict'
import { test } from 'node:test'
import chat from './google-chat.ts'
import { alert, jsonOf, outcome, request } from './testing.ts'

test('posts a card, once however often it is sent', () => {
  const { url } = request(chat)
  assert.equal(
    url,
    'https://chat.googleapis.com/v1/spaces/AAAA/messages?key=k&token=t&requestId=0123456789abcdef0123456789abcdef',
  )
  const { card } = jsonOf(chat).cardsV2[0]
  assert.equal(card.header.title, '🔵 Level 5: sshd: authentication failed. (web-01)')
  assert.equal(
    card.sections[0].widgets.at(-1).textParagraph.text,
    'Failed password for root from 203.0.113.9 port 54321 ssh2',
  )
})

test('calls nobody and holds no link', () => {
  const { widgets } = jsonOf(
    chat,
    alert({ full_log: '<users/all> <a href="http://evil">x</a>', location: '<users/all>' }),
  ).cardsV2[0].card.sections[0]
  assert.doesNotMatch(JSON.stringify(widgets), /[<>]/)
})

test('stays below 32,000 bytes', () => {
  const json = jsonOf(chat, alert({ full_log: '<é'.repeat(50_000), location: '&'.repeat(9999) }))
  assert.ok(Buffer.byteLength(JSON.stringify(json)) < 32_000)
})

test('a deleted webhook waits for a person', () => {
  assert.equal(outcome(chat, 404)?.kind, 'paused')
  assert.deepEqual(outcome(chat, 200, '{"name":"spaces/A/messages/B"}'), {
    kind: 'delivered',
    ref: 'spaces/A/messages/B',
  })
})

test('messages of an incident share a thread', () => {
  const incident = { key: 'k', more: 0 }
  const { searchParams } = new URL(request(chat, alert(), {}, { incident }).url)
  assert.equal(searchParams.get('messageReplyOption'), 'REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD')
  assert.deepEqual(jsonOf(chat, alert(), {}, { incident }).thread, { threadKey: 'k' })
})
