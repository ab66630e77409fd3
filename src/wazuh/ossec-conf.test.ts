import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readOssecConf } from './ossec-conf.ts'
import { check, configOf, problemsOf } from './ossec-conf-testing.ts'

test('reads an integration with the defaults of integratord', () => {
  const { integrations } = configOf(`
<integration>
  <name>custom-iris</name>
  <hook_url>https://iris.example/alerts?a=1&b=2</hook_url>
  <level>7</level>
  <rule_id>5710, 5712,</rule_id><rule_id>5720</rule_id>
  <group>sshd,web</group>
  <alert_format>json</alert_format>
</integration>`)
  assert.deepEqual(integrations, [
    {
      place: { file: 'ossec.conf', line: 2 },
      name: 'custom-iris',
      hook_url: 'https://iris.example/alerts?a=1&b=2',
      level: 7,
      rule_id: [5710, 5712, 5720],
      group: 'sshd,web',
      max_log: 165,
      alert_format: 'json',
      timeout: 10,
      retries: 3,
    },
  ])
})

test('scans rule_id as integratord does', () => {
  for (const [text, expected] of [
    ['5710', [5710]],
    ['5710 5712', [5710]],
    ['5710abc,5712', [5710, 5712]],
    ['5710,,, 5712', [5710, 5712]],
    ['5710;5712', [5710]],
    ['abc', undefined],
    ['', undefined],
    ['0', []],
    ['5710,0', [5710]],
    ['5710,0,5712', [5710, 5712]],
    ['5710,\n5712', [5710]],
  ] as const) {
    const { integrations } = configOf(`<integration><name>custom-x</name><rule_id>${text}</rule_id></integration>`)
    assert.deepEqual(integrations[0]!.rule_id, expected, text)
  }
})

test('tells what is wrong with an integration', () => {
  check(`
# unknown and misspelt elements, bad numbers: all at once
<integration>
  <name>custom-x</name>
  <hookurl>http://h/</hookurl>
  <Level>3</Level>
  <colour>red</colour>
  <level> 7</level>
  <max_log>2000</max_log>
  <retries>-1</retries>
</integration>
---
4 error: <integration>: unknown element <hookurl> -> did you mean "hook_url"?
5 error: <integration>: unknown element <Level> -> names are compared with their case: write <level>
6 error: <integration>: unknown element <colour> -> known are name, hook_url, api_key, level, rule_id, group, event_location, max_log, alert_format, options, timeout, retries
7 error: <integration>: <level>: " 7" is not a whole number -> values are not trimmed: write <level>7</level>
8 error: <integration>: <max_log>: "2000" is not a whole number from 165 to 1024
9 error: <integration>: <retries>: "-1" is not a whole number
# no name
<integration>
  <level></level>
</integration>
---
2 error: <integration>: it has no <name> -> name the script in the integrations folder
3 warning: <integration>: <level> is empty, which means 0
# filters that do not filter
<integration>
  <name>custom-x</name>
  <rule_id>all</rule_id>
  <group>sshd, web,pci_dss_10.2.4</group>
  <level>17</level>
</integration>
---
4 warning: <integration>: <rule_id> holds no id, so it filters nothing: every alert is sent -> write ids with commas between them, or delete it
5 warning: <integration>: <group>: blanks count, so " web" is no group's name -> write sshd,web,pci_dss_10.2.4
5 warning: <integration>: <group>: "pci_dss_10.2.4" never matches, compliance tags are no groups of an alert -> filter by rule_id or level, or in outrider.yaml with where: on rule.pci_dss and the like
6 warning: <integration>: <level>: no rule has a level above 16, so nothing is sent
# ids that are not read
<integration>
  <name>custom-x</name>
  <rule_id>5710 5712</rule_id>
  <rule_id>100-120,130</rule_id>
</integration>
---
4 warning: <integration>: <rule_id>: of "5710 5712" only 5710 is read -> write ids with commas between them and no line ends
5 warning: <integration>: <rule_id>: of "100-120,130" only 100, 130 is read -> there are no ranges: write each id, with commas between them
# blanks and entities in texts; a secret is not shown
<integration>
  <name> custom-x</name>
  <hook_url>http://h/a b?c=1&amp;d=2</hook_url>
  <api_key>s3cret </api_key>
  <alert_format>JSON</alert_format>
</integration>
---
3 warning: <integration>: <name>: " custom-x" has blanks or line ends around it, and they count -> write <name>custom-x</name>
4 warning: <integration>: <hook_url>: "&amp;" stays as it is, entities are not decoded -> write & itself
4 warning: <integration>: <hook_url>: a blank in it moves every argument of the script after it to another place -> write %20
5 warning: <integration>: <api_key>: it has blanks or line ends around it, and they count -> write <api_key>…</api_key> on one line, without blanks
6 warning: <integration>: <alert_format>: "JSON" means the plain format -> write json, in lower case
# options are elements
<integration name="custom-x">
  <name>custom-x</name>
</integration>
---
2 warning: <integration>: the attribute "name" is ignored -> options are elements: <name>…</name>
`)
})

