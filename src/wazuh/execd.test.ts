import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Alert } from '../alert.ts'
import { argvFor, messageFor, parseAnswer, responseKey, type ScriptCall, scriptCall, splitExtraArgs } from './execd.ts'

const alert: Alert = {
  timestamp: '2026-11-20T21:47:18.445+0000',
  rule: { level: 5, description: 'sshd: authentication failed.', id: '5760' },
  agent: { id: '000', name: 'vm' },
  id: '1795211238.0',
  full_log: 'x "q" é /',
  data: { srcip: '10.0.0.50', srcport: '22', dstuser: 'root' },
  location: '/var/log/auth.log',
}

function call(change: Partial<Parameters<typeof scriptCall>[0]> = {}): ScriptCall {
  return scriptCall({ dialect: 'wazuh4', executable: 'rec', name: 'rec5', timeout: 5, alert, ...change })
}

test('says the same bytes as a recorded execd of 4.14.7', () => {
  const json = '{"rule":{"id":"5760","level":5},"data":{"srcip":"10.0.0.50"},"full_log":"x \\"q\\" \xc3\xa9 /"}'
  const { before, after, ...rest } = call({ alert_json: json })
  assert.deepEqual(rest, { dialect: 'wazuh4', program: 'active-response/bin/rec', args: [] })
  assert.equal(
    messageFor({ before, after, ...rest }, 'add'),
    `{"version":1,"origin":{"name":"undefined","module":"wazuh-execd"},"command":"add","parameters":{"extra_args":[],"alert":${json},"program":"active-response/bin/rec"}}\n`,
  )
})

test('changes nothing but the command from one word to the next', () => {
  const said = (['add', 'continue', 'abort', 'delete'] as const).map((word) => messageFor(call(), word))
  assert.equal(new Set(said.map((line) => line.replace(/"command":"(add|continue|abort|delete)"/, ''))).size, 1)
  assert.match(said[3]!, /"command":"delete"/)
})

test('keeps every byte of the alert, also those that are no UTF-8 and keys that come twice', () => {
  const json = '{"data":{"srcip":"1.2.3.4","srcip":"1.2.3.5"},"full_log":"\xff\xfe"}'
  assert.ok(messageFor(call({ alert_json: json }), 'add').includes(`"alert":${json},"program"`))
})

test('an alert that only looks like a command cannot become one', () => {
  const hostile = { ...alert, full_log: '","command":"delete","x":"' }
  const line = messageFor(call({ alert: hostile, node_name: '","command":"delete' }), 'add')
  assert.equal(JSON.parse(line).command, 'add')
})

test('names the node, and splits extra_args at blanks', () => {
  const line = messageFor(call({ node_name: 'nöde', extra_args: 'one two  "three four"' }), 'add')
  const message = JSON.parse(Buffer.from(line, 'latin1').toString())
  assert.equal(message.origin.name, 'nöde')
  assert.deepEqual(message.parameters.extra_args, ['one', 'two', '"three', 'four"'])
  assert.deepEqual(splitExtraArgs('a'.repeat(3000)), ['a'.repeat(2047)])
  assert.deepEqual(splitExtraArgs(), [])
})

test('reads keys only from a message that execd would take', () => {
  const message = (change: object) =>
    JSON.stringify({
      version: 1,
      origin: { name: 'x', module: 'active-response' },
      command: 'check_keys',
      parameters: { keys: ['10.0.0.1', 7, 'root'] },
      ...change,
    })
  assert.deepEqual(parseAnswer(message({})), { kind: 'keys', keys: ['10.0.0.1', 'root'] })
  assert.deepEqual(parseAnswer(message({ parameters: {} })), { kind: 'keys', keys: [] })
  for (const change of [{ version: '1' }, { origin: 'x' }, { command: 'add' }, { parameters: [] }])
    assert.equal(parseAnswer(message(change)).kind, 'other')
  for (const line of ['garbage', '', '[]', 'null', '{"command":"check_keys"}'])
    assert.deepEqual(parseAnswer(line), { kind: 'other', line })
})

test('builds the key from the file name and the keys, as long as execd lets it be', () => {
  assert.equal(responseKey('active-response/bin/firewall-drop', ['10.0.0.1']), 'firewall-drop-10.0.0.1')
  assert.equal(responseKey('active-response/bin/x', []), 'x')
  assert.equal(responseKey('x', ['y'.repeat(5000)]).length, 4095)
})

test('OSSEC: arguments by place, a dash for what is not there, nothing on stdin', () => {
  const ossec = call({ dialect: 'ossec', executable: 'host-deny.sh', extra_args: 'a b' })
  assert.deepEqual(argvFor(ossec, 'add'), [
    'active-response/bin/host-deny.sh',
    'add',
    'root',
    '10.0.0.50',
    '1795211238.0',
    '5760',
    '/var/log/auth.log',
    '-',
    'a',
    'b',
  ])
  assert.equal(argvFor(ossec, 'delete')[1], 'delete')
  assert.equal(messageFor(ossec, 'add'), '')
  assert.deepEqual(call({ dialect: 'ossec', expect: 'srcip' }).args.slice(0, 2), ['-', '10.0.0.50'])
  assert.deepEqual(call({ dialect: 'ossec', expect: 'username' }).args.slice(0, 2), ['root', '-'])
  const long = call({ dialect: 'ossec', extra_args: 'x '.repeat(100) })
  assert.equal(argvFor(long, 'add').length, 32)
})

test('Wazuh 5: enable and disable, fields of the common schema, the command last', () => {
  const five = call({ dialect: 'wazuh5', executable: 'block-ip', name: 'block', timeout: 600 })
  assert.deepEqual(JSON.parse(Buffer.from(messageFor(five, 'add'), 'latin1').toString()), {
    wazuh: {
      active_response: {
        name: 'block',
        executable: 'block-ip',
        location: 'local',
        agent_id: '000',
        type: 'stateful',
        stateful_timeout: 600,
      },
      agent: { id: '000', name: 'vm' },
      rule: { id: '5760', level: 5, title: 'sshd: authentication failed.' },
    },
    source: { ip: '10.0.0.50', port: 22 },
    user: { name: 'root' },
    event: { original: 'x "q" é /' },
    command: 'enable',
  })
  assert.match(messageFor(five, 'delete'), /,"command":"disable"\}\n$/)
  assert.match(messageFor(five, 'continue'), /,"command":"continue"\}\n$/)
  const stateless = messageFor(call({ dialect: 'wazuh5', timeout: 0 }), 'add')
  assert.equal(JSON.parse(Buffer.from(stateless, 'latin1').toString()).wazuh.active_response.type, 'stateless')
})
