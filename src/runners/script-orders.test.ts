import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Dialect, messageFor, parseAnswer, scriptCall } from '../wazuh/execd.ts'
import { checkKeys, parseDecision, parseOrder, parsePositional, secondsIn } from './script-orders.ts'

const alert = {
  timestamp: '',
  rule: { level: 5, id: '5763', description: 'brute force' },
  id: '1.1',
  full_log: 'größe',
  location: '/var/log/auth.log',
  syscheck: { path: '/etc/passwd' },
  data: { srcip: '10.0.0.1', dstuser: 'root' },
}
const call = (dialect: Dialect) =>
  scriptCall({ dialect, executable: 'x', name: 'x600', timeout: 600, extra_args: 'a=1 b', alert })

test('understands what execd says in each of the three contracts', () => {
  for (const dialect of ['wazuh4', 'wazuh5'] as const) {
    const order = parseOrder(messageFor(call(dialect), 'add').trimEnd())
    assert.ok('alert' in order)
    assert.deepEqual([order.dialect, order.word, order.extra_args], [dialect, 'add', ['a=1', 'b']])
    assert.deepEqual(order.alert.data, alert.data)
    assert.deepEqual([order.alert.rule.id, order.alert.full_log], ['5763', 'größe'])
    assert.equal(order.seconds, dialect === 'wazuh5' ? 600 : undefined)
    const undone = parseOrder(messageFor(call(dialect), 'delete').trimEnd())
    assert.equal('word' in undone && undone.word, 'delete')
    assert.equal(parseDecision(messageFor(call(dialect), 'continue')), 'continue')
    assert.equal(parseDecision(messageFor(call(dialect), 'abort')), 'abort')
  }
  const ossec = parsePositional(['add', ...call('ossec').args])
  assert.ok('alert' in ossec)
  assert.deepEqual([ossec.alert.data, ossec.alert.rule.id, ossec.extra_args], [alert.data, '5763', ['a=1', 'b']])
  assert.equal((parsePositional(['add', '-', '-', '1.1', '5763', '-', '-']) as typeof ossec).alert.data, undefined)
})

test('its question is one that execd understands', () => {
  assert.deepEqual(parseAnswer(checkKeys('x', ['10.0.0.1'])), { kind: 'keys', keys: ['10.0.0.1'] })
  for (const line of [undefined, '', 'continue', '{"command":"add"}', 'null'])
    assert.equal(parseDecision(line), undefined)
})

test('an order that is none is said to be none', () => {
  for (const line of [
    '',
    'x',
    '[]',
    '{"command":"add","parameters":{}}',
    '{"command":"constructor","parameters":{"alert":{}}}',
  ])
    assert.ok('problem' in parseOrder(line), line)
  assert.ok('problem' in parsePositional(['status']))
})

test('finds the time of a script only where there is one', () => {
  const conf =
    'restart-wazuh0 - restart-wazuh - 0\na600 - x - 600\nb600 - x - 600\nc0 - y - 0\nd1 - z - 1\ne2 - z - 2\n'
  assert.deepEqual(
    ['x', 'y', 'z', 'none'].map((name) => secondsIn(conf, name)),
    [600, 0, undefined, undefined],
  )
})