test('reads commands and active responses as analysisd does', () => {
  const { commands, responses } = configOf(`
<command><name>block</name><executable>block.sh</executable><timeout_allowed>yes</timeout_allowed><extra_args>a b</extra_args></command>
<active-response>
  <command>block</command><location>local</location><level>0</level><level>6</level>
  <rules_id>5710,0, 5712</rules_id><rules_group>sshd,|web</rules_group><timeout>600</timeout>
</active-response>
<active-response><command>block</command><location>Analysis-Server</location><level>5</level></active-response>
<active-response><command>block</command><location>defined-agent</location><agent_id>003</agent_id><level>5</level></active-response>
<active-response><disabled>yes</disabled><command>nothing</command></active-response>
<active-response><repeated_offenders>1, ,5,0,7</repeated_offenders></active-response>`)
  assert.deepEqual(commands, [
    {
      place: { file: 'ossec.conf', line: 2 },
      name: 'block',
      executable: 'block.sh',
      timeout_allowed: true,
      extra_args: 'a b',
    },
  ])
  const places = { server: false, local: false, defined: false, all: false }
  assert.deepEqual(responses, [
    {
      place: { file: 'ossec.conf', line: 3 },
      command: 'block',
      location: { ...places, local: true },
      agent_id: undefined,
      rules_id: [5710, 0, 5712],
      rules_group: 'sshd,|web',
      level: 6,
      timeout: 600,
      repeated_offenders: [1, 5],
    },
    {
      place: { file: 'ossec.conf', line: 7 },
      command: 'block',
      location: { ...places, server: true },
      agent_id: undefined,
      rules_id: [],
      rules_group: undefined,
      level: 5,
      timeout: 0,
      repeated_offenders: [],
    },
    {
      place: { file: 'ossec.conf', line: 8 },
      command: 'block',
      location: { ...places, defined: true },
      agent_id: '003',
      rules_id: [],
      rules_group: undefined,
      level: 5,
      timeout: 0,
      repeated_offenders: [],
    },
  ])
})

