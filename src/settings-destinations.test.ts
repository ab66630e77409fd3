// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in texts are what is tested
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, lines, read, script } from './settings-testing.ts'

test('every error of a destination names its line and option; the others run', async () => {
  await check(`
## options of the definition
destinations:
  good:
    type: chat
    hook_url: https://chat.example/
  soc-slack:
    type: chat
    hook_url: chat.example/hook
    chanel: "#soc"
    channel: 7
    mode: shrt
    colours:
      red: { from: -1, to: 3 }
====
outrider.yaml:7 error: destinations.soc-slack.hook_url: not a URL -> add https:// in front
outrider.yaml:8 error: destinations.soc-slack.chanel: no such option -> did you mean "channel"?
outrider.yaml:9 error: destinations.soc-slack.channel: not text (got 7) -> put it in quotes
outrider.yaml:10 error: destinations.soc-slack.mode: not one of short, long (got "shrt") -> did you mean "short"?
outrider.yaml:12 error: destinations.soc-slack.colours.red.to: no such option -> known are from
outrider.yaml:12 error: destinations.soc-slack.colours.red.from: not at least 0 (got -1)
## options of every destination
destinations:
  a:
    type: chat
    levle: 3
    hook_url:
    level: "7"
    rule_id: 57x
    concurrency: 0
    deadline: soon
    rate: fast
    from: begin
    where: rule.level >
====
outrider.yaml:4 error: destinations.a.levle: no such option -> did you mean "level"?
outrider.yaml:5 error: destinations.a.hook_url: is empty -> Incoming webhook URL.
outrider.yaml:6 error: destinations.a.level: not a number (got "7") -> write it without quotes
outrider.yaml:7 error: destinations.a.rule_id: not a list of rule ids such as 5710,5712 (got "57x")
outrider.yaml:8 error: destinations.a.concurrency: not at least 1 (got 0) -> How many alerts are sent at once; 1 keeps their order. Default: 1 for scripts, 4 for others.
outrider.yaml:9 error: destinations.a.deadline: not a duration such as 30s, 10m, 1h or 1d (got "soon")
outrider.yaml:10 error: destinations.a.rate: not a number (got "fast") -> At most this many requests a second. Default: no limit, or what the service takes.
outrider.yaml:11 error: destinations.a.from: not one of now, start (got "begin") -> Where a new destination begins: with the next alert (now), or with what alerts.json holds (start). Default: now.
outrider.yaml:12 error: destinations.a.where: EXPRESSION
## types
destinations:
  a: { type: chatt }
  b: { type: custom-iris }
  c: { hook_url: "https://x.example/" }
  d: { type: script }
  "e f": { type: chat }
  f: { type: script, name: iris }
  g: chat
receivers:
  h: { type: hok, secret: secret }
wodles: [ports]
responses:
  options:
    dorp: {}
    remote: {}
====
outrider.yaml:2 error: destinations.a.type: there is no integration "chatt" -> did you mean "chat"?
outrider.yaml:3 error: destinations.b.type: there is no integration "custom-iris" -> write type: script and name: custom-iris
outrider.yaml:4 error: destinations.c.type: is missing -> Name of an integration, or script for a program in integrations/.
outrider.yaml:5 error: destinations.d.name: is missing -> File name in integrations/, such as custom-iris.
outrider.yaml:6 error: destinations.e f: not a name -> use letters, digits, ".", "-" and "_", with a letter or digit first
outrider.yaml:7 error: destinations.f: integration "iris" is not known; a script's name begins with "custom-"
outrider.yaml:8 error: destinations.g: has no options -> write its options below it, indented
outrider.yaml:10 error: receivers.h.type: there is no receiver "hok" -> did you mean "hook"?
outrider.yaml:11 error: wodles: not a group of entries -> write a name for each, and its options below the name
outrider.yaml:14 error: responses.options.dorp: there is no response "dorp" -> did you mean "drop"?
outrider.yaml:15 error: responses.options.remote.token: is missing -> Token.
## sections
destination:
  a: { type: chat }
responses: { enabled: yes, max_per_minute: 1.5 }
rules: etc/rules
lists: [etc/none]
alerts: /a.json
====
outrider.yaml:1 error: destination: no such section -> did you mean "destinations"?
outrider.yaml:3 error: responses.enabled: not true or false (got "yes") -> write true
outrider.yaml:3 error: responses.max_per_minute: not a whole number (got 1.5) -> At most this many new blocks a minute. Default: 60.
outrider.yaml:4 error: rules: not a list (got "etc/rules") -> write [etc/rules]
outrider.yaml:5 error: lists[0]: /o/etc/none is not there -> paths are meant from the home folder
outrider.yaml:6 warning: alerts: is not used: our own engine writes its alerts below the home folder -> write engine: beside to follow this file
`)
})

