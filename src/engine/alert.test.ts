import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inGroup, run } from './testing/small.ts'

const any = inGroup('<rule id="100001" level="3"><description>d</description></rule>')
const alertOf = (log: string, location = 'test', rules = any, options = {}) =>
  JSON.parse(run(rules, { session: options })(log, 1_700_000_000, location).json(7))

test('keys stand in the order of the original', () => {
  const alert = alertOf('Dec 10 01:02:02 host app: kv user=ann src=10.0.0.1 col=red', 'test', any, {
    cluster: { name: 'wazuh', node: 'node01' },
  })
  assert.deepEqual(Object.keys(alert), [
    'timestamp',
    'rule',
    'agent',
    'manager',
    'id',
    'cluster',
    'full_log',
    'predecoder',
    'decoder',
    'data',
    'location',
  ])
  assert.equal(alert.id, '1700000000.7')
  assert.deepEqual(alert.cluster, { name: 'wazuh', node: 'node01' })
  assert.deepEqual(alert.data, { srcip: '10.0.0.1', dstuser: 'ann', col: 'red' })
})

test('an agent, an agent without address, and a device without agent', () => {
  assert.deepEqual(alertOf('x', '[001] (web) 10.0.0.9->/var/log/x').agent, { id: '001', name: 'web', ip: '10.0.0.9' })
  assert.equal(alertOf('x', '[001] (web) 10.0.0.9->/var/log/x').location, '/var/log/x')
  assert.deepEqual(alertOf('x', '[001] (web) any->/var/log/x').agent, { id: '001', name: 'web' })
  const device = alertOf('x', '(ssh_diff) root@10.0.0.8->agentless')
  assert.deepEqual(device.agentless, { script: 'ssh_diff', user: 'root', host: '10.0.0.8' })
  assert.equal(device.agent, undefined)
})

test('dotted names nest, the first of equal names counts whatever its case, empty values are left out', () => {
  const log = '{"a.b":"1","a":{"C":"2","c":"3"},"list":[1.50,"x",{"k":null}],"open":"[1,","empty":"","A":"taken"}'
  assert.deepEqual(alertOf(log).data, { a: { b: '1', C: '2' }, list: [1.5, 'x', { k: null }], open: '[1,' })
})

test('a name that leads through a text is dropped', () => {
  assert.deepEqual(alertOf('{"a":"1","a.b":"2","c.d":"3","c":"4"}').data, { a: '1', c: { d: '3' } })
})

test('compliance tags become arrays, in order of first appearance, and are no groups', () => {
  const rules = inGroup(
    '<rule id="100001" level="3"><description>d</description><group>b,tsc_CC6.1,pci_dss_10.2.4,,tsc_CC7,</group></rule>',
  )
  const { rule } = alertOf('x', 'test', rules)
  assert.deepEqual(rule.groups, ['local', 'b'])
  assert.deepEqual(Object.keys(rule).slice(-2), ['tsc', 'pci_dss'])
  assert.deepEqual(rule.tsc, ['CC6.1', 'CC7'])
})

test('compliance of an SCA check joins that of its rule', () => {
  const rules = inGroup('<rule id="100001" level="3"><description>d</description><group>pci_dss_1,</group></rule>')
  const { rule } = alertOf('{"sca":{"check":{"compliance":{"pci_dss":"2.2, 3","cis":"5"}}}}', 'test', rules)
  assert.deepEqual([rule.pci_dss, rule.cis], [['1', '2.2', '3'], ['5']])
})

test('ATT&CK: names by both forms, unknown ids warned of', () => {
  const rules = (mitre: string) => inGroup(`<rule id="100001" level="3"><description>d</description>${mitre}</rule>`)
  const old = run(rules('<mitre><id>T1548</id><id>T9999</id></mitre>'))('x')
  assert.deepEqual(JSON.parse(old.json(0)).rule.mitre, {
    id: ['T1548', 'T9999'],
    tactic: ['Privilege Escalation', 'Defense Evasion'],
    technique: ['Abuse Elevation Control Mechanism'],
  })
  assert.deepEqual(old.warnings, ["Mitre Technique ID 'T9999' not found in database."])
  const pair = '<mitre><tacticID>TA0003</tacticID><techniqueID>T1078</techniqueID></mitre>'
  assert.deepEqual(JSON.parse(run(rules(pair))('x').json(0)).rule.mitre, {
    id: ['T1078'],
    tactic: ['Persistence'],
    technique: ['Valid Accounts'],
  })
  const retired = run(rules('<mitre><id>T1086</id></mitre>'))('x')
  assert.equal(JSON.parse(retired.json(0)).rule.mitre, undefined)
})

test('bytes that are no UTF-8, and control characters, come out as the original prints them', () => {
  const line = run(any)('a"b\\c\x01\x7f\xff\té').json(0)
  assert.ok(line.includes('"full_log":"a\\"b\\\\c\\u0001\x7f\xff\\té"'), line)
})

test('alerts.log: mail flag, fields, earlier events', () => {
  const rules = inGroup('<rule id="100001" level="12"><description>d</description><group>g,</group></rule>')
  const text = run(rules)('Dec 10 01:02:02 host app: kv user=ann src=10.0.0.1 col=red').text(99)
  assert.equal(
    text,
    '** Alert 1700000000.99: mail  - local,g,\n' +
      '2023 Nov 14 22:13:20 host->test\n' +
      "Rule: 100001 (level 12) -> 'd'\n" +
      'Src IP: 10.0.0.1\n' +
      'User: ann\n' +
      'Dec 10 01:02:02 host app: kv user=ann src=10.0.0.1 col=red\n' +
      'col: red\n\n',
  )
})