test('tells what is wrong with commands and active responses', () => {
  check(`
# commands
<command>
  <name>!block</name>
  <timeout_allowed>true</timeout_allowed>
</command>
<command><name>block</name><executable>bin/block.sh</executable><extra_args>-m "a b"</extra_args></command>
<command><name>block</name><executable>other.sh</executable></command>
---
2 error: <command>: it has no <executable>
3 error: <command>: <name>: "!block" is not a name: it begins with "!"
4 error: <command>: <timeout_allowed>: "true" is not yes or no -> write <timeout_allowed>yes</timeout_allowed>
6 warning: <command>: <executable>: "bin/block.sh" is looked up in active-response/bin -> write the file name
6 warning: <command>: <extra_args>: split at every blank, quotes stay in the arguments -> give the script arguments without blanks
7 warning: <command>: a second command "block": the one on line 6 is used -> delete one of the two, or give it another name
# a command that is not there, stands below, or has an error
<command><name>bad</name></command>
<command><name>firewall-drop</name><executable>firewall-drop</executable></command>
<active-response><command>firewall_drop</command><location>local</location><level>6</level></active-response>
<active-response><command>late</command><location>local</location><level>6</level></active-response>
<active-response><command>bad</command><location>local</location><level>6</level></active-response>
<command><name>late</name><executable>late</executable></command>
---
2 error: <command>: it has no <executable>
4 error: <active-response>: there is no command "firewall_drop" -> did you mean "firewall-drop"?
5 error: <active-response>: the command "late" is defined only on line 7 -> move its <command> above this block
6 error: <active-response>: the command "bad" on line 2 has an error -> mend that first
# places
<command><name>c</name><executable>c</executable></command>
<active-response><command>c</command><location>server,all</location><level>6</level></active-response>
<active-response><command>c</command><location>local, all</location><level>6</level></active-response>
<active-response><command>c</command><location> local</location><level>6</level></active-response>
<active-response><command>c</command><location>lokal</location><level>6</level></active-response>
<active-response><command>c</command><location>defined-agent</location><level>6</level></active-response>
<active-response><command>c</command><location>defined-agent</location><agent_id>000</agent_id><level>6</level></active-response>
<active-response><command>c</command><level>6</level></active-response>
---
3 warning: <active-response>: <location>: "server,all" names server and all, but only one place is used: the manager -> write one <active-response> for each place
4 warning: <active-response>: <location>: "local, all" names local and all, but only one place is used: all agents -> write one <active-response> for each place
5 warning: <active-response>: <location>: " local" is read as local -> write <location>local</location>
6 error: <active-response>: <location>: "lokal" is not a location -> did you mean "local"?
7 error: <active-response>: <location>defined-agent</location> needs an <agent_id>
8 warning: <active-response>: <agent_id>: "000" is no agent, so this block is not used -> write an agent number, or <location>server</location> for the manager
9 error: <active-response>: it has no <location> -> write <location>local</location> for the host that saw the event
# what would never run, or never end
<command><name>c</name><executable>c</executable></command>
<active-response><command>c</command><location>local</location></active-response>
<active-response><command>c</command><location>local</location><rules_group>sshd,web</rules_group><timeout>10m</timeout></active-response>
<active-response><command>c</command><location>local</location><rules_group>(a|b)</rules_group></active-response>
<active-response><command>c</command><location>local</location><level>21</level><colour>red</colour></active-response>
---
3 warning: <active-response>: it has no rules_id, rules_group or level, so no alert runs it -> add <rules_id>, <rules_group> or <level>
4 warning: <active-response>: <timeout>: "10m" is read as 10 -> write digits only
4 warning: <active-response>: <rules_group>: "sshd,web" is one pattern, not a list: it asks for exactly this text -> write sshd|web
4 warning: <active-response>: <timeout> is ignored: the command "c" does not allow it -> write <timeout_allowed>yes</timeout_allowed> in the <command> on line 2, or what it does is never undone
5 warning: <active-response>: <rules_group>: "(a|b)" is not a pattern, so it never matches -> write group names with | between them
6 error: <active-response>: unknown element <colour> -> known are command, location, agent_id, rules_id, rules_group, level, timeout, disabled, repeated_offenders, ca_store
6 error: <active-response>: <level>: "21" is not a whole number from 0 to 20
# execd takes the first
<command><name>c</name><executable>c</executable></command>
<active-response><disabled>yes</disabled></active-response>
<active-response><command>c</command><location>local</location><level>6</level><repeated_offenders>1</repeated_offenders></active-response>
<active-response><command>c</command><location>local</location><level>6</level><repeated_offenders>2</repeated_offenders></active-response>
---
3 warning: <active-response>: the first <disabled> counts for all, so none of 2 responses runs -> delete the disabled block, or move it below one with <disabled>no</disabled>
5 warning: <repeated_offenders> is ignored: the first one, on line 4, counts for all responses -> write one list
# as in an agent's file
<active-response><disabled>no</disabled></active-response>
---
2 warning: <active-response>: it only says <disabled>no</disabled> -> delete the block; that is the default => an agent starts, a manager does not
`)
})

