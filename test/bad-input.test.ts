/** What is wrong in the configuration is told once, with its place and its mend; nothing else stops, and nothing that is right is lost. */
import assert from 'node:assert/strict'
import { appendFileSync, chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertEachOnce } from './support/complaints.ts'
import { eventually, makeHome, readAlerts, runOutrider, startOutrider, waitFor } from './support/outrider.ts'
import { localfile, rules } from './support/parts.ts'
import { startTarget } from './support/target.ts'
import { ordinaryUser } from './support/user.ts'
import { postGithub } from './support/webhooks.ts'

// Of a busy machine; a test takes two seconds.
const limits = { timeout: 180_000 }

const logsOf = (home: string, rule: string) =>
  readAlerts(home)
    .filter((alert) => alert.rule.id === rule)
    .map(({ full_log }) => full_log)

test('each mistake in the configuration is told once, and everything else runs', limits, async (t) => {
  const target = await startTarget(t)
  const home = makeHome(t, {
    'etc/ossec.conf': `<ossec_config>
  <globl><white_list>192.0.2.1</white_list></globl>
  <localfile>
    <log_format>syslog</log_format>
    <location>in.log</location>
  </localfile>
  <localfile>
    <log_format>syslog</log_format>
    <location>other.log</location>
    <colour>red</colour>
  </localfile>
  <localfile>
    <log_format>sislog</log_format>
    <location>third.log</location>
  </localfile>
  <integration>
    <name>custom-gone</name>
    <rule_id>999999</rule_id>
  </integration>
  <integration>
    <name>custom-norun</name>
    <rule_id>999999</rule_id>
  </integration>
  <integration>
    <name>slack</name>
    <hook_url>https://hooks.slack.example/services/T0/ B0</hook_url>
  </integration>
  <command><name>gone</name><executable>gone</executable></command>
  <active-response><command>gone</command><location>local</location><rules_id>999999</rules_id></active-response>
  <active-response><command>undefined</command><location>local</location><rules_id>999999</rules_id></active-response>
</ossec_config>
`,
    'etc/broken.conf': '<ossec_config>\n  <localfile>\n    <location>x.log</location>\n</ossec_config>\n',
    'etc/rules/1_rules.xml': rules,
    'etc/rules/2_rules.xml': `<group name="local,">
  <rule id="100010" level="5"><match>outrider-second</match><description>above the mistakes</description></rule>
  <rule id="100011" level="5"><regex>(never closed</regex><description>x</description></rule>
  <rule id="100012" level="99"><match>x</match><description>x</description></rule>
  <rule id="100013" level="5"><colour>red</colour><description>x</description></rule>
  <rule id="100014" level="5"><match>outrider-third</match><description>below the mistakes</description></rule>
</group>
`,
    'etc/rules/3_rules.xml': '<group name="local,">\n  <rule id="100020" level="5"><match>x</match>\n</group>\n',
    'etc/decoders/1_decoders.xml':
      '<decoder name="wrong">\n  <program_name>x</program_name>\n  <colour>red</colour>\n</decoder>\n',
    'integrations/custom-norun': { text: '#!/bin/sh\n', mode: 0o640 },
    'in.log': '',
    'other.log': '',
    'outrider.yaml': `listen: { port: 0 }
ossec_conf: [etc/ossec.conf, etc/broken.conf, etc/missing.conf]
destinatons: {}
destinations:
  target: { type: webhook, hook_url: ${target.url}/, where: rule.id.startsWith("1000") }
  unknown: { type: slak, hook_url: https://example.com/ }
  env: { type: slack, hook_url: "\${env:OUTRIDER_TEST_IS_NOT_SET}" }
  blank: { type: slack, hook_url: https://hooks.slack.example/services/T0/ B0 }
  cel:
    type: webhook
    hook_url: ${target.url}/wrong
    where: rule.level >
  misspelt:
    type: webhook
    hook_url: ${target.url}/wrong
    levl: 3
receivers:
  one: { type: github, secret: one of the test, path: /hook }
  two: { type: github, secret: two of the test, path: /hook }
  three: { type: github, secret: "\${file:etc/nowhere.secret}" }
responses: { enabeld: true }
`,
  })
  const outrider = await startOutrider(t, home)
  const yaml = 'outrider\\.yaml'
  const conf = 'etc/ossec\\.conf'
  const expected = [
    `^${yaml}:2 .*etc/missing\\.conf is not there`,
    `^${yaml}:3 destinatons: no such section -> did you mean "destinations"`,
    `^${yaml}:6 destinations\\.unknown\\.type: there is no integration "slak" -> did you mean "slack"`,
    `^${yaml}:7 destinations\\.env\\.hook_url: the environment variable OUTRIDER_TEST_IS_NOT_SET is not set`,
    `^${yaml}:8 destinations\\.blank\\.hook_url: not a URL: it has a blank`,
    `^${yaml}:12 destinations\\.cel\\.where: `,
    `^${yaml}:16 destinations\\.misspelt\\.levl: no such option -> did you mean "level"`,
    `^${yaml}:19 receivers\\.two\\.path: "/hook" is the path of "one" too`,
    `^${yaml}:20 receivers\\.three\\.secret: the file .*etc/nowhere\\.secret is not there`,
    `^${yaml}:21 responses\\.enabeld: no such option -> did you mean "enabled"`,
    `^${conf}:2 unknown section <globl> -> did you mean "global"`,
    `^${conf}:10 <localfile>: unknown element <colour>`,
    `^${conf}:13 <localfile>: <log_format>: "sislog" is not a log format`,
    `^${conf}:16 the integration has no script: .*/integrations/custom-gone is not there -> copy it there`,
    `^${conf}:20 .*/integrations/custom-norun cannot be run: it has no run bit -> chmod 750 `,
    `^${conf}:26 <integration>: <hook_url>: a blank in it`,
    `^${conf}:24 <integration>: hook_url: not a URL: it has a blank`,
    `^${conf}:28 the active response has no script: .*/active-response/bin/gone is not there`,
    `^${conf}:30 <active-response>: there is no command "undefined"`,
    '^etc/broken\\.conf:2 not well formed, so nothing of this file is used: ',
    'etc/rules/2_rules\\.xml:3 rule 100011: <regex>: a "\\(" is never closed',
    'etc/rules/2_rules\\.xml:4 level "99" is out of range',
    'etc/rules/2_rules\\.xml:5 rule 100013: a rule has no tag <colour>',
    'etc/rules/3_rules\\.xml:2 not readable: element .rule. not closed',
    'etc/decoders/1_decoders\\.xml:3 .*colour',
  ].map((text) => new RegExp(text))
  await assertEachOnce(outrider, expected)

  await t.test('the API has the same list', async () => {
    const { problems } = await outrider.api<{ problems: { file: string; line: number; message: string }[] }>(
      'GET',
      'problems',
    )
    assert.equal(problems.length, expected.length)
    for (const { file, message } of problems) assert.ok(file !== '' && message !== '')
  })

  await t.test('a command that names what was left out says why', async () => {
    const { code, stderr } = await runOutrider(home, ['try', 'route', 'misspelt'])
    assert.equal(code, 2)
    assert.match(stderr, /"misspelt" is left out for a mistake\n.*outrider\.yaml:16 .*no such option/)
  })

  await t.test('what is right runs', async () => {
    appendFileSync(join(home, 'in.log'), 'outrider-test\noutrider-second\noutrider-third\n')
    await eventually(home, () => target.taken.length === 3)
    const ids = target.taken.map(({ body }) => JSON.parse(body).rule.id)
    assert.deepEqual(ids.sort(), ['100001', '100010', '100014'])
    const { status } = await postGithub(`${outrider.url}/hook`, 'one of the test', { action: 'created' }, 'ping')
    assert.equal(status, 200)
  })

  await t.test('a reload with a mistake leaves what runs, and one without is taken', async () => {
    const before = outrider.log.length
    writeFileSync(join(home, 'etc/rules/2_rules.xml'), rules.replaceAll('100001', '100030').replace('-test', '-fourth'))
    for (const file of ['etc/rules/3_rules.xml', 'etc/decoders/1_decoders.xml']) rmSync(join(home, file))
    outrider.process.kill('SIGHUP')
    await outrider.logged(({ message }) => message === 'ruleset loaded again')
    const { problems } = await outrider.api<{ problems: { file: string }[] }>('GET', 'problems')
    assert.deepEqual(
      problems.filter(({ file }) => /(rules|decoders)\.xml$/.test(file)),
      [],
      'what was mended is not complained about any more',
    )
    appendFileSync(join(home, 'in.log'), 'outrider-fourth\n')
    await eventually(home, () => logsOf(home, '100030').length === 1)

    writeFileSync(
      join(home, 'etc/rules/2_rules.xml'),
      '<group name="local,">\n<rule id="x" level="5"></rule>\n</group>\n',
    )
    outrider.process.kill('SIGHUP')
    await outrider.logged(({ message }) => message.includes('so the old one stays'))
    assert.equal(
      outrider.log.slice(before).filter(({ file, line }) => String(file).endsWith('2_rules.xml') && line === 2).length,
      1,
    )
    appendFileSync(join(home, 'in.log'), 'outrider-fourth\n')
    await eventually(home, () => logsOf(home, '100030').length === 2)
  })
  assert.equal(await outrider.stop(), 0)
})

