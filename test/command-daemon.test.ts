// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in texts are what is tested
/** Commands that speak with a running daemon. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Block, DeliverySummary } from '../src/api/parts.ts'
import { eventually, makeHome, readAlerts, readLines, runOutrider, startOutrider, waitFor } from './support/outrider.ts'
import { recordScript } from './support/parts.ts'
import { run } from './support/run.ts'
import { startTarget } from './support/target.ts'

const limits = { timeout: 180_000 }

const rules = `<group name="local,">
  <rule id="100001" level="5"><match>outrider-test</match><description>test alert</description></rule>
  <rule id="100002" level="10"><match>outrider-loud</match><description>loud alert</description><mitre><id>T1110</id></mitre></rule>
</group>
`
const localfile = '<localfile><log_format>syslog</log_format><location>in.log</location></localfile>\n'

test('blocks are listed, added, extended and removed by hand', limits, async (t) => {
  const home = makeHome(t, {
    'etc/ossec.conf': `<ossec_config>
  <command><name>record</name><executable>record</executable><timeout_allowed>yes</timeout_allowed></command>
  <active-response><command>record</command><location>local</location><rules_id>999999</rules_id><timeout>600</timeout></active-response>
</ossec_config>
`,
    'active-response/bin/record': { text: recordScript(), mode: 0o750 },
    'outrider.yaml': 'listen: { port: 0 }\nresponses: { enabled: true, never: [203.0.113.128/25] }\n',
  })
  const outrider = await startOutrider(t, home)
  const run = (...args: string[]) => runOutrider(home, ['blocks', ...args])
  const list = async () => JSON.parse((await run('list', '--json')).stdout) as Block[]
  const record = () =>
    existsSync(join(home, 'record.txt')) ? readFileSync(join(home, 'record.txt'), 'utf8').trim().split('\n') : []

  assert.deepEqual(await run('list'), { code: 0, stdout: 'nothing is blocked\n', stderr: '' })
  assert.deepEqual(await list(), [])
  const added = await run('add', 'record', '203.0.113.9', '--seconds', '600', '--reason', 'seen at night')
  assert.equal(added.code, 0, added.stderr)
  const id = /^record 203\.0\.113\.9: block (\S+)\n$/.exec(added.stdout)?.[1]
  assert.ok(id, added.stdout)
  await eventually(home, () => record().includes('add 203.0.113.9'))
  const block = await waitFor(async () => (await list()).find((one) => one.id === id && one.state === 'in force'))
  assert.equal(block.key, '203.0.113.9')
  // The time begins when it is in force, which a busy machine may see seconds after the wish.
  const seconds = (block.until! - block.since) / 1000
  assert.ok(seconds >= 600 && seconds < 620, String(seconds))
  assert.match(block.by, /^cli:/)
  const text = await run('list')
  assert.match(text.stdout, /^ID +RESPONSE +KEY +STATE +SINCE +ENDS +WHY\n/)
  assert.match(text.stdout, /record +203\.0\.113\.9 +in force .* in 10 min +.*seen at night/)

  const extended = await run('extend', id, '--seconds', '3600', '--reason', 'again')
  assert.match(extended.stdout, new RegExp(`^block ${id} now ends in 70 min\n$`))
  assert.equal(Math.round(((await list())[0]!.until! - block.until!) / 1000), 3600)

  const removed = await run('remove', id, '--reason', 'was a test')
  assert.deepEqual([removed.code, removed.stdout], [0, `block ${id} is being undone\n`])
  await eventually(home, () => record().includes('delete 203.0.113.9'))
  await waitFor(async () => (await list()).length === 0)
  assert.deepEqual(record(), ['add 203.0.113.9', 'delete 203.0.113.9'])

  const history = await run('history')
  assert.match(history.stdout, /^ID +RESPONSE +KEY +STATE +SINCE +ENDED +WHY\n/)
  assert.match(history.stdout, new RegExp(`${id} +record +203\\.0\\.113\\.9 +ended .*was a test`))
  const audit = JSON.parse((await run('audit', '--json')).stdout) as { what: string; reason: string }[]
  assert.deepEqual(
    audit.map(({ what, reason }) => `${what}: ${reason}`),
    ['removed: was a test', 'extended: again', 'added record: seen at night'],
  )

  // What is allowed ends what is in force on it, and cannot be blocked while it is.
  assert.equal((await run('add', 'record', '198.51.100.7', '--seconds', '600', '--reason', 'x')).code, 0)
  await eventually(home, () => record().includes('add 198.51.100.7'))
  const allow = await run('allow', '198.51.100.0/24', '--for', '2h', '--reason', 'partner')
  assert.match(allow.stdout, /^198\.51\.100\.0\/24 is allowed until \S+; blocks being undone: 1\n$/)
  await eventually(home, () => record().includes('delete 198.51.100.7'))
  assert.match((await run('allowed')).stdout, /198\.51\.100\.0\/24 .* in 2 h +cli:\S+ +partner\n$/)
  const kept = await run('add', 'record', '198.51.100.7', '--seconds', '600', '--reason', 'x')
  assert.equal(kept.code, 1, kept.stdout)
  assert.equal((await run('disallow', '198.51.100.0/24', '--reason', 'over')).code, 0)
  assert.equal((await run('allowed')).stdout, 'nothing was allowed by hand\n')

  const records = record()
  // Refused: exit code 1. Wrong: exit code 2.
  for (const [args, code, message] of [
    [['approve', id, '--reason', 'x'], 1, /waits for no approval/],
    [['refuse', 'no-such', '--reason', 'x'], 2, /no-such/],
    [['allow', '198.51.100.7', '--until', '2020-01-01', '--reason', 'x'], 2, /is over/],
    [['disallow', '198.51.100.7', '--reason', 'x'], 2, /not on the list/],
    [
      ['add', 'record', '203.0.113.200', '--seconds', '9', '--reason', 'x'],
      1,
      /refused \(never\): 203\.0\.113\.128\/25/,
    ],
    [['add', 'record', '127.0.0.1', '--seconds', '9', '--reason', 'x'], 1, /refused \(loopback\)/],
    [['add', 'recrd', '203.0.113.9', '--seconds', '9', '--reason', 'x'], 2, /recrd/],
    [['add', 'record', '203.0.113.9', '--seconds', 'nine', '--reason', 'x'], 2, /whole number/],
    [['add', 'record', '203.0.113.9', '--seconds', '9'], 2, /--reason/],
    [['remove', id, '--reason', 'x'], undefined, new RegExp(id)],
    [['extend', 'no-such', '--seconds', '9', '--reason', 'x'], 2, /no-such/],
  ] as const) {
    const ended = await run(...args)
    if (code === undefined) assert.ok([1, 2].includes(ended.code!))
    else assert.equal(ended.code, code, `${args.join(' ')}: ${ended.stdout}${ended.stderr}`)
    assert.match(ended.stderr, message)
    assert.doesNotMatch(ended.stderr, /\n {4}at /)
  }
  assert.deepEqual(record(), records)
  assert.equal(await outrider.stop(), 0)
})

test('a firewall fetches what the blocklist response has in force', limits, async (t) => {
  const token = 'edge-firewall-2f8a61c0'
  const home = makeHome(t, {
    'outrider.yaml': `listen: { port: 0 }\nresponses: { enabled: true, options: { blocklist: { token: ${token} } } }\n`,
  })
  const outrider = await startOutrider(t, home)
  const get = (headers: Record<string, string>) => fetch(`${outrider.url}/blocklist/blocklist`, { headers })
  const authorization = `Bearer ${token}`
  assert.equal((await get({})).status, 401)
  assert.equal(await (await get({ authorization })).text(), '')
  const added = await runOutrider(home, 'blocks add blocklist 203.0.113.9 --seconds 600 --reason x'.split(' '))
  assert.equal(added.code, 0, added.stderr)
  const etag = await waitFor(async () => {
    const answer = await get({ authorization })
    return (await answer.text()) === '203.0.113.9\n' ? (answer.headers.get('etag') ?? undefined) : undefined
  })
  assert.equal((await get({ authorization, 'if-none-match': etag })).status, 304)
  assert.equal(await outrider.stop(), 0)
})

test('deliveries are listed, shown, tried again and given up', limits, async (t) => {
  let mode: 'fine' | 'down' | 'wrong' = 'wrong'
  const target = await startTarget(t, () => ({
    status: { fine: 200, down: 503, wrong: 400 }[mode],
    body: `the mode is ${mode}`,
  }))
  const home = makeHome(t, {
    'etc/ossec.conf': `<ossec_config>${localfile}</ossec_config>`,
    'etc/rules/local_rules.xml': rules,
    'in.log': '',
    'outrider.yaml': `listen: { port: 0 }\ndestinations:\n  soc: { type: webhook, hook_url: ${target.url}/soc, group: local }\n`,
  })
  const outrider = await startOutrider(t, home)
  const run = (...args: string[]) => runOutrider(home, ['deliveries', ...args])
  const list = async (...args: string[]) =>
    JSON.parse((await run('list', '--json', ...args)).stdout) as DeliverySummary[]
  const until = (fits: (found: DeliverySummary[]) => boolean) =>
    waitFor(async () => {
      const found = await list()
      return fits(found) && found
    })
  assert.deepEqual(await run('list'), { code: 0, stdout: 'nothing waits and nothing was rejected\n', stderr: '' })

  appendFileSync(join(home, 'in.log'), 'outrider-test number=1\noutrider-loud number=2\noutrider-test number=3\n')
  const rejected = await until((found) => found.filter(({ state }) => state === 'rejected').length === 3)
  const loud = rejected.find(({ alert }) => alert.rule === '100002')!
  assert.deepEqual(
    [loud.destination, loud.alert.level, loud.alert.description, loud.attempts],
    ['soc', 10, 'loud alert', 1],
  )
  assert.match(loud.reason, /HTTP 400/)
  mode = 'down'
  appendFileSync(join(home, 'in.log'), 'outrider-test number=4\n')
  await until((found) => found.some(({ state }) => state === 'waiting'))
  assert.equal((await list('--state', 'rejected')).length, 3)
  assert.equal((await list('--state', 'waiting', '--destination', 'soc')).length, 1)
  assert.deepEqual(await list('--destination', 'nobody'), [])
  assert.equal((await list('--limit', '2')).length, 2)
  const table = await run('list')
  assert.match(table.stdout, /^ID +DESTINATION +STATE +ALERT +SINCE +TRIES +NEXT +REASON\n/)
  assert.match(table.stdout, /soc +rejected +rule 100002 \(10\) .*HTTP 400/)

  const shown = await run('show', loud.id)
  assert.equal(shown.code, 0)
  assert.match(shown.stdout, /^soc: rejected after 1 try\nreason +.*HTTP 400/)
  assert.match(shown.stdout, /\nrequest\nPOST [\s\S]*number=2[\s\S]*\nanswer\n[\s\S]*the mode is wrong/)
  assert.equal(JSON.parse((await run('show', loud.id, '--json')).stdout).id, loud.id)

  mode = 'fine'
  const retried = await run('retry', loud.id)
  assert.deepEqual([retried.code, retried.stdout], [0, `delivery ${loud.id} is tried again now\n`])
  await waitFor(async () => target.taken.some(({ body }) => body.includes('number=2')))
  await until((found) => !found.some(({ id }) => id === loud.id))

  const [other] = await list('--state', 'rejected')
  const dropped = await run('drop', other!.id, '--reason', 'not needed')
  assert.deepEqual([dropped.code, dropped.stdout], [0, `delivery ${other!.id} is given up\n`])
  const all = await run('retry', '--destination', 'soc')
  assert.match(all.stdout, /^soc: [12] deliver(y is|ies are) tried again now\n$/)
  await until((found) => found.length === 0)
  const numbers = target.taken.map(({ body }) => Number(/number=(\d)/.exec(JSON.parse(body).full_log)?.[1])).sort()
  const gone = Number(
    /number=(\d)/.exec(JSON.stringify(readAlerts(home).find(({ id }) => id === other!.alert.id)))?.[1],
  )
  assert.deepEqual(
    numbers,
    [1, 2, 3, 4].filter((n) => n !== gone),
  )

  for (const [args, code, message] of [
    [['show', '12345'], 2, /no delivery "12345" waits or was rejected/],
    [['retry', other!.id], 2, new RegExp(`no delivery "${other!.id}"`)],
    [['retry', '--destination', 'nobody'], 1, /destination "nobody" is not running/],
    [['retry'], 2, /name one delivery, or a destination/],
    [['drop', '12345'], 2, /--reason/],
    [['list', '--state', 'lost'], 2, /one of waiting, rejected/],
  ] as const) {
    const ended = await run(...args)
    assert.equal(ended.code, code, args.join(' '))
    assert.match(ended.stderr, message)
  }
  assert.equal(await outrider.stop(), 0)
})

test('send signs a webhook as its sender would, and prints it as a curl command', limits, async (t) => {
  const home = makeHome(t, {
    'etc/hook.secret': { text: 'secret of\tthe "test"\n', mode: 0o600 },
    'event.json': JSON.stringify({
      action: 'created',
      alert: { number: 7, dependency: { package: { name: "o'reilly" } } },
      repository: { full_name: 'o/r' },
    }),
    'outrider.yaml':
      'listen: { port: 0 }\nreceivers:\n  github: { type: github, secret: "${file:etc/hook.secret}", path: /in }\n',
  })
  const outrider = await startOutrider(t, home)
  const events = () => readLines(home, 'queue/events/webhook-github.json').map((line) => JSON.parse(line))
  const sent = await runOutrider(home, ['send', 'github'])
  assert.deepEqual(sent, { code: 0, stdout: 'github took it: HTTP 200 accepted 1 event\n', stderr: '' })
  await eventually(home, () => readAlerts(home).some(({ rule }) => rule.id === '110303'))

  const own = await runOutrider(home, ['send', 'github', '--event', join(home, 'event.json')])
  assert.equal(own.code, 0, own.stderr)
  const piped = await runOutrider(home, ['send', 'github', '--event', '-'], {
    input: '{"alert":{"dependency":{"package":{"name":"piped"}}}}',
  })
  assert.equal(piped.code, 0, piped.stderr)
  assert.deepEqual(
    events().map((event) => event.package),
    [undefined, "o'reilly", 'piped'],
  )

  const printed = await runOutrider(home, ['send', 'github', '--print', '--event', join(home, 'event.json')])
  assert.match(printed.stdout, /^curl .*X-Hub-Signature-256|^curl .*x-hub-signature-256/)
  if (spawnSync('curl', ['--version']).status === 0) {
    // Not spawnSync: what takes it runs in another process, but the test must be able to time out.
    const { code, stdout } = await run('sh', ['-c', printed.stdout])
    assert.deepEqual([code, stdout], [0, 'accepted 1 event\n'])
    assert.equal(events().length, 4)
  } else t.diagnostic('no curl here: what --print prints was not run')

  for (const [args, input] of [
    [['send', 'gitlab'], ''],
    [['send', 'github', '--event', join(home, 'missing.json')], ''],
    [['send', 'github', '--event', '-'], '[1]'],
  ] as const) {
    const ended = await runOutrider(home, [...args], { input })
    assert.equal(ended.code, 2)
    assert.match(ended.stderr, /^outrider: .+\n {2}hint: .+\n$/)
  }
  writeFileSync(join(home, 'etc/hook.secret'), 'another')
  const refused = await runOutrider(home, ['send', 'github'])
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /answered 401: X-Hub-Signature-256 does not fit/)
  assert.equal(await outrider.stop(), 0)
})