test('merges global, alerts and cluster in order', () => {
  const { global } = configOf(`
<global><alerts_log>no</alerts_log><white_list>127.0.0.1</white_list><rotate_interval>1h</rotate_interval></global>
<alerts><log_alert_level>3</log_alert_level></alerts>
<global><alerts_log>yes</alerts_log><white_list>^localhost$</white_list><max_output_size>1G</max_output_size></global>
<cluster><name>wazuh</name><node_name>node01</node_name><hidden>no</hidden></cluster>`)
  assert.deepEqual(global, {
    jsonout_output: true,
    alerts_log: true,
    log_alert_level: 3,
    email_alert_level: 7,
    white_list: ['127.0.0.1', '^localhost$'],
    rotate_interval: 3600,
    max_output_size: 1_073_741_824,
    cluster: { name: 'wazuh', node_name: 'node01' },
  })
  assert.equal(configOf('<cluster><name>w</name><disabled>yes</disabled></cluster>').global.cluster, undefined)
})

test('a wrong option of <global> loses only itself', () => {
  const { global } = configOf(
    '<global><white_list>10.0.0.1</white_list><x>1</x><white_list>10.0.0.999</white_list><white_list>10.0.0.2/24</white_list></global>',
  )
  assert.deepEqual(global.white_list, ['10.0.0.1', '10.0.0.2/24'])
})

test('knows when the white list is not whole', () => {
  for (const [text, expected] of [
    ['<global><white_list>10.0.0.1</white_list><x>1</x></global>', true],
    ['<global><white_list>10.0.0.999</white_list></global>', false],
    ['<global><white_list>10.0.0.1</white_list', false],
  ] as const) {
    const file = { file: 'f', text: `<ossec_config>${text}</ossec_config>` }
    assert.equal(readOssecConf([file]).isWhiteListWhole, expected, text)
  }
})

test('tells what is wrong with global, alerts and cluster', () => {
  check(`
# values
<global>
  <jsonout_output>yess</jsonout_output>
  <white_list>10.0.0.0/33</white_list>
  <white_list>::1</white_list>
  <white_list></white_list>
  <rotate_interval>5m</rotate_interval>
  <max_output_size>1T</max_output_size>
  <whitelist>10.0.0.1</whitelist>
</global>
<alerts><log_alert_level>high</log_alert_level></alerts>
<cluster><name></name></cluster>
---
3 error: <global>: <jsonout_output>: "yess" is not yes or no
4 error: <global>: <white_list>: "10.0.0.0/33" is not an address or network
5 warning: <global>: <white_list>: "::1" is compared as text, anywhere in the address -> write ^::1$, or put it under responses.never in outrider.yaml
6 warning: <global>: <white_list> is empty, which matches every address: no response ever runs
7 error: <global>: <rotate_interval>: "5m" is not 0 or from 10m to 1d -> write a number and one of d, h, m, s, without a blank
8 error: <global>: <max_output_size>: "1T" is not 0 or from 1M to 1024G -> write a number and one of g, m, k, b, without a blank
9 error: <global>: unknown element <whitelist> -> did you mean "white_list"?
11 error: <alerts>: <log_alert_level>: "high" is not a whole number
12 error: <cluster>: <name> is empty
# nothing would be written
<global><jsonout_output>no</jsonout_output><alerts_log>no</alerts_log></global>
---
0 warning: <global>: jsonout_output and alerts_log are both no, so nothing can be sent anywhere -> write <jsonout_output>yes</jsonout_output>
`)
})

