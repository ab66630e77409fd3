/** Silences as people use them: on the command line, over a kill, and what is said of an alert that was held back. */
import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Silence } from '../src/api/parts.ts'
import { eventually, makeHome, readAlerts, runOutrider, startOutrider, waitFor } from './support/outrider.ts'
import { startTarget } from './support/target.ts'

const limits = { timeout: 180_000 }

const rules = `<group name="local,">
  <rule id="100001" level="5"><match>outrider-test</match><description>test alert</description></rule>
  <rule id="100002" level="10"><match>outrider-loud</match><description>loud alert</description></rule>
</group>
`

test('a silence holds back over a kill, counts, is explained and ended', limits, async (t) => {
  const target = await startTarget(t)
  const home = makeHome(t, {
    'etc/ossec.conf':
      '<ossec_config><localfile><log_format>syslog</log_format><location>in.log</location></localfile></ossec_config>\n',
    'etc/rules/local_rules.xml': rules,
    'in.log': '',
    'outrider.yaml': `listen: { port: 0 }
destinations:
  chat: { type: webhook, hook_url: ${target.url}/chat, where: 'rule.id in ["100001", "100002"]' }
  archive: { type: webhook, hook_url: ${target.url}/archive, where: 'rule.id in ["100001", "100002"]', silences: false }
silences: { longest: 7d }
`,
  })
  const run = (...args: string[]) => runOutrider(home, args)
  const list = async (...args: string[]) =>
    JSON.parse((await run('silences', 'list', '--json', ...args)).stdout) as Silence[]
  const write = (word: string, n: number) =>
    appendFileSync(join(home, 'in.log'), `Jan 15 10:30:45 web app[1]: outrider-${word} number=${n}\n`)
  const got = (path: string) =>
    target.taken
      .filter((one) => one.path === path)
      .map(({ body }) => Number(/number=(\d+)/.exec(JSON.parse(body).full_log)![1]))
      .sort((a, b) => a - b)

  assert.match((await run('silences', 'list')).stderr, /no outrider runs/)
  const first = await startOutrider(t, home)
  assert.deepEqual(await run('silences', 'list'), { code: 0, stdout: 'nothing is silenced\n', stderr: '' })
  const added = await run(
    'silences',
    'add',
    '--where',
    'rule.level < 7',
    '--for',
    '2h',
    '--reason',
    'patch day',
    '--by',
    'eve',
  )
  assert.equal(added.code, 0, added.stderr)
  assert.match(added.stdout, /^silence 1: rule\.level < 7, until \S+Z\n[\s\S]*stay in alerts\.json.*\n$/)
  write('test', 1)
  write('loud', 2)
  await eventually(home, () => got('/chat').length === 1 && got('/archive').length === 2)
  await waitFor(async () => Object.keys((await list())[0]!.held).length > 0)
  await first.kill()

  const second = await startOutrider(t, home)
  write('test', 3)
  write('loud', 4)
  await eventually(home, () => got('/chat').includes(4) && got('/archive').includes(3))
  assert.ok(![1, 3].some((n) => got('/chat').includes(n)))
  assert.match(
    (await run('silences', 'list')).stdout,
    /^ID +WHAT .*\n1 +rule\.level < 7 +in force .* in 2 h +2 \(chat 2\) +eve +patch day\n$/,
  )

  const held = readAlerts(home).find(({ full_log }) => full_log?.includes('number=3'))!
  const explained = (await run('alerts', 'explain', held.id)).stdout
  assert.match(explained, /chat +held back by a silence +silence 1 \(rule\.level < 7; patch day, eve\), \S+Z to \S+Z\n/)
  assert.match(explained, /archive +delivered/)
  const trial = (await run('try', 'route', 'chat')).stdout
  assert.match(trial, /HELD BACK +BY\n2 +silence 1: rule\.level < 7\n/)
  assert.doesNotMatch((await run('try', 'route', 'archive')).stdout, /HELD BACK/)

  const ended = await run('silences', 'end', '1', '--reason', 'patched')
  assert.deepEqual([ended.code, ended.stdout], [0, 'silence 1 is over: it held back 2 (chat 2)\n'])
  await second.logged(({ message }) => /^silence 1 \(.*\) is over: it held back 2 deliveries \(chat 2\)$/.test(message))
  write('test', 5)
  await eventually(home, () => got('/chat').includes(5))
  assert.deepEqual(await list(), [])
  const [past] = await list('--all')
  assert.deepEqual([past!.state, past!.by, past!.ended_why], ['over', 'eve', 'patched'])
  assert.match(
    (await run('silences', 'audit')).stdout,
    /ended +1 +rule\.level < 7 +patched\n.* eve +added +1 .*patch day\n$/,
  )

  const add = (...args: string[]) => ['silences', 'add', '--reason', 'x', ...args]
  for (const [args, message] of [
    [add('--rule', '5710'), /needs an end/],
    [add('--for', '1h'), /does not say what to hold back[\s\S]*--where true/],
    [
      add('--for', '1h', '--where', 'rule.id == 5710'),
      /where: "rule\.id" is text .*\(column 12\)\n {2}hint: write "5710" in quotes/,
    ],
    [add('--for', '1h', '--where', 'rule.level >'), /where: .*\(column \d+\)/],
    [add('--for', '1h', '--rule', 'sshd'), /rule: "sshd" is no rule id/],
    [add('--for', '1h', '--rule', '5710,,5712'), /--rule: .* is no list/],
    [add('--for', '1h', '--source', '10.0.0.0/99'), /source: "10\.0\.0\.0\/99"/],
    [add('--for', '1h', '--rule', '1', '--destination', 'cht'), /no destination "cht"[\s\S]*did you mean "chat"/],
    [add('--for', '1h', '--rule', '1', '--destination', 'archive'), /no destination "archive"/],
    [add('--for', '8d', '--rule', '1'), /7d at most, and this one lasts 8d/],
    [add('--for', 'soon', '--rule', '1'), /"soon" is no duration/],
    [add('--for', '1h', '--until', '2099-01-01', '--rule', '1'), /contradict/],
    [add('--until', '2020-01-01', '--rule', '1'), /is over/],
    [add('--until', '2098-01-01', '--from', '2099-01-01', '--rule', '1'), /before the beginning/],
    [['silences', 'add', '--for', '1h', '--rule', '1'], /--reason/],
    [['silences', 'end', '9', '--reason', 'x'], /there is no silence "9"/],
  ] as const) {
    const refused = await run(...args)
    assert.equal(refused.code, 2, args.join(' '))
    assert.match(refused.stderr, message)
  }
  assert.equal((await run('silences', 'end', '1', '--reason', 'x')).code, 1, 'over already')
  assert.equal((await list('--all')).length, 1)
  assert.equal(await second.stop(), 0)
})
