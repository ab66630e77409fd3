import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alert, jsonOf, outcome, request } from './testing.ts'
import thehive from './thehive.ts'

test('creates an alert with what TheHive requires', () => {
  const { url, headers } = request(thehive, alert(), { organisation: 'acme' })
  assert.equal(url, 'https://thehive.example:9000/api/v1/alert')
  assert.equal(headers!.authorization, 'Bearer thehive-key')
  assert.equal(headers!['x-organisation'], 'acme')
  const json = jsonOf(thehive, alert(), { procedures: true, case_template: 'wazuh' })
  assert.deepEqual([json.type, json.source, json.sourceRef], ['wazuh', 'siem', '0123456789abcdef0123456789abcdef'])
  assert.equal(json.date, 1705314645123)
  assert.equal(json.severity, 1)
  assert.deepEqual(json.tags, ['wazuh', 'rule=5760', 'agent=web-01', 'syslog', 'sshd'])
  assert.deepEqual(json.procedures, [{ patternId: 'T1110.001', occurDate: 1705314645123 }])
  assert.equal(json.caseTemplate, 'wazuh')
  assert.match(json.description, /- \*\*Source address\*\*: 203\.0\.113\.9\n[\s\S]*```\nFailed password/)
})

test('names each observable once', () => {
  const given = alert({
    data: { srcip: '203.0.113.9', dstip: '203.0.113.9', url: '/x' },
    syscheck: { path: '/etc/passwd', sha256_after: 'ab' },
  })
  assert.deepEqual(
    jsonOf(thehive, given).observables.map(({ dataType, data }: Record<string, string>) => `${dataType} ${data}`),
    ['ip 203.0.113.9', 'url /x', 'hash ab', 'filename /etc/passwd', 'hostname web-01'],
  )
})

test('a log cannot format the description', () => {
  const { description } = jsonOf(thehive, alert({ location: '![x](http://evil) **b**', full_log: '``` # title' }))
  assert.match(description, /\\!\\\[x\\\]\\\(http:\/\/evil\\\) \\\*\\\*b\\\*\\\*/)
  assert.match(description, /```\n''' # title\n```$/)
})

test('one that is there already was delivered by an earlier try', () => {
  assert.equal(
    outcome(thehive, 400, '{"type":"CreateError","message":"Alert wazuh already exists"}')?.kind,
    'delivered',
  )
  assert.equal(outcome(thehive, 400, '{"type":"InvalidFormat"}'), undefined)
  assert.deepEqual(outcome(thehive, 201, '{"_id":"~1"}'), { kind: 'delivered', ref: '~1' })
})
