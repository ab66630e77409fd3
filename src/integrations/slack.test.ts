import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import slack from './slack.ts'
import { alert, jsonOf, outcome, request } from './testing.ts'

test('posts to the webhook what people look for', () => {
  const { url } = request(slack)
  const json = jsonOf(slack)
  assert.equal(url, 'https://hooks.slack.com/services/T000/B000/XXXX')
  const [attachment] = json.attachments
  assert.equal(json.text, 'Level 5: sshd: authentication failed. (web-01)')
  assert.equal(attachment.text, '```Failed password for root from 203.0.113.9 port 54321 ssh2```')
  assert.deepEqual(
    attachment.fields.map(({ title, value }: { title: string; value: string }) => `${title}: ${value}`),
    [
      'Agent: web-01 (001, 10.0.0.7)',
      'Rule: 5760 (level 5)',
      'Groups: syslog, sshd',
      'Source address: 203.0.113.9',
      'User: root',
      'ATT&amp;CK: T1110.001 Password Guessing',
      'Location: /var/log/auth.log',
      'Time: 2024-01-15T10:30:45.123+0000',
      'Alert: 1705314645.98',
    ].map((line) => line.replace('ATT&amp;CK:', 'ATT&CK:')),
  )
})

test('colours by level', () => {
  const colors = [3, 5, 7, 10, 14].map((level) => jsonOf(slack, alert({ rule: { level } })).attachments[0].color)
  assert.equal(new Set(colors).size, 5)
})

test('log text cannot mention a channel, make a link or leave its code block', () => {
  const text = JSON.stringify(
    jsonOf(
      slack,
      alert({ full_log: '<!channel> ```<http://evil|click> & more', rule: { description: '<!here> & <@U1>' } }),
    ),
  )
  assert.doesNotMatch(text, /[<>]/)
  assert.match(text, /```&lt;!channel&gt; '''&lt;http:\/\/evil\|click&gt; &amp; more```/)
  assert.match(text, /&lt;!here&gt; &amp; &lt;@U1&gt;/)
})

test('stays below the size that Slack shows', () => {
  const { text } = jsonOf(slack, alert({ full_log: '&'.repeat(100_000) })).attachments[0]
  assert.ok(text.length <= 3000 && text.endsWith('…```'))
})

test('as a bot it posts to a channel and reads the answer', () => {
  const bot = { hook_url: undefined, api_key: 'xoxb-1', channel: 'C012' }
  const { url, headers, json } = request(slack, alert(), bot)
  assert.equal(url, 'https://slack.com/api/chat.postMessage')
  assert.equal(headers!.authorization, 'Bearer xoxb-1')
  assert.equal((json as { channel: string }).channel, 'C012')
  for (const [body, kind] of [
    ['{"ok":true,"channel":"C012","ts":"1.2"}', 'delivered'],
    ['{"ok":false,"error":"ratelimited"}', 'retry'],
    ['{"ok":false,"error":"invalid_auth"}', 'paused'],
    ['{"ok":false,"error":"channel_not_found"}', 'paused'],
    ['{"ok":false,"error":"msg_too_long"}', 'rejected'],
    ['{"ok":false,"error":"invalid_blocks"}', 'rejected'],
  ] as const)
    assert.equal(outcome(slack, 200, body, bot)?.kind, kind, body)
})

test('a webhook that is gone waits for a person', () => {
  assert.equal(outcome(slack, 404, 'no_service')?.kind, 'paused')
  assert.equal(outcome(slack, 410, 'channel_is_archived')?.kind, 'paused')
  assert.equal(outcome(slack, 200, 'ok'), undefined)
})

test('needs a webhook or a bot', () => {
  assert.equal(z.safeParse(slack.options, { channel: 'x' }).success, false)
  assert.equal(z.safeParse(slack.options, { api_key: 'xoxb-1' }).success, false)
})

test('as a bot it answers in the thread of the incident', () => {
  const more = { incident: { key: 'k', more: 2, ref: 'C012/1.2' } }
  const bot = { hook_url: undefined, api_key: 'xoxb-1', channel: 'C012' }
  assert.equal(jsonOf(slack, alert(), bot, more).thread_ts, '1.2')
  assert.equal('thread_ts' in jsonOf(slack, alert(), {}, more), false, 'a webhook knows no threads')
})

test('a bot posts to the API that is configured', () => {
  const bot = { hook_url: undefined, api_key: 'xoxb-1', channel: 'C012' }
  assert.equal(request(slack, alert(), bot).url, 'https://slack.com/api/chat.postMessage')
  const gov = { ...bot, api_url: 'https://slack-gov.com/api/' }
  assert.equal(request(slack, alert(), gov).url, 'https://slack-gov.com/api/chat.postMessage')
})
