import assert from 'node:assert/strict'
import { test } from 'node:test'
import mattermost from './mattermost.ts'
import { alert, jsonOf, outcome, request } from './testing.ts'

test('posts an attachment', () => {
  const { url } = request(mattermost)
  const json = jsonOf(mattermost, alert(), { channel: 'soc', username: 'wazuh' })
  assert.equal(url, 'https://chat.example/hooks/xxx')
  assert.equal(json.channel, 'soc')
  assert.equal(json.username, 'wazuh')
  const [attachment] = json.attachments
  assert.equal(attachment.color, '#2f81f7')
  assert.equal(attachment.text, '```\nFailed password for root from 203.0.113.9 port 54321 ssh2\n```')
})

test('calls nobody', () => {
  const json = jsonOf(mattermost, alert({ location: '@channel | @all', rule: { description: '@here **x**' } }))
  const [{ title, fields }] = json.attachments
  assert.doesNotMatch(title + JSON.stringify(fields), /@(channel|all|here)/)
  assert.match(title, /@\u200bhere \\\*\\\*x\\\*\\\*/)
  assert.equal(json.props.disable_group_highlight, true)
})

test('stays below 16,383 characters', () => {
  assert.ok(JSON.stringify(jsonOf(mattermost, alert({ full_log: 'x'.repeat(99_999) }))).length < 16_383)
})

test('a deleted webhook waits for a person, as do webhooks that are switched off', () => {
  const id = (name: string) => JSON.stringify({ id: `web.incoming_webhook.${name}.app_error`, message: 'Invalid' })
  for (const [status, text] of [
    [404, ''],
    [501, id('disabled')],
    [400, id('invalid')],
    [400, id('general')],
  ] as const)
    assert.equal(outcome(mattermost, status, text)?.kind, 'paused')
  assert.equal(outcome(mattermost, 400, id('parse')), undefined)
})
