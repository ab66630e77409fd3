import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Alert } from '../alert.ts'
import type { ActiveResponseBlock } from '../config.ts'
import { createBinding, groupOf, routeOf } from './response-binding.ts'

type Change = Partial<Omit<ActiveResponseBlock, 'location'>> & { location?: Partial<ActiveResponseBlock['location']> }

function block({ location, ...change }: Change = {}): ActiveResponseBlock {
  return {
    place: { file: 'ossec.conf', line: 1 },
    command: 'c',
    rules_id: [],
    level: 0,
    timeout: 600,
    repeated_offenders: [],
    ...change,
    location: { server: false, local: true, defined: false, all: false, ...location },
  }
}

function alert(rule: Partial<Alert['rule']> = {}, data?: Alert['data']): Alert {
  const whole = { level: 5, description: 'd', id: '5710', groups: ['syslog', 'sshd'], ...rule }
  return { timestamp: '', rule: whole, id: '1.2', data }
}

function binds(change: Change, rule: Partial<Alert['rule']>, facts?: { group?: string; no_ar?: boolean }): boolean {
  return createBinding({ blocks: [block(change)], white_list: [] }).bind(alert(rule), facts).blocks.length === 1
}

test('level and rules_group must both hold, rules_id is enough by itself', () => {
  for (const [change, rule, expected] of [
    [{ level: 5 }, { level: 5 }, true],
    [{ level: 6 }, { level: 5 }, false],
    [{ rules_group: 'sshd' }, {}, true],
    [{ rules_group: 'web' }, {}, false],
    [{ level: 6, rules_group: 'sshd' }, { level: 5 }, false],
    [{ level: 5, rules_group: 'web' }, { level: 5 }, false],
    [{ level: 5, rules_group: 'sshd' }, { level: 5 }, true],
    [{ level: 12, rules_group: 'web', rules_id: [5710] }, { level: 1 }, true],
    [{ rules_id: [5711] }, {}, false],
    [{}, { level: 15 }, false],
  ] as const)
    assert.equal(binds(change as Change, rule as Partial<Alert['rule']>), expected, JSON.stringify([change, rule]))
})

test('level 0 and no_ar never act', () => {
  assert.equal(binds({ rules_id: [5710] }, { level: 0 }), false)
  assert.equal(binds({ rules_id: [5710] }, {}, { no_ar: true }), false)
})

test('rules_group is one pattern over the raw group string, not a list', () => {
  const group = 'syslog,sshd,authentication_failed,pci_dss_10.2.4,'
  for (const [rules_group, expected] of [
    ['SSHD', true],
    ['web|authentication_fail', true],
    ['^sshd', false],
    ['sshd,authentication', true],
    ['sshd,web', false],
    ['pci_dss_10.2.4', true],
    [',$', true],
  ] as const)
    assert.equal(binds({ rules_group }, {}, { group }), expected, rules_group)
})

test('rebuilds the group string from groups and compliance arrays', () => {
  const { rule } = alert({
    gdpr: ['IV_35.7.d'],
    pci_dss: ['10.2.4', '10.2.5'],
    mitre: { id: ['T1'], tactic: [], technique: [] },
  })
  assert.equal(groupOf({ ...alert(), rule }), 'syslog,sshd,gdpr_IV_35.7.d,pci_dss_10.2.4,pci_dss_10.2.5,')
  assert.equal(groupOf(alert({ groups: undefined })), '')
  assert.equal(binds({ rules_group: 'pci_dss_10' }, { pci_dss: ['10.2.4'] }), true)
})

test('the white list stops all blocks of an alert', () => {
  const list = [
    '127.0.0.1',
    '^localhost.localdomain$',
    '10.0.0.0/24',
    '192.168.1.0/255.255.255.0',
    '::1',
    '2001:db8::5',
  ]
  const binding = createBinding({ blocks: [block({ level: 1 }), block({ rules_id: [5710] })], white_list: list })
  for (const [srcip, expected] of [
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.2', undefined],
    ['::ffff:10.0.0.7', '10.0.0.0/24'],
    ['10.0.1.7', undefined],
    ['192.168.1.77', '192.168.1.0/255.255.255.0'],
    ['localhost.localdomain', '^localhost.localdomain$'],
    // Not an address but a text to be found: a known oddity that ossec.conf files may rely on.
    ['2001:db8::1', '::1'],
    ['2001:db8::5', '2001:db8::5'],
    ['2001:db9::5', undefined],
  ] as const) {
    assert.equal(binding.whiteListed(srcip), expected, srcip)
    const { blocks, refusal } = binding.bind(alert({}, { srcip }))
    assert.equal(blocks.length, expected === undefined ? 2 : 0, srcip)
    assert.equal(refusal?.guard, expected === undefined ? undefined : 'white list')
  }
  assert.equal(binding.bind(alert()).blocks.length, 2, 'an alert without srcip acts')
})

test('what could trick a script stops all blocks of an alert', () => {
  const binding = createBinding({ blocks: [block({ level: 1 })], white_list: [] })
  for (const [data, guard] of [
    [{ dstuser: 'root' }, undefined],
    [{ dstuser: 'HOST$' }, 'user name'],
    [{ dstuser: 'DOM\\user' }, 'user name'],
    [{ dstuser: 'a b' }, 'user name'],
    [{ dstuser: 'root\n' }, 'user name'],
    [{ srcip: '1.2.3.4; rm -rf /' }, 'source address'],
    [{ srcip: '$(id)' }, 'source address'],
    [{ srcip: 'fe80::1%eth0' }, 'source address'],
    [{ srcip: 'mail.example.com' }, undefined],
  ] as const)
    assert.equal(binding.bind(alert({}, data)).refusal?.guard, guard, JSON.stringify(data))
})

test('a pattern that is none never matches, and is told', () => {
  const binding = createBinding({ blocks: [block({ rules_group: '(a' })], white_list: [] })
  assert.equal(binding.bind(alert()).blocks.length, 0)
  assert.match(binding.problems[0]!.message, /rules_group "\(a" is no pattern/)
})

test('routes as analysisd does: the first place that fits', () => {
  const none = { server: false, local: false, defined: false, all: false }
  const from = (id: string): Alert => ({ ...alert(), agent: { id } })
  for (const [location, agent, expected] of [
    [{ ...none, local: true }, '000', 'here'],
    [{ ...none, local: true }, '007', 'agent'],
    [{ ...none, server: true }, '007', 'here'],
    [{ ...none, server: true, all: true }, '007', 'here'],
    [{ ...none, all: true, local: true }, '000', 'here'],
    [{ ...none, all: true, local: true }, '007', 'every agent'],
    [{ ...none, defined: true, local: true }, '007', 'agent'],
  ] as const)
    assert.equal(routeOf(block({ location, agent_id: '003' }), from(agent)).kind, expected)
  assert.deepEqual(routeOf(block({ location: { ...none, defined: true }, agent_id: '003' }), alert()), {
    kind: 'agent',
    id: '003',
  })
  assert.equal(routeOf(block(), alert()).kind, 'here', 'an alert without agent is ours')
})
