import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import teams from './teams.ts'
import { alert, jsonOf, outcome } from './testing.ts'

test('posts an adaptive card made of text without markup', () => {
  const json = jsonOf(teams, alert({ full_log: '[click](http://evil) <at>all</at>' }), {
    dashboard_url: 'https://wazuh.example',
  })
  assert.equal(json.type, 'message')
  const [{ contentType, content }] = json.attachments
  assert.equal(contentType, 'application/vnd.microsoft.card.adaptive')
  assert.equal(content.type, 'AdaptiveCard')
  const text = JSON.stringify(content.body)
  assert.doesNotMatch(text, /"TextBlock"|"FactSet"/, 'both read Markdown')
  assert.match(text, /\{"type":"TextRun","text":"\[click\]\(http:\/\/evil\) <at>all<\/at>","fontType":"Monospace"/)
  assert.equal(content.msteams.entities, undefined, 'mentions nobody')
  assert.equal(content.actions[0].url, 'https://wazuh.example')
})

test('stays below the size that Teams drops without a word', () => {
  const long = 'é'.repeat(50_000)
  const json = jsonOf(
    teams,
    alert({ full_log: long, location: long, agent: { id: long, name: long }, rule: { description: long } }),
  )
  assert.ok(Buffer.byteLength(JSON.stringify(json)) < 21_000)
})

test('a retired connector is refused, with what to do', () => {
  const result = z.safeParse(teams.options, { hook_url: 'https://x.webhook.office.com/webhookb2/1' })
  assert.match(result.error!.issues[0]!.message, /retired; make a Workflow/)
})

test('a Workflow that is off waits for a person', () => {
  assert.equal(outcome(teams, 400, '{"error":{"code":"WorkflowTriggerIsNotEnabled"}}')?.kind, 'paused')
  assert.equal(outcome(teams, 404)?.kind, 'paused')
  const login = outcome(teams, 401, '{"error":{"code":"DirectApiAuthorizationRequired","message":"…"}}')
  assert.ok(login?.kind === 'paused' && /let anyone trigger it/.test(login.reason))
  assert.equal(outcome(teams, 202), undefined)
})
