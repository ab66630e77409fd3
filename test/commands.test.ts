// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in texts are what is tested
/** The commands, against a running daemon where they need one. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { parse } from 'yaml'
import type { Block, DeliverySummary } from '../src/api/parts.ts'
import {
  eventually,
  main,
  makeHome,
  projectRoot,
  readAlerts,
  runOutrider,
  startOutrider,
  waitFor,
} from './support/outrider.ts'
import { startTarget } from './support/target.ts'

const limits = { timeout: 90_000 }
const guide = join(projectRoot, '..', 'shared', 'seeds', 'guide.en.txt')

const rules = `<group name="local,">
  <rule id="100001" level="5"><match>outrider-test</match><description>test alert</description></rule>
  <rule id="100002" level="10"><match>outrider-loud</match><description>loud alert</description><mitre><id>T1110</id></mitre></rule>
</group>
`
const localfile = '<localfile><log_format>syslog</log_format><location>in.log</location></localfile>\n'

// ---------------------------------------------------------------------------------------------------------------------- alerts

const alertOf = (n: number, timestamp: string) => ({
  timestamp,
  rule: {
    level: (n * 7) % 16,
    id: String(5700 + ((n * n) % 23)),
    description: 'x',
    ...(n % 3 === 0 && { mitre: { id: n % 2 === 0 ? ['T1110'] : ['T1110', `T10${n % 17}`] } }),
  },
  ...(n % 5 !== 0 && { agent: { id: '001', name: n % 11 === 0 ? 'wéb' : `web-${n % 13}` } }),
})

/** What the guide's analyze_alerts makes of a file. */
function analyze(t: TestContext, file: string): unknown {
  const text = readFileSync(guide, 'utf8')
  const start = text.indexOf('def analyze_alerts(')
  const source = text.slice(start, text.indexOf('\nif __name__', start))
  const script = `import json, sys\nfrom collections import Counter\nfrom typing import Iterator\n${source}
print(json.dumps(analyze_alerts(json.loads(line) for line in open(sys.argv[1], encoding="utf-8")), indent=2))`
  const { stdout, stderr, status } = spawnSync('python3', ['-c', script, file], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  t.diagnostic(`${stdout.length} characters from python3`)
  return { text: stdout, entries: entriesOf(stdout) }
}

/** In their order, which JSON.parse would lose for keys that look like numbers. */
const entriesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim().replace(/,$/, ''))
    .map((line) =>
      /^"(.*)": (\d+)$/.test(line) ? [JSON.parse(line.slice(0, line.lastIndexOf(':'))), line.split(': ').at(-1)] : line,
    )

const noPython = !existsSync(guide)
  ? 'needs ../shared'
  : spawnSync('python3', ['-c', '']).status !== 0
    ? 'needs python3'
    : undefined

test('alerts report counts as the analyze_alerts of the guide does', { ...limits, skip: noPython }, async (t) => {
  const days = [
    ['2026/Jan/ossec-alerts-30.json', '2026-01-30'],
    ['2026/Jan/ossec-alerts-31.json', '2026-01-31'],
    ['2026/Feb/ossec-alerts-01.json', '2026-02-01'],
  ] as const
  const home = makeHome(t)
  const all: string[] = []
  const perDay = days.map(([path, date], day) => {
    const lines = Array.from({ length: 700 }, (_, n) =>
      JSON.stringify(alertOf(day * 700 + n, `${date}T12:00:00.000+0000`)),
    )
    all.push(...lines)
    const file = join(home, 'logs/alerts', path)
    mkdirSync(join(file, '..'), { recursive: true })
    if (day === 0) writeFileSync(`${file}.gz`, gzipSync(`${lines.join('\n')}\n`))
    else writeFileSync(file, `${lines.join('\n')}\n`)
    return lines
  })
  writeFileSync(join(home, 'logs/alerts/alerts.json'), '')
  const write = (name: string, lines: string[]) => {
    writeFileSync(join(home, name), `${lines.join('\n')}\n`)
    return join(home, name)
  }
  const whole = write('whole.json', all)
  const report = async (...args: string[]) => {
    const { code, stdout, stderr } = await runOutrider(home, ['alerts', 'report', ...args])
    assert.deepEqual([code, stderr], [0, ''])
    return { text: stdout, entries: entriesOf(stdout) }
  }
  const { text, entries } = analyze(t, whole) as { text: string; entries: unknown }
  assert.ok(text.includes('"T1110"'))
  const ours = await report('--file', whole)
  assert.deepEqual(ours.entries, entries)
  // Python writes é as \u00e9; all else is the same, byte for byte.
  assert.equal(ours.text, text.replaceAll('\\u00e9', 'é'))
  assert.deepEqual((await report()).entries, entries, 'over the files of the days, compressed or not')

  const second = analyze(t, write('second.json', perDay[1]!)) as { entries: unknown }
  assert.deepEqual((await report('--since', '2026-01-31', '--until', '2026-02-01')).entries, second.entries)
  const broken = write('broken.json', ['no json', ...perDay[1]!, '{"rule":'])
  const { code, stdout, stderr } = await runOutrider(home, ['alerts', 'report', '--file', broken])
  assert.deepEqual([code, entriesOf(stdout)], [0, second.entries])
  assert.equal(stderr, '2 of 702 lines hold no alert and were skipped\n')
  const top = JSON.parse((await report('--top', '2', '--json')).text)
  assert.deepEqual(
    Object.values(top).map((part) => Object.keys(part as object).length),
    [2, 2, 2, 2],
  )
})