test('what cannot be read is told once, and read from where it was left when it can be', limits, async (t) => {
  const home = makeHome(t, {
    'etc/ossec.conf': localfile('in.log') + localfile('folder') + localfile('other.log'),
    'etc/rules/local_rules.xml': rules,
    'etc/rules/secret_rules.xml': rules,
    'folder/x': '',
    'in.log': 'outrider-test before\n',
    'other.log': '',
    'outrider.yaml': 'listen: { port: 0 }\n',
  })
  const user = ordinaryUser(home)
  if (typeof user === 'string') return t.skip(user)
  for (const file of ['in.log', 'etc/rules/secret_rules.xml']) chmodSync(join(home, file), 0o000)
  const outrider = await startOutrider(t, home, { user })
  // Not with eventually(), which would watch the file that it may not read.
  appendFileSync(join(home, 'other.log'), 'outrider-test other\n')
  await waitFor(async () => logsOf(home, '100001').includes('outrider-test other'))
  await assertEachOnce(outrider, [
    /in\.log: cannot be read \(EACCES\); tried again/,
    /folder: cannot be read \(EISDIR\); tried again/,
    /secret_rules\.xml:0 not readable: .*EACCES/,
  ])
  const input = async () => {
    const { inputs } = await outrider.api<{ inputs: { name: string; state: string; detail?: string }[] }>(
      'GET',
      'inputs',
    )
    return inputs.find(({ name }) => name.endsWith('in.log'))!
  }
  assert.match((await input()).detail ?? '', /EACCES/)

  chmodSync(join(home, 'in.log'), 0o640)
  await waitFor(async () => (await input()).state === 'ok')
  appendFileSync(join(home, 'in.log'), 'outrider-test after\n')
  await waitFor(async () => logsOf(home, '100001').includes('outrider-test after'))
  assert.equal(await outrider.stop(), 0)
})

