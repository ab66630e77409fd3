import assert from 'node:assert/strict'
import { test } from 'node:test'
import discord from './discord.ts'
import { alert, jsonOf, outcome, request } from './testing.ts'

test('posts an embed and waits for the answer', () => {
  const { url } = request(discord, alert(), { thread_id: '77', username: 'SOC' })
  assert.equal(url, 'https://discord.com/api/webhooks/123/abcdef?wait=true&thread_id=77')
  const json = jsonOf(discord, alert(), { username: 'SOC' })
  assert.equal(json.username, 'SOC')
  const [embed] = json.embeds
  assert.equal(embed.title, 'Level 5: sshd: authentication failed. \\(web-01\\)')
  assert.equal(embed.description, '```\nFailed password for root from 203.0.113.9 port 54321 ssh2\n```')
  assert.equal(embed.timestamp, '2024-01-15T10:30:45.123Z')
  assert.deepEqual(embed.fields[0], { name: 'Agent', value: 'web-01 \\(001, 10.0.0.7\\)', inline: true })
})

test('mentions nobody, and a log cannot leave its block', () => {
  const json = jsonOf(discord, alert({ full_log: '```@everyone', location: '@here [x](http://evil) <@&1>' }))
  assert.deepEqual(json.allowed_mentions, { parse: [] })
  assert.equal(json.embeds[0].description, "```\n'''@everyone\n```")
  const location = json.embeds[0].fields.find(({ name }: { name: string }) => name === 'Location').value
  assert.equal(location, '@\u200bhere \\[x\\]\\(http://evil\\) \\<@\u200b&1\\>')
})

test('all texts together stay below 6,000 characters', () => {
  const long = 'x'.repeat(10_000)
  const given = alert({
    full_log: long,
    location: long,
    timestamp: long,
    id: long,
    data: { srcip: long, dstuser: long },
    agent: { id: long, name: long },
    rule: { description: long, groups: [long] },
  })
  const [embed] = jsonOf(discord, given).embeds
  const fields = embed.fields.map(({ name, value }: { name: string; value: string }) => name + value).join('')
  assert.ok(`${embed.title}${embed.description}${fields}`.length <= 6000)
  assert.ok(embed.title.length <= 256 && embed.fields.length <= 25)
})

test('a deleted webhook waits for a person', () => {
  assert.equal(outcome(discord, 404)?.kind, 'paused')
  assert.deepEqual(outcome(discord, 200, '{"id":"9"}'), { kind: 'delivered', ref: '9' })
  assert.equal(outcome(discord, 429), undefined)
})
