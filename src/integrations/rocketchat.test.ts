import assert from 'node:assert/strict'
import { test } from 'node:test'
import rocketchat from './rocketchat.ts'
import { alert, jsonOf, outcome } from './testing.ts'

test('posts a text and an attachment', () => {
  const json = jsonOf(rocketchat, alert(), { channel: '#soc', alias: 'Wazuh' })
  assert.equal(json.channel, '#soc')
  assert.equal(json.alias, 'Wazuh')
  assert.equal(json.text, 'Level 5: sshd: authentication failed. \\(web-01\\)')
  assert.equal(json.attachments[0].fields[1].title, 'Rule')
})

test('calls nobody, and stays below 5,000 characters', () => {
  const json = jsonOf(rocketchat, alert({ full_log: '```@all'.repeat(9999), rule: { description: '@all @here' } }))
  assert.doesNotMatch(json.text, /@(all|here)/)
  assert.doesNotMatch(json.attachments[0].text.slice(3, -3), /```/)
  assert.ok(JSON.stringify(json).length < 5000)
})

test("reads Rocket.Chat's answers", () => {
  assert.equal(outcome(rocketchat, 400, '{"success":false,"error":"error-invalid-hook"}')?.kind, 'paused')
  assert.equal(outcome(rocketchat, 400, '{"success":false,"error":"message too large"}')?.kind, 'rejected')
  assert.equal(outcome(rocketchat, 200, '{"success":true}'), undefined)
})