test(
  'alerts wait for a script that is missing or has no run bit, and it gets all of them when it is mended',
  limits,
  async (t) => {
    const script = '#!/bin/sh\ngrep -o "number=[0-9]*" "$1" | head -1 >> got.txt\n'
    const home = makeHome(t, {
      'etc/ossec.conf': localfile('in.log'),
      'etc/rules/local_rules.xml': rules,
      'integrations/custom-norun': { text: script.replace('got', 'norun'), mode: 0o640 },
      'in.log': '',
      'outrider.yaml': `listen: { port: 0 }
destinations:
  gone: { type: script, name: custom-gone, rule_id: 100001 }
  norun: { type: script, name: custom-norun, rule_id: 100001 }
`,
    })
    const outrider = await startOutrider(t, home)
    appendFileSync(join(home, 'in.log'), 'outrider-test number=1\noutrider-test number=2\n')
    await outrider.logged(({ destination, message }) => destination === 'gone' && message.includes('does not exist'))
    await outrider.logged(({ destination, message }) => destination === 'norun' && message.includes('not executable'))
    writeFileSync(join(home, 'integrations/custom-gone'), script.replace('got', 'gone'), { mode: 0o750 })
    chmodSync(join(home, 'integrations/custom-norun'), 0o750)
    appendFileSync(join(home, 'in.log'), 'outrider-test number=3\n')
    for (const name of ['gone', 'norun']) {
      await outrider.api('POST', `destinations/${name}/retry`, {})
      const got = () => (existsSync(join(home, `${name}.txt`)) ? readFileSync(join(home, `${name}.txt`), 'utf8') : '')
      await eventually(home, () => got().split('\n').length > 3)
      assert.deepEqual(got().trim().split('\n'), ['number=1', 'number=2', 'number=3'])
    }
    assert.equal(await outrider.stop(), 0)
  },
)