test('a second ruleset replaces the first, as in Wazuh', () => {
  const first =
    '<ruleset><rule_dir>etc/rules</rule_dir><decoder_dir pattern="x$">etc/decoders</decoder_dir><list>etc/lists/a</list></ruleset>'
  assert.deepEqual(configOf(first).ruleset, {
    place: { file: 'ossec.conf', line: 1 },
    rule_dir: [{ path: 'etc/rules', pattern: '.xml$' }],
    decoder_dir: [{ path: 'etc/decoders', pattern: 'x$' }],
    rule_include: [],
    decoder_include: [],
    rule_exclude: [],
    decoder_exclude: [],
    list: ['etc/lists/a'],
  })
  const second = configOf(`${first}<ruleset><rule_include>mine.xml</rule_include></ruleset>`).ruleset!
  assert.deepEqual(second.rule_dir, [{ path: 'ruleset/rules', pattern: '.xml$' }])
  assert.deepEqual(second.list, ['etc/lists/a'])
  check(`
# a second ruleset
<ruleset><rule_dir>etc/rules</rule_dir><rule_exclude>0215-policy_rules.xml</rule_exclude><list>etc/lists/a</list></ruleset>
<ruleset><list>etc/lists/mine</list></ruleset>
---
3 warning: <ruleset>: a second <ruleset> replaces the one on line 2; lost: etc/rules, etc/lists/a, the exclusion of 0215-policy_rules.xml -> write everything into one <ruleset>
# options
<ruleset><rule_dir match="x">etc/rules</rule_dir><include>x</include></ruleset>
---
2 error: <ruleset>: <rule_dir> has an attribute "match" -> only pattern is known
2 error: <ruleset>: unknown element <include> -> known are rule_dir, decoder_dir, rule_include, decoder_include, rule_exclude, decoder_exclude, list
`)
})

test('tells what is wrong around the blocks', () => {
  check(`
# sections
<integrations><name>custom-x</name></integrations>
<Global><logall>no</logall></Global>
<rules><include>x.xml</include></rules>
<localfile></localfile>
<syscheck></syscheck>
<var name="x">y</var>
---
2 error: unknown section <integrations> -> did you mean "integration"?
3 error: unknown section <Global> -> names are compared with their case: write <global>
4 error: unknown section <rules> -> this is OSSEC's section: Wazuh calls it <ruleset>, with rule_include, rule_dir, decoder_dir and list
5 warning: <localfile>: it is empty -> delete it
7 warning: <var>: it is ignored: ossec.conf has no variables
# text that counts for nothing
custom-y <!-- as custom-x -->
<integration>
  custom-x
  <name>custom-x</name> <level />
  <rule_id>1</rule_id>
</integration>
---
2 warning: <ossec_config>: the text "custom-y" is ignored -> put it into an element, or into a comment: <!-- … -->
4 warning: <integration>: the text "custom-x" is ignored -> put it into an element, or into a comment: <!-- … -->
5 warning: <integration>: <level> is empty, which means 0
`)
})

test('leaves a file out that is not well formed, and says where the mistake begins', () => {
  const broken = '<ossec_config>\n<localfile>\n<location>C:\\dir\\</location>\n</localfile>\n</ossec_config>\n'
  const good = '<ossec_config><global><white_list>10.0.0.1</white_list></global></ossec_config>'
  const { config, problems, isWhiteListWhole } = readOssecConf([
    { file: 'a.conf', text: broken },
    { file: 'b.conf', text: good },
  ])
  assert.equal(isWhiteListWhole, false)
  assert.deepEqual(config.global.white_list, ['10.0.0.1'])
  assert.deepEqual(problems, [
    {
      severity: 'error',
      file: 'a.conf',
      line: 3,
      message: "not well formed, so nothing of this file is used: Element 'location' not closed.",
      hint: 'close it before any other element ends, with the same letters and no blank before the >',
      wazuh:
        "the manager does not start: \"(1226): Error reading XML file 'a.conf': XMLERR: Element 'location' not closed. (line 4).\"",
    },
  ])
})

