/** Commands that need no daemon: logtest and test; and how wrong usage ends. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { makeHome, projectRoot, runOutrider } from './support/outrider.ts'

const limits = { timeout: 180_000 }

const rules = `<group name="local,">
  <rule id="100001" level="5"><match>outrider-test</match><description>test alert</description></rule>
  <rule id="100002" level="10"><match>outrider-loud</match><description>loud alert</description><mitre><id>T1110</id></mitre></rule>
</group>
`

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
test('doctor names what is wrong with a ruleset and what a real Wazuh would do', async (t) => {
  const home = makeHome(t, {
    'bad/rules/a.xml':
      '<group name="local,">\n  <rule id="100301" level="8">\n    <field name="user">root</field>\n    <description>x</description>\n  </rule>\n</group>\n',
  })
  const bad = await runOutrider(home, ['doctor', 'rules', join(home, 'bad')])
  assert.equal(bad.code, 1)
  assert.match(bad.stdout, /a\.xml:3 error: rule 100301: <field name="user"> is not possible/)
  assert.match(bad.stdout, /a real Wazuh would not start\n$/)
  const trap =
    '<group name="local,"><rule id="100301" level="8"><user>root</user><description>x</description></rule></group>'
  writeFileSync(join(home, 'trap.xml'), trap)
  const folder = join(projectRoot, 'ruleset')
  const traps = await runOutrider(home, ['doctor', 'rules', folder, '--rules', join(home, 'trap.xml')])
  assert.equal(traps.code, 0, traps.stdout)
  assert.match(traps.stdout, /trap\.xml:1 warning: rule 100301: <user>: "root" is looked for anywhere/)
  for (const args of [
    ['doctor', 'rules', home],
    ['logtest', '--ruleset', home],
    ['logtest', '--rules', 'missing.xml'],
  ]) {
    const { code, stderr } = await runOutrider(home, args, { input: '' })
    assert.equal(code, 2, args.join(' '))
    assert.match(stderr, /has neither rules\/ nor decoders\/|"missing\.xml" does not exist/)
  }
  const good = await runOutrider(home, ['doctor', 'rules'])
  assert.equal(good.code, 0, good.stdout)
})