test('alerts tail shows the newest alerts, and goes on with those to come', limits, async (t) => {
  const home = makeHome(t, {
    'etc/ossec.conf': `<ossec_config>${localfile}</ossec_config>`,
    'etc/rules/local_rules.xml': rules,
    'in.log': '',
    'outrider.yaml': 'listen: { port: 0 }\n',
  })
  const missing = await runOutrider(home, ['alerts', 'tail', '--no-follow'])
  assert.deepEqual([missing.code, missing.stdout], [2, ''])
  assert.match(missing.stderr, /^outrider: ".*alerts\.json" does not exist\n {2}hint: /)

  const outrider = await startOutrider(t, home)
  const numbers = () => readAlerts(home).flatMap(({ full_log }) => /number=(\d+)/.exec(full_log ?? '')?.[1] ?? [])
  for (let n = 0; n < 20; n++)
    appendFileSync(join(home, 'in.log'), `outrider-${n % 5 === 0 ? 'loud' : 'test'} number=${n}\n`)
  await eventually(home, () => numbers().length === 20)

  const json = await runOutrider(home, ['alerts', 'tail', '--no-follow', '-n', '3', '--json'])
  assert.equal(json.code, 0)
  assert.deepEqual(
    json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).full_log),
    [17, 18, 19].map((n) => `outrider-test number=${n}`),
  )
  const loud = await runOutrider(home, ['alerts', 'tail', '--no-follow', '-n', '100', '--level', '10'])
  const shown = loud.stdout.trim().split('\n')
  assert.equal(shown.length, 4)
  for (const line of shown) assert.match(line, /^\d\d:\d\d:\d\d 10 100002 {2}\S+ {2}loud alert$/)

  const child = spawn(process.execPath, [main, '--home', home, 'alerts', 'tail', '-n', '1', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  t.after(() => child.kill('SIGKILL'))
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => void lines.push(JSON.parse(line).full_log))
  await waitFor(async () => lines.length === 1)
  appendFileSync(join(home, 'in.log'), 'outrider-test number=20\n')
  await waitFor(async () => lines.length === 2)
  assert.deepEqual(lines, ['outrider-test number=19', 'outrider-test number=20'])
  child.kill('SIGINT')
  assert.equal(await ended, 0)
  assert.equal(await outrider.stop(), 0)
})

// ---------------------------------------------------------------------------------------------------------------------- blocks

const recordScript = `#!/bin/sh
read -r line
command=$(printf '%s' "$line" | sed 's/.*"command":"\\([a-z]*\\)".*/\\1/')
ip=$(printf '%s' "$line" | sed 's/.*"srcip":"\\([^"]*\\)".*/\\1/')
if [ "$command" = add ]; then
  echo '{"version":1,"origin":{"name":"record","module":"active-response"},"command":"check_keys","parameters":{"keys":["'"$ip"'"]}}'
  read -r answer
  case "$answer" in *'"command":"continue"'*) ;; *) exit 0 ;; esac
fi
echo "$command $ip" >> record.txt
`