test('reads several roots, and only ossec_config', () => {
  const text =
    '<ossec_config/>\n<ossec_config a="1"><alerts><log_alert_level>5</log_alert_level></alerts></ossec_config>\n'
  assert.equal(readOssecConf([{ file: 'f', text }]).config.global.log_alert_level, 5)
  assert.deepEqual(readOssecConf([{ file: 'f', text }]).problems, [])
  assert.deepEqual(problemsOf('<agent_config/>\n<integration><name>x</name></integration>\n<ossec_conf/>\n<x/>'), [
    '1 error: <agent_config> cannot stand at top level -> this is an agent.conf: put what this machine needs into <ossec_config>',
    '2 error: <integration> cannot stand at top level -> put it into <ossec_config>',
    '3 error: <ossec_conf> cannot stand at top level -> did you mean "ossec_config"?',
    '4 error: <x> cannot stand at top level -> only <ossec_config> may stand here',
  ])
})

test('puts secrets into integrations by the function it is given', () => {
  const text = '<ossec_config><integration><name>custom-x</name>\n<api_key>KEY</api_key></integration></ossec_config>'
  const filled = readOssecConf([{ file: 'f', text }], (value) =>
    value === 'KEY'
      ? { text: 'secret', warnings: [{ message: 'everyone can read it' }] }
      : { text: value, warnings: [] },
  )
  assert.equal(filled.config.integrations[0]!.api_key, 'secret')
  assert.deepEqual(
    filled.problems.map(({ severity, line, message }) => [severity, line, message]),
    [['warning', 2, '<integration>: <api_key>: everyone can read it']],
  )
  const missing = readOssecConf([{ file: 'f', text }], (value) =>
    value === 'KEY' ? { error: { message: 'it is not there' } } : { text: value, warnings: [] },
  )
  assert.deepEqual(missing.config.integrations, [])
  assert.equal(missing.problems[0]!.message, '<integration>: <api_key>: it is not there')
})

test('patterns have to compile', () => {
  const text = [
    '<localfile><log_format>json</log_format><location>/a</location><ignore>(</ignore></localfile>',
    '<ruleset><rule_dir pattern="(">etc/rules</rule_dir></ruleset>',
  ]
  const [ignore, pattern] = problemsOf(`<ossec_config>${text.join('\n')}</ossec_config>`)
  assert.match(ignore!, /^1 error: <localfile>: <ignore>: "\(" is not a pcre2 pattern: ./)
  assert.match(pattern!, /^2 error: <ruleset>: <rule_dir>: the pattern "\(" does not compile: ./)
})

const stock = join(import.meta.dirname, '../../../shared/wazuh-4.14.7/etc')

test('finds nothing wrong with the files that Wazuh ships', { skip: !existsSync(stock) && `no ${stock}` }, () => {
  for (const name of ['ossec-server.conf', 'ossec-local.conf', 'ossec-agent.conf']) {
    const file = readFileSync(join(stock, name), 'latin1')
    const { config, problems } = readOssecConf([{ file: name, text: file }])
    const expected = name === 'ossec-agent.conf' ? ['<active-response>: it only says <disabled>no</disabled>'] : []
    assert.deepEqual(
      problems.map(({ message }) => message),
      expected,
      name,
    )
    assert.equal(config.localfiles.length, 7)
    if (name !== 'ossec-agent.conf') {
      assert.equal(config.commands.length, 6)
      assert.deepEqual(config.ruleset?.rule_exclude, ['0215-policy_rules.xml'])
      assert.deepEqual(config.global.white_list, ['127.0.0.1', '^localhost.localdomain$', '10.0.0.2'])
      assert.equal(config.global.log_alert_level, 3)
    }
  }
})
