import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fromBytes, toBytes } from '../alert.ts'
import { type LoadResult, loadRuleset } from './index.ts'
import { Logtest, LogtestLines } from './logtest.ts'
import { logtestText } from './logtest-text.ts'
import { extraSources, goldenLines, skip } from './testing/stock.ts'

const small = loadRuleset({
  decoders: [
    {
      path: 'etc/decoders/a.xml',
      text:
        '<decoder name="login"><program_name>^door$</program_name></decoder>' +
        '<decoder name="login-user"><parent>login</parent><prematch>^in </prematch>' +
        '<regex offset="after_prematch">user=(\\w+) tags=(\\.+)</regex><order>user, tags.all</order></decoder>' +
        '<decoder name="other"><prematch>^other</prematch></decoder>',
    },
  ],
  rules: [
    {
      path: 'etc/rules/a.xml',
      text:
        '<group name="syslog,"><rule id="1" level="0" noalert="1"><category>syslog</category><description>all</description></rule></group>' +
        '<group name="doors,"><rule id="100001" level="5"><decoded_as>login</decoded_as><description>$(dstuser) came in</description></rule>' +
        '<rule id="100002" level="7"><if_sid>100001</if_sid><field name="tags.all">red</field><description>red</description></rule></group>',
    },
  ],
  lists: [],
})

let tokens = 0
const newLogtest = (load: () => LoadResult = () => small, now = () => Date.UTC(2024, 0, 15, 10, 30, 45)) =>
  new Logtest({ load, hostname: 'vm', now, newToken: () => (++tokens).toString(16).padStart(8, '0') })

const request = (parameters: unknown, command = 'log_processing') => JSON.stringify({ version: 1, command, parameters })

test('continues a session and forgets it when it is closed', () => {
  const logtest = newLogtest()
  const event = { event: 'Dec 10 01:02:02 host door: in user=ann tags=["a", "b"]', location: 'stdin' }
  const first = logtest.run(event)
  assert.equal(first.codemsg, 0)
  assert.match(first.messages.join(), /^INFO: \(7202\): Session initialized with token '[0-9a-f]{8}'$/)
  const second = logtest.run({ ...event, token: first.token! })
  assert.deepEqual(second.messages, [])
  assert.equal(JSON.parse(second.output!).rule.firedtimes, 2)
  assert.deepEqual(logtest.close(first.token!).messages, [
    `INFO: (7206): The session '${first.token}' was closed successfully`,
  ])
  const third = logtest.run({ ...event, token: first.token! })
  assert.equal(third.messages[0], `WARNING: (7003): '${first.token}' token expires`)
  assert.equal(JSON.parse(third.output!).rule.firedtimes, 1)
})

test('closes the session that was unused for longest when there are too many', () => {
  let now = 0
  const logtest = new Logtest({
    load: () => small,
    hostname: 'vm',
    now: () => now,
    newToken: () => `0000000${now}`,
    max_sessions: 2,
  })
  const event = { event: 'x', location: 'stdin' }
  const open = (at: number) => {
    now = at
    return logtest.run(event).token!
  }
  const [a, b] = [open(1), open(2)]
  now = 3
  logtest.run({ ...event, token: a })
  open(4)
  assert.equal(logtest.close(b).codemsg, -1)
  assert.equal(logtest.close(a).codemsg, 0)
})

test('refuses an event whose location begins like an agent and is none', () => {
  const { codemsg, messages, output, alert } = newLogtest().run({ event: 'x', location: '[001 no end' })
  assert.equal(codemsg, -1)
  assert.deepEqual(messages.slice(1), [
    'ERROR: (1106): String not correctly formatted.',
    'ERROR: (7312): Failed to process the event',
  ])
  assert.deepEqual([output, alert], [undefined, undefined])
})

test('says that a session cannot be opened with rules that do not load', () => {
  const broken = loadRuleset({ decoders: [], rules: [{ path: 'etc/rules/a.xml', text: '<rule/>' }], lists: [] })
  const { codemsg, messages } = newLogtest(() => broken).run({ event: 'x', location: 'stdin' })
  assert.equal(codemsg, -1)
  assert.equal(messages.at(-1), 'ERROR: (7311): Failure to initializing session')
})

