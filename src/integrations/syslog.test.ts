import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SocketText } from '../define.ts'
import syslog from './syslog.ts'
import { alert, outgoing } from './testing.ts'

const send = (given = alert(), options: Record<string, unknown> = {}) =>
  outgoing(syslog, given, { transport: 'udp', ...options }) as SocketText

test('a header of RFC 5424, the alert as JSON', () => {
  const { host, port, transport, text } = send(alert(), { format: 'json', port: 514 })
  assert.deepEqual([host, port, transport], ['siem.example', 514, 'udp'])
  // local0.notice
  assert.equal(text, `<133>1 2024-01-15T10:30:45.123Z web-01 wazuh - 5760 - ${JSON.stringify(alert())}`)
})

test('severity follows the level, the facility the option', () => {
  const priority = (level: number, facility: number) =>
    /^<(\d+)>/.exec(send(alert({ rule: { level } }), { facility }).text)![1]
  assert.deepEqual([priority(3, 16), priority(8, 16), priority(15, 1)], ['134', '132', '10'])
})

test('over TCP and TLS the length stands before the message, in bytes', () => {
  const { text, tls } = send(alert({ full_log: 'größe' }), { transport: 'tls', ca_file: '/ca.pem' })
  const [, length, message] = /^(\d+) ([\s\S]*)$/.exec(text)!
  assert.equal(Number(length), Buffer.byteLength(message!))
  assert.deepEqual(tls, { ca_file: '/ca.pem', ssl_verify: true })
})

test('CEF, with its two kinds of escapes', () => {
  const given = alert({
    full_log: 'a=b\\c|d\ne',
    rule: { description: 'x|y\\z=1' },
    data: { srcip: '1.2.3.4', dstuser: 'root' },
  })
  const cef = send(given).text.split(' - 5760 - ')[1]!
  assert.equal(
    cef,
    'CEF:0|Wazuh|Outrider|1|5760|x\\|y\\\\z=1|3|rt=1705314645123 src=1.2.3.4 duser=root dvchost=web-01 cs1=/var/log/auth.log ' +
      'externalId=1705314645.98 cat=syslog,sshd msg=a\\=b\\\\c|d\\ne',
  )
})

test('LEEF, whose fields end with tabs', () => {
  const leef = send(alert({ full_log: 'a\tb\nc' }), { format: 'leef' }).text.split(' - 5760 - ')[1]!
  assert.match(leef, /^LEEF:1\.0\|Wazuh\|Outrider\|1\|5760\|devTime=1705314645123\tsrc=203\.0\.113\.9\tusrName=root\t/)
  assert.match(leef, /\tmsg=a b c$/)
})

test('a hostile name cannot make a header field of its own, and a message has a limit', () => {
  const { text } = send(alert({ agent: { id: '1', name: 'a b\nc <13>é' } }), { format: 'json' })
  assert.match(text, /^<133>1 \S+ a_b_c_<13>_ wazuh - 5760 - \{/)
  assert.ok(Buffer.byteLength(send(alert({ full_log: 'é'.repeat(99_999) })).text) <= 8192)
})

test('what is cut is still what it was: JSON, escapes in pairs, every field with its name', () => {
  const given = (text: string) => alert({ full_log: text, location: text, rule: { description: text, id: text } })
  const json = send(given('"'.repeat(20_000)), { format: 'json' }).text
  assert.equal(JSON.parse(json.slice(json.indexOf('{'))).decoder.name, 'sshd')
  for (const shift of ['', 'x', 'xx']) {
    const cef = send(given(`${shift}${'\\'.repeat(20_000)}`)).text
    assert.ok(Buffer.byteLength(cef) <= 8192 && Buffer.byteLength(cef) > 8000)
    assert.match(cef, / msg=x*(\\\\)+…$/)
  }
  assert.match(send(given('a'.repeat(20_000)), { format: 'leef' }).text, /\tmsg=a+…$/)
})

test('control characters of a log end no field and no message', () => {
  assert.match(send(alert({ full_log: 'a\u001b[31m\rb\u0000' })).text, / msg=a \[31m\\nb$/)
})