test('a password that stands in an address is not shown', async () => {
  const yaml = 'destinations:\n  a: { type: chat, hook_url: "https://x.example/", rate: "nats://u:pw@host" }\n'
  const [line] = lines(await read(yaml))
  assert.match(line!, /destinations\.a\.rate: not a number \(got "nats:\/\/\*\*\*@host"\)/)
})

test('a fallback is another destination, and ends somewhere', async () => {
  const yaml = (fallbacks: Record<string, string>) =>
    `destinations:\n${['a', 'b', 'c'].map((name) => `  ${name}: { type: chat, hook_url: "https://x.example/"${fallbacks[name] ? `, fallback: ${fallbacks[name]}` : ''} }\n`).join('')}`
  assert.deepEqual(lines(await read(yaml({ a: 'b', b: 'c' }))), [])
  const none = await read(yaml({ a: 'd' }))
  assert.deepEqual(lines(none), [
    'outrider.yaml:2 error: destinations.a.fallback: there is no destination "d" -> did you mean "a"?',
  ])
  assert.equal(none.destinations[0]!.fallback, undefined)
  assert.deepEqual(lines(await read(yaml({ a: 'b', b: 'c', c: 'a' }))), [
    'outrider.yaml:2 error: destinations.a.fallback: goes round in a circle: a, b, c, a -> let the last one have none',
  ])
})

test('<integration> blocks become destinations: a script, or one of ours when there is no script', async () => {
  const conf = `<ossec_config>
<integration><name>custom-x</name><api_key>key-of-x</api_key><level>7</level><timeout>60</timeout></integration>
<integration><name>custom-x</name><group>sshd</group></integration>
<integration><name>custom-chat</name><hook_url>https://chat.example/services/T000/B000</hook_url><options>{"channel":"#soc"}</options></integration>
<integration><name>chat</name><hook_url>https://chat.example/</hook_url></integration>
<integration><name>chatt</name></integration>
<integration><name>slack</name></integration>
<integration><name>custom-gone</name></integration>
<integration><name>custom-chat</name></integration>
<integration><name>custom-chat</name><hook_url>chat</hook_url></integration>
<integration><name>custom-chat</name><hook_url>https://chat.example/</hook_url><options>{"chanel":"#soc"}</options></integration>
<integration><name>custom-chat</name><hook_url>https://chat.example/</hook_url><options>channel</options></integration>
<integration><name>plain</name></integration>
</ossec_config>`
  const config = await read('', {
    '/o/etc/ossec.conf': conf,
    '/o/integrations/custom-x': script,
    '/o/integrations/slack': script,
    '/o/integrations/plain': script,
  })
  assert.deepEqual(
    config.destinations.map(({ name, type, deadline, concurrency, options }) => [
      name,
      type,
      deadline,
      concurrency,
      options,
    ]),
    [
      ['custom-x', 'script', 240, 1, {}],
      ['custom-x-2', 'script', 40, 1, {}],
      ['custom-chat', 'chat', 30, 4, { channel: '#soc', hook_url: 'https://chat.example/services/T000/B000' }],
      ['chat', 'chat', 30, 4, { channel: '#general', hook_url: 'https://chat.example/' }],
      ['custom-gone', 'script', 40, 1, {}],
    ],
  )
  assert.deepEqual(lines(config), [
    'etc/ossec.conf:6 error: <integration>: there is no script integrations/chatt, and no integration of ours called "chatt" -> did you mean "chat"?',
    'etc/ossec.conf:7 error: <integration>: "slack" needs <hook_url>',
    'etc/ossec.conf:8 error: the integration has no script: /o/integrations/custom-gone is not there -> copy it there, then: chmod 750 /o/integrations/custom-gone',
    'etc/ossec.conf:9 error: <integration>: chat needs hook_url -> write <hook_url>',
    'etc/ossec.conf:10 error: <integration>: hook_url: not a URL -> Incoming webhook URL.',
    'etc/ossec.conf:11 error: <integration>: <options>: chat has no option "chanel" -> did you mean "channel"?',
    'etc/ossec.conf:12 error: <integration>: <options> is not a JSON object -> write {"name": "value"}; the options of chat are hook_url, api_key, channel, colours, ca_file, mode',
    'etc/ossec.conf:13 error: <integration>: integration "plain" is not known; a script\'s name begins with "custom-"',
  ])
  assert.deepEqual(config.secrets, [
    'key-of-x',
    '/services/T000/B000',
    'https://chat.example/services/T000/B000',
    'https://chat.example/',
  ])
})