test('answers lines of JSON in order, each session with its own state', () => {
  const lines = new LogtestLines(newLogtest())
  const answer = (value: unknown) => JSON.parse(fromBytes(lines.answer(toBytes(JSON.stringify(value)))))
  const event = 'Dec 10 01:02:02 host door: in user=zoë tags=red'
  const first = answer({ event, session: 'one', at: '2024-05-06T07:08:09.852Z' })
  assert.equal(first.session, 'one')
  assert.equal(first.alert, true)
  assert.equal(first.output.timestamp, '2024-05-06T07:08:09.852+0000')
  assert.equal(first.output.full_log, event)
  assert.equal(answer({ event, session: 'two' }).output.rule.firedtimes, 1)
  assert.equal(answer({ event_b64: Buffer.from(event).toString('base64'), session: 'one' }).output.rule.firedtimes, 2)
  assert.match(answer({ location: 'x' }).error, /"event" must be/)
  assert.match(answer({ event, at: 'noon' }).error, /"at" must be an ISO time/)
  assert.match(JSON.parse(lines.answer('[]')).error, /not a JSON object/)
})

test('prints the three phases as wazuh-logtest does', () => {
  const result = newLogtest().run({
    event: "Dec 10 01:02:02 host door: in user=ann tags=it's red",
    location: 'stdin',
    rules_debug: true,
    explain: true,
  })
  assert.deepEqual(logtestText(result), [
    '**Phase 1: Completed pre-decoding.',
    "\tfull event: 'Dec 10 01:02:02 host door: in user=ann tags=it's red'",
    "\ttimestamp: 'Dec 10 01:02:02'",
    "\thostname: 'host'",
    "\tprogram_name: 'door'",
    '',
    '**Phase 2: Completed decoding.',
    "\tname: 'login'",
    "\tparent: 'login'",
    "\tdstuser: 'ann'",
    "\ttags.all: 'it's red'",
    '',
    '**Rule debugging:',
    '\tTrying rule: 1 - all',
    '\t\t*Rule 1 matched',
    '\t\t*Trying child rules',
    '\tTrying rule: 100001 - $(dstuser) came in',
    '\t\t*Rule 100001 matched',
    '\t\t*Trying child rules',
    '\tTrying rule: 100002 - red',
    '\t\t*Rule 100002 matched',
    '',
    '**Phase 3: Completed filtering (rules).',
    "\tid: '100002'",
    "\tlevel: '7'",
    "\tdescription: 'red'",
    "\tgroups: '['doors']'",
    "\tfiredtimes: '1'",
    "\tmail: 'False'",
    '**Alert to be generated.',
  ])
})

test('says why a rule that was tried did not match', () => {
  const event = 'Dec 10 01:02:02 host door: in user=ann tags=["a", {"b": null}]'
  const lines = logtestText(newLogtest().run({ event, location: 'stdin', rules_debug: true, explain: true }))
  assert.ok(lines.includes('\t\tno: field "tags.all" is "["a", {"b": null}]", wanted "red"'), lines.join('\n'))
  assert.ok(lines.includes("\ttags.all: '['a', {'b': None}]'"), lines.join('\n'))
})

test('refuses requests in the words of the original', () => {
  const logtest = newLogtest()
  const refusal = (text: string) => JSON.parse(logtest.request(text)).message
  assert.equal(refusal('{"a":1}'), "(7313): 'parameters' JSON field not found")
  assert.equal(refusal(request({ location: 'l', log_format: 'f' })), "(7313): 'event' JSON field not found")
  assert.equal(refusal(request({}, 'other')), '(7306): Unable to process command')
  assert.equal(refusal(request({ token: 'x' }, 'remove_session')), "(7309): 'x' is not a valid token")
})

describe('the socket', { skip }, () => {
  test('answers every recorded request as the real one', () => {
    const loaded = loadRuleset(extraSources())
    const logtest = newLogtest(() => loaded)
    let cases = 0
    for (const line of goldenLines('extra.jsonl.gz')) {
      const { request: sent, output, error, ...expected } = JSON.parse(fromBytes(line))
      if (sent?.raw === undefined) continue
      const { data, ...got } = JSON.parse(fromBytes(logtest.request(toBytes(sent.raw))))
      const hidden = (text: string) => text.replace(/'[0-9a-f]{8}'/, "'<token>'").replace("'deadbeef'", "'<token>'")
      assert.equal(got.error, error, sent.raw)
      assert.equal(got.message, expected.message, sent.raw)
      assert.equal(data.codemsg, expected.codemsg, sent.raw)
      assert.equal(data.alert, expected.alert, sent.raw)
      assert.deepEqual(data.messages?.map(hidden), expected.messages, sent.raw)
      assert.deepEqual(data.output?.rule, output?.rule, sent.raw)
      cases++
    }
    assert.ok(cases > 15, String(cases))
  })
})
