/** `outrider alerts …`. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
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
import { run } from './support/run.ts'

const limits = { timeout: 180_000 }
const guide = join(projectRoot, '..', 'shared', 'seeds', 'guide.en.txt')

const rules = `<group name="local,">
  <rule id="100001" level="5"><match>outrider-test</match><description>test alert</description></rule>
  <rule id="100002" level="10"><match>outrider-loud</match><description>loud alert</description><mitre><id>T1110</id></mitre></rule>
</group>
`
const localfile = '<localfile><log_format>syslog</log_format><location>in.log</location></localfile>\n'

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

test('a command whose reader has read enough ends without a word', limits, async (t) => {
  const alert = JSON.stringify(alertOf(1, '2026-01-31T12:00:00.000+0000'))
  const home = makeHome(t, { 'alerts.json': `${alert}\n`.repeat(20_000) })
  const tail = `'${process.execPath}' '${main}' alerts tail --json --no-follow -n 20000 --file '${home}/alerts.json'`
  const { code, stdout } = await run('sh', ['-c', `(${tail}; echo ended with $? >&2) 2>'${home}/errors' | head -n 1`])
  assert.deepEqual([code, stdout], [0, `${alert}\n`])
  await eventually(home, () => readFileSync(join(home, 'errors'), 'utf8') === 'ended with 0\n')
})

test('what a stranger has written cannot steer the terminal of whoever looks at a message', async (t) => {
  const rule = { level: 9, id: '1', description: 'x\u001b]0;title\u0007' }
  const alert = { timestamp: '2026-01-01T00:00:00.000+0000', rule, id: '1.1', full_log: 'a\u001b[2Jb\u009b2Jc' }
  const home = makeHome(t, {
    'outrider.yaml':
      'destinations: { mail: { type: email, host: 127.0.0.1, mail_from: a@example.com, mail_to: b@example.com } }\n',
    'alert.json': `${JSON.stringify(alert)}\n`,
  })
  const { stdout } = await runOutrider(home, ['try', 'destination', 'mail', '--alert', join(home, 'alert.json')])
  assert.match(stdout, /\nRule: 1 \(level 9\)\n/)
  assert.match(stdout, /\nab/)
  assert.doesNotMatch(stdout, /[^\P{Cc}\n]/u)
})