test('secrets of ossec.conf come from the environment too', async () => {
  const conf =
    '<ossec_config><integration><name>custom-x</name>\n<api_key>${env:KEY}</api_key></integration></ossec_config>'
  const given = { '/o/etc/ossec.conf': conf, '/o/integrations/custom-x': script }
  const config = await read('', given, { KEY: 'the key' })
  assert.equal(config.destinations[0]!.script!.api_key, 'the key')
  assert.deepEqual(config.secrets, ['the key'])
  assert.deepEqual(lines(await read('', given)), [
    'etc/ossec.conf:2 error: <integration>: <api_key>: the environment variable KEY is not set -> set it, or use ${file:…}',
  ])
})

test('incidents, digests and storms: what is read', async () => {
  for (const [given, expected] of [
    ['digest: 1h', { digest: { every: 3600 } }],
    ['digest: 08:00', { digest: { at: ['08:00'] } }],
    ['digest: ["08:00", "17:00"]', { digest: { at: ['08:00', '17:00'] } }],
    ['storm: { alerts: 100, within: 5m }', { storm: { alerts: 100, within: 300 } }],
    ['catch_up: 0.5', { catch_up: 0.5 }],
    ['silences: false', { silences: false }],
    [
      `group_by: [agent.id], resolve_on: 'rule.id == "503"', resolve_after: 1d, resolve_with_block: true`,
      { group_by: ['agent.id'], resolve_on: 'rule.id == "503"', resolve_after: 86_400, resolve_with_block: true },
    ],
  ] as const) {
    const config = await read(`destinations:\n  d: { type: chat, hook_url: "https://x.example/", ${given} }\n`)
    assert.deepEqual(lines(config), [], given)
    assert.partialDeepStrictEqual(config.destinations[0], expected)
  }
  const { longest_silence } = await read('silences: { longest: 7d }\n')
  assert.equal(longest_silence, 604_800)
})

test('incidents, digests and storms: what cannot be, with the mend', async () => {
  const grouping = 'say which alerts are one incident, such as group_by: [agent.id]'
  const once = 'neither a time such as 30m, 1h or 1d, nor a time of day such as 08:00'
  for (const [given, message] of [
    ['digest: 25:00', `error: destinations.d.digest: ${once} (got "25:00")`],
    ['digest: 10s', `error: destinations.d.digest: ${once} (got "10s")`],
    [
      'digest: 1h, group_by: []',
      'error: destinations.d.group_by: cannot be together with digest -> take out digest, or group_by',
    ],
    [
      'digest: 1h, storm: { alerts: 1, within: 1m }',
      'error: destinations.d.storm: cannot be together with digest -> take out digest, or storm',
    ],
    [
      'storm: { alerts: 0, within: 1m }',
      'error: destinations.d.storm.alerts: not at least 1 (got 0) -> More messages than this are a storm.',
    ],
    [
      `resolve_on: 'rule.id == "503"'`,
      `error: destinations.d.resolve_on: means nothing without group_by -> ${grouping}`,
    ],
    ['repeat: 5m', `warning: destinations.d.repeat: means nothing without group_by -> ${grouping}`],
    [
      'group_by: [], resolve_on: "rule.id == 503"',
      'error: destinations.d.resolve_on: "rule.id" is text and is compared with the number 503, which never holds (column 12) -> write "503" in quotes',
    ],
    [
      'group_by: [], resolve_after: 10m',
      'error: destinations.d.resolve_after: is shorter than repeat (1h) -> make repeat shorter, too',
    ],
  ] as const) {
    const config = await read(`destinations:\n  d: { type: chat, hook_url: "https://x.example/", ${given} }\n`)
    assert.deepEqual(lines(config), [`outrider.yaml:2 ${message}`])
    assert.equal(config.destinations.length, message.startsWith('warning') ? 1 : 0)
  }
})
