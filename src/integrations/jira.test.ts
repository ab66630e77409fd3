import assert from 'node:assert/strict'
import { test } from 'node:test'
import jira from './jira.ts'
import { alert, jsonOf, outcome, request } from './testing.ts'

test('creates an issue in the Cloud, with a document as description', () => {
  const { url, headers } = request(jira)
  assert.equal(url, 'https://example.atlassian.net/rest/api/3/issue')
  assert.equal(headers!.authorization, `Basic ${Buffer.from('soc@example.com:jira-token').toString('base64')}`)
  const { fields } = jsonOf(jira, alert(), {
    priorities: ['Lowest', 'Low', 'Medium', 'High', 'Highest'],
    fields: { customfield_1: 'x' },
  })
  assert.deepEqual(fields.project, { key: 'SOC' })
  assert.equal(fields.summary, 'Level 5: sshd: authentication failed. (web-01)')
  assert.equal(fields.description.content.at(-1).content[0].text, alert().full_log)
  assert.deepEqual(fields.labels, ['wazuh', 'rule-5760'])
  assert.deepEqual(fields.priority, { name: 'Low' })
  assert.equal(fields.customfield_1, 'x')
})

test('creates an issue in Data Center, where no markup of the log counts', () => {
  const options = { user: undefined, hook_url: 'https://jira.example/jira/' }
  const { url, headers } = request(jira, alert(), options)
  assert.equal(url, 'https://jira.example/jira/rest/api/2/issue')
  assert.equal(headers!.authorization, 'Bearer jira-token')
  const { description } = jsonOf(jira, alert({ full_log: '{noformat}!http://evil!{noformat}' }), options).fields
  assert.match(description, /^\{noformat\}Agent: [\s\S]*\{ noformat\}!http:\/\/evil!\{ noformat\}\{noformat\}$/)
})

test('a summary has one line, a label no blank, a text field its limit', () => {
  const { fields } = jsonOf(
    jira,
    alert({ full_log: 'x'.repeat(99_999), rule: { id: 'a b', description: 'two\nlines'.repeat(99) } }),
  )
  assert.ok(fields.summary.length <= 255 && !fields.summary.includes('\n'))
  assert.deepEqual(fields.labels, ['wazuh', 'rule-a-b'])
  assert.ok(JSON.stringify(fields.description).length < 32_767)
})

test('what is wrong with every alert waits for a person', () => {
  assert.equal(outcome(jira, 400, '{"errorMessages":[],"errors":{"priority":"not on the screen"}}')?.kind, 'paused')
  assert.equal(outcome(jira, 400, '{"errorMessages":[],"errors":{"summary":"too long"}}')?.kind, 'rejected')
  assert.deepEqual(outcome(jira, 201, '{"key":"SOC-7"}'), { kind: 'delivered', ref: 'SOC-7' })
})

test('what follows in an incident becomes a comment on its issue', () => {
  const more = { incident: { key: 'k', more: 2, ref: 'SOC-7' } }
  const { url, json } = request(jira, alert(), {}, more)
  assert.equal(url, 'https://example.atlassian.net/rest/api/3/issue/SOC-7/comment')
  assert.equal((json as { body: { type: string } }).body.type, 'doc')
  assert.equal(
    outcome(jira, 404, '{"errorMessages":["Issue does not exist or you do not have permission to see it."]}')?.kind,
    'rejected',
  )
})
