import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAlert } from './script-alert.ts'
import { parseArguments } from './script-arguments.ts'

const redirect = '> /dev/null 2>&1'
const some = { dialect: 'wazuh', alert_file: '/tmp/a.alert', debug: false, timeout: 10, retries: 3 } as const
const none = { api_key: undefined, hook_url: undefined, options_file: undefined }

test('takes the arguments of integratord, nine or eight of them', () => {
  assert.deepEqual(parseArguments(['/tmp/a.alert', '', '', '', '', '10', '3', redirect]), { ...some, ...none })
  assert.deepEqual(parseArguments(['/tmp/a.alert', 'key', 'http://h/x', 'debug', '/tmp/a.options', '5', '0']), {
    ...some,
    api_key: 'key',
    hook_url: 'http://h/x',
    debug: true,
    options_file: '/tmp/a.options',
    timeout: 5,
    retries: 0,
  })
})

test('puts a key together that integratord took apart at its spaces', () => {
  // As they were seen to arrive: nine pieces, the rest in the last one.
  const seen = [
    '/tmp/a.alert',
    'my',
    'key',
    '`x`',
    'http://h/a',
    'b;touch',
    '/tmp/pwn',
    '$(id)   10 3 > /dev/null 2>&1',
  ]
  const { api_key, hook_url, timeout } = parseArguments(seen)!
  assert.deepEqual([api_key, hook_url, timeout], ['my key `x`', 'http://h/a b;touch /tmp/pwn $(id)', 10])
  assert.equal(
    parseArguments(['/tmp/a.alert', 'my', 'key', '', '', '/tmp/a.options', '10', `3 ${redirect}`])!.api_key,
    'my key',
  )
})

test('takes the three arguments of OSSEC, and fewer', () => {
  const given = parseArguments(['/tmp/a.alert', 'my key', 'http://h/'])!
  assert.deepEqual([given.dialect, given.api_key, given.hook_url], ['ossec', 'my key', 'http://h/'])
  assert.equal(parseArguments(['/tmp/a.alert'])!.hook_url, undefined)
  for (const args of [[], ['', 'key', 'http://h/', '', '', '10', '3', redirect]])
    assert.equal(parseArguments(args), undefined)
})

test('an alert in the plain format gets the number of its file for an id', () => {
  const plain = "alertdate='x'\nruleid='5710'\nalertlevel='5'\nalertlog='a'\nsrcip=''"
  for (const random of ['-1677658861', '1677658861']) {
    const found = readAlert(plain, `/tmp/custom-x-1692926900-${random}.alert`)
    assert.ok('alert' in found)
    assert.equal(found.alert.id, '1692926900.1677658861')
    assert.equal(found.alert.data, undefined)
    assert.deepEqual(JSON.parse(found.line), JSON.parse(JSON.stringify(found.alert)))
  }
  assert.deepEqual(readAlert('{"id":"1"}', ''), { problem: 'it has no "rule"' })
})