test('blocks are listed, added, extended and removed by hand', limits, async (t) => {
  const home = makeHome(t, {
    'etc/ossec.conf': `<ossec_config>
  <command><name>record</name><executable>record</executable><timeout_allowed>yes</timeout_allowed></command>
  <active-response><command>record</command><location>local</location><rules_id>999999</rules_id><timeout>600</timeout></active-response>
</ossec_config>
`,
    'active-response/bin/record': { text: recordScript, mode: 0o750 },
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

// ------------------------------------------------------------------------------------------------------------------ deliveries

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

// ------------------------------------------------------------------------------------------------------------------------ send

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
  const events = () => {
    const file = join(home, 'queue/events/webhook-github.json')
    return existsSync(file)
      ? readFileSync(file, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
      : []
  }
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

async function run(program: string, args: string[]): Promise<{ code: number | null; stdout: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 30_000 })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (stdout += part))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, stdout }
}

// ------------------------------------------------------------------------------------------------------------ logtest and test

const failed =
  'Jan 15 10:30:45 web sshd[12345]: Failed password for invalid user root from 203.0.113.50 port 54321 ssh2'

test('logtest says what a line becomes, as text and as JSON', limits, async (t) => {
  const home = makeHome(t)
  const text = await runOutrider(home, ['logtest'], { input: `${failed}\nnothing of interest\n` })
  assert.equal(text.code, 0, text.stderr)
  for (const part of [/Phase 1/, /Phase 2/, /Phase 3/, /5710/, /203\.0\.113\.50/, /Alert to be generated/])
    assert.match(text.stdout, part)
  assert.equal(text.stdout.match(/Alert to be generated/g)?.length, 1)

  const requests = [
    { event: failed, location: '/var/log/auth.log', session: 'a' },
    ...Array.from({ length: 9 }, () => ({ event: failed, session: 'b', at: '2026-01-15T10:30:45Z' })),
    { event_b64: Buffer.from(failed).toString('base64'), session: 'c' },
    {
      event:
        '{"source":"github","github_event":"push","event":"push","forced":true,"ref":"refs/heads/main","sender":"alice","repository":"o/r"}',
    },
  ]
  const input = [
    ...requests.map((request) => JSON.stringify(request)),
    'not json',
    '{"location":"x"}',
    JSON.stringify(requests[0]),
  ]
  const json = await runOutrider(home, ['logtest', '--json'], { input: `${input.join('\n')}\n` })
  assert.equal(json.code, 0, json.stderr)
  const answers = json.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.equal(answers.length, input.length, 'one answer a line, in order')
  const ids = answers.map(({ output }) => output?.rule?.id)
  assert.equal(ids[0], '5710')
  assert.equal(answers[0].session, 'a')
  assert.equal(answers[0].alert, true)
  assert.deepEqual([answers[0].output.data.srcip, answers[0].output.location], ['203.0.113.50', '/var/log/auth.log'])
  assert.ok(ids.slice(1, 10).includes('5712'), 'a session counts on its own')
  assert.equal(ids[10], '5710')
  assert.equal(ids[11], '110308')
  for (const answer of answers.slice(12, 14)) {
    assert.equal(answer.alert, false)
    assert.ok(answer.error)
  }
  assert.equal(ids[14], '5710')

  const local = makeHome(t, { 'etc/rules/local_rules.xml': rules, 'outrider.yaml': '' })
  const own = await runOutrider(local, ['logtest', '--json'], { input: '{"event":"outrider-test"}\n' })
  assert.equal(JSON.parse(own.stdout).output.rule.id, '100001', 'the rules of the home folder count')
  writeFileSync(
    join(local, 'etc/rules/more_rules.xml'),
    '<group name="x,">\n<rule id="y" level="1"></rule>\n</group>\n',
  )
  const broken = await runOutrider(local, ['logtest', '--json'], { input: '{"event":"outrider-test"}\n' })
  assert.match(broken.stderr, /more_rules\.xml:2 error: /)
  assert.equal(JSON.parse(broken.stdout).output.rule.id, '100001', 'as in the daemon, the rest works')
})

test('test runs the cases of rules, writes JUnit and coverage, and makes a case of an alert', limits, async (t) => {
  const home = makeHome(t, {
    'rules/local_rules.xml': rules,
    'cases/right.yaml': 'cases:\n  - name: right\n    log: outrider-test\n    expect: { rule: 100001, level: 5 }\n',
    'cases/wrong.yaml': 'cases:\n  - name: wrong <&> "one"\n    log: outrider-test\n    expect: { rule: 100002 }\n',
    'broken/broken.yaml': 'cases:\n  - name: x\n    log: outrider-test\n    expected: { rule: 1 }\n',
  })
  const at = (name: string) => join(home, name)
  const run = (...args: string[]) => runOutrider(home, ['test', ...args])

  const starter = await run(join(projectRoot, 'ruleset/tests'))
  assert.equal(starter.code, 0, starter.stdout + starter.stderr)
  assert.match(starter.stdout, /^[1-9]\d* passed, 0 failed\n/)

  const ruleset = ['--ruleset', join(projectRoot, 'ruleset'), '--rules', at('rules')]
  const mixed = await run(at('cases'), ...ruleset, '--junit', at('junit.xml'), '--coverage', at('coverage.html'))
  assert.equal(mixed.code, 1)
  assert.match(mixed.stdout, /wrong\.yaml:2 wrong <&> "one"\n {2}.*100001/)
  assert.match(mixed.stdout, /1 passed, 1 failed\n/)
  assert.match(mixed.stdout, /1\/2 +\S*local_rules\.xml +missed: 100002/)
  const junit = readFileSync(at('junit.xml'), 'utf8')
  assert.equal(junit.match(/<testcase /g)?.length, 2)
  assert.equal(junit.match(/<failure /g)?.length, 1)
  const numeric = junit.replace(
    /&#(\d+);/g,
    (_, code) => ({ 60: '&lt;', 38: '&amp;', 62: '&gt;', 34: '&quot;' })[Number(code)] ?? '',
  )
  assert.match(numeric, /name="wrong &lt;&amp;&gt; &quot;one&quot;"/)
  assert.match(readFileSync(at('coverage.html'), 'utf8'), /100002/)

  const broken = await run(at('broken'), ...ruleset)
  assert.equal(broken.code, 2)
  assert.match(broken.stderr, /broken\.yaml:2 error: /)
  const none = await run()
  assert.deepEqual([none.code, /name a file or a folder of test cases/.test(none.stderr)], [2, true])

  const logtest = await runOutrider(home, ['logtest', '--json'], { input: `${JSON.stringify({ event: failed })}\n` })
  writeFileSync(at('alert.json'), JSON.stringify(JSON.parse(logtest.stdout).output))
  const made = await run('--new-from', at('alert.json'))
  assert.equal(made.code, 0, made.stderr)
  assert.equal(parse(made.stdout)[0].expect.rule, 5710)
  writeFileSync(at('made.yaml'), `cases:\n${made.stdout.replace(/^/gm, '  ')}`)
  const again = await run(at('made.yaml'))
  assert.deepEqual([again.code, again.stdout.split('\n')[0]], [0, '1 passed, 0 failed'], again.stdout)
})

test('a command whose reader has read enough ends without a word', limits, async (t) => {
  const alert = JSON.stringify(alertOf(1, '2026-01-31T12:00:00.000+0000'))
  const home = makeHome(t, { 'alerts.json': `${alert}\n`.repeat(20_000) })
  const tail = `'${process.execPath}' '${main}' alerts tail --json --no-follow -n 20000 --file '${home}/alerts.json'`
  const { code, stdout } = await run('sh', ['-c', `(${tail}; echo ended with $? >&2) 2>'${home}/errors' | head -n 1`])
  assert.deepEqual([code, stdout], [0, `${alert}\n`])
  await eventually(home, () => readFileSync(join(home, 'errors'), 'utf8') === 'ended with 0\n')
})

test('wrong usage ends with 2, and help with 0', limits, async (t) => {
  const home = makeHome(t)
  for (const args of [['blok'], ['alerts', 'tail', '--lines', 'x'], ['logtest', '--rulez', 'x'], ['blocks', 'add']]) {
    const { code, stdout, stderr } = await runOutrider(home, args)
    assert.deepEqual([code, stdout], [2, ''], args.join(' '))
    assert.match(stderr, /^error: /)
  }
  for (const args of [['--help'], ['alerts', '--help'], ['--version']]) {
    const { code, stderr } = await runOutrider(home, args)
    assert.deepEqual([code, stderr], [0, ''])
  }
})
