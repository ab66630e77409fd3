import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import telegram from './telegram.ts'
import { alert, jsonOf, outcome, request } from './testing.ts'

test('sends HTML, in which a log means nothing', () => {
  const { url } = request(telegram)
  assert.equal(url, 'https://api.telegram.org/bot123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11/sendMessage')
  const json = jsonOf(telegram, alert({ full_log: '<b>&</b> _*[x](y)', rule: { description: 'a < b' } }))
  assert.equal(json.parse_mode, 'HTML')
  assert.equal(json.chat_id, '-1001234567890')
  assert.match(json.text, /^🔵 <b>Level 5: a &lt; b \(web-01\)<\/b>\nAgent: web-01/)
  assert.match(json.text, /<pre>&lt;b&gt;&amp;&lt;\/b&gt; _\*\[x\]\(y\)<\/pre>$/)
})

test('stays below 4,096 characters after the entities', () => {
  const long = '<&>'.repeat(5000)
  const { text } = jsonOf(
    telegram,
    alert({
      full_log: long,
      location: long,
      agent: { id: long, name: long, ip: long },
      rule: { description: long, groups: [long] },
      data: { srcip: long, dstuser: long },
    }),
  )
  const plain = text.replace(/<\/?\w+>/g, '').replace(/&(lt|gt|amp);/g, 'x')
  assert.ok(plain.length <= 4096, `${plain.length}`)
})

test('low alerts make no sound', () => {
  const silent = (level: number) => jsonOf(telegram, alert({ rule: { level } })).disable_notification
  assert.deepEqual([silent(3), silent(7), silent(12)], [true, false, false])
})

test("reads Telegram's answers", () => {
  for (const [status, body, kind] of [
    [200, '{"ok":true,"result":{"message_id":5}}', 'delivered'],
    [400, '{"ok":false,"description":"Bad Request: chat not found"}', 'paused'],
    [400, '{"ok":false,"description":"Bad Request: message is too long"}', 'rejected'],
    [400, '{"ok":false,"description":"group upgraded","parameters":{"migrate_to_chat_id":-1009}}', 'paused'],
    [404, '{"ok":false,"description":"Not Found"}', 'paused'],
  ] as const)
    assert.equal(outcome(telegram, status, body)?.kind, kind, body)
  assert.match(
    (outcome(telegram, 400, '{"ok":false,"parameters":{"migrate_to_chat_id":-1009}}') as { reason: string }).reason,
    /-1009/,
  )
  assert.equal(outcome(telegram, 403, '{"ok":false}'), undefined, 'blocked: paused by its status')
  assert.equal(outcome(telegram, 429, '{"ok":false}'), undefined)
})

test('refuses what is no token or chat', () => {
  for (const change of [{ api_key: 'secret' }, { chat_id: 'my group' }])
    assert.equal(z.safeParse(telegram.options, { ...telegram.example, ...change }).success, false)
  assert.equal(z.safeParse(telegram.options, { ...telegram.example, chat_id: -100123 }).success, true)
})

test('answers the first message of the incident', () => {
  const more = { incident: { key: 'k', more: 2, ref: '77' } }
  assert.equal(jsonOf(telegram, alert(), {}, more).reply_parameters.message_id, 77)
})
