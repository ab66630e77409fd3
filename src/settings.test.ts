// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in texts are what is tested
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import type { Config } from './config.ts'
import { defineIntegration, defineReceiver, defineResponse, defineWodle } from './define.ts'
import type { Files } from './files.ts'
import { UserError } from './problem.ts'
import { type Definitions, loadConfig } from './settings.ts'

const about = { summary: '', docs: '', example: {} }
const secret = (description: string) => z.string().check(z.minLength(1), z.meta({ description, secret: true }))

const chat = defineIntegration({
  ...about,
  name: 'chat',
  options: z.object({
    hook_url: z.url().check(z.meta({ description: 'Incoming webhook URL.', secret: true })),
    api_key: z.optional(secret('A key.')),
    channel: z._default(z.string(), '#general').check(z.describe('Channel.')),
    colours: z.optional(z.record(z.string(), z.object({ from: z.int().check(z.minimum(0)) }))),
    ca_file: z.optional(z.string()),
    mode: z.optional(z.enum(['short', 'long'])),
  }),
  request: () => undefined,
})
const hook = defineReceiver({
  ...about,
  name: 'hook',
  options: z.object({
    secret: z.union([secret('Its secret.'), z.array(secret('One.'))]).check(z.meta({ secret: true })),
  }),
  receive: () => ({ kind: 'accepted', events: [] }),
  sample: () => ({ headers: {}, body: new Uint8Array() }),
})
const ports = defineWodle({
  ...about,
  name: 'ports',
  options: z.object({ all: z._default(z.boolean(), false) }),
  run: () => [],
})
const response = {
  ...about,
  acts_on: 'address' as const,
  key: () => undefined,
  parseKey: () => undefined,
  add: () => [],
}
const drop = defineResponse({
  ...response,
  name: 'drop',
  options: z.object({ table: z._default(z.string(), 'outrider') }),
})
const remote = defineResponse({ ...response, name: 'remote', options: z.object({ token: secret('Token.') }) })

const load = (definition: unknown) => async () => ({ default: definition }) as never
const definitions: Definitions = {
  integrations: { chat: load(chat) },
  receivers: { hook: load(hook) },
  wodles: { ports: load(ports) },
  responses: { drop: load(drop), remote: load(remote) },
}

type FakeFiles = Record<string, string | { text: string; mode: number }>

function fakeFiles(given: FakeFiles): Files {
  return {
    read(path) {
      const file = given[path]
      if (file === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })
      return Buffer.from(typeof file === 'string' ? file : file.text)
    },
    stat(path) {
      const file = given[path]
      if (file === undefined) return undefined
      return { mode: typeof file === 'string' ? 0o640 : file.mode, isFile: true }
    },
  }
}

const script = { text: '#!/bin/sh\n', mode: 0o750 }

function read(yaml: string, given: FakeFiles = {}, env: Record<string, string> = {}): Promise<Config> {
  return loadConfig({ home: '/o', definitions, env, files: fakeFiles({ '/o/outrider.yaml': yaml, ...given }) })
}

const lines = ({ problems }: Config) =>
  problems.map(
    ({ severity, file, line, message, hint }) => `${file}:${line} ${severity}: ${message}${hint ? ` -> ${hint}` : ''}`,
  )

/** Cases are a title, the file, and the problems after a line of dashes. */
async function check(text: string, given: FakeFiles = {}, env: Record<string, string> = {}): Promise<void> {
  for (const piece of text.split(/^## /m).slice(1)) {
    const title = piece.slice(0, piece.indexOf('\n'))
    const [yaml = '', expected = ''] = piece.slice(title.length + 1).split(/^====\n/m)
    // How an expression is wrong is tested where expressions are.
    const found = lines(await read(yaml, given, env)).map((line) => line.replace(/(\.where: ).*/, '$1EXPRESSION'))
    assert.equal(found.join('\n'), expected.trim(), title)
  }
}

test('an empty file gives the defaults', async () => {
  const { ossec, ...config } = await read('# nothing yet\n')
  assert.deepEqual(config, {
    home: '/o',
    engine: 'embedded',
    alerts_file: '/o/logs/alerts/alerts.json',
    rules: [],
    decoders: [],
    lists: [],
    listen: { host: '127.0.0.1', port: 9750 },
    destinations: [],
    receivers: [],
    wodles: [],
    responses: {
      enabled: false,
      options: { drop: { table: 'outrider' } },
      unusable: [],
      never: [],
      max_per_minute: 60,
      deadline: 30,
    },
    demo: undefined,
    secrets: [],
    problems: [],
  })
  assert.deepEqual(ossec.integrations, [])
})

test('reads every section', async () => {
  const config = await read(
    `
listen: { host: 0.0.0.0, port: 0 }
engine: beside
alerts: /var/ossec/logs/alerts/alerts.json
rules: [etc/more, /opt/r.xml]
destinations:
  soc:
    type: chat
    hook_url: https://chat.example/hook/1234
    level: 7
    rule_id: 5710, 5712
    group: sshd, web
    event_location: ^/var/log
    where: rule.level > 3
    except: agent.name == "lab"
    concurrency: 1
    deadline: 1m
    rate: 0.5
    fallback: file
    ca_file: etc/ca.pem
  file:
    type: script
    name: custom-file
    api_key: a key
    options: { channel: "#x" }
    rule_id: [5710]
    from: start
receivers:
  github:
    type: hook
    secret: [one secret, two secret]
    max_body: 5M
wodles:
  ports:
    type: ports
    interval: 10m
responses:
  enabled: true
  never: [10.0.0.0/8]
  deadline: 5s
  options:
    remote: { token: remote token }
demo: { port: 9751 }
`,
    { '/o/etc/more': '', '/opt/r.xml': '', '/o/integrations/custom-file': script },
  )
  const place = (line: number) => ({ file: 'outrider.yaml', line })
  const filter = { level: 0, rule_id: [5710], group: undefined, event_location: undefined }
  const { ossec, ...rest } = config
  assert.deepEqual(rest, {
    home: '/o',
    engine: 'beside',
    alerts_file: '/var/ossec/logs/alerts/alerts.json',
    rules: ['/o/etc/more', '/opt/r.xml'],
    decoders: [],
    lists: [],
    listen: { host: '0.0.0.0', port: 0 },
    destinations: [
      {
        place: place(7),
        name: 'soc',
        type: 'chat',
        options: { hook_url: 'https://chat.example/hook/1234', channel: '#general', ca_file: '/o/etc/ca.pem' },
        script: undefined,
        filter: { level: 7, rule_id: [5710, 5712], group: 'sshd,web', event_location: '^/var/log' },
        where: 'rule.level > 3',
        except: 'agent.name == "lab"',
        concurrency: 1,
        deadline: 60,
        rate: 0.5,
        fallback: 'file',
        from: 'now',
      },
      {
        place: place(21),
        name: 'file',
        type: 'script',
        options: {},
        script: {
          place: place(21),
          name: 'custom-file',
          hook_url: undefined,
          api_key: 'a key',
          ...filter,
          max_log: 165,
          alert_format: 'json',
          options: '{"channel":"#x"}',
          timeout: 10,
          retries: 3,
        },
        filter,
        where: undefined,
        except: undefined,
        concurrency: 1,
        deadline: 30,
        rate: undefined,
        fallback: undefined,
        from: 'start',
      },
    ],
    receivers: [
      {
        place: place(29),
        name: 'github',
        type: 'hook',
        path: '/webhook/github',
        file: '/o/queue/events/webhook-github.json',
        options: { secret: ['one secret', 'two secret'] },
        max_body: 5_242_880,
      },
    ],
    wodles: [
      { place: place(34), tag: 'ports', type: 'ports', interval: 600, run_on_start: true, options: { all: false } },
    ],
    responses: {
      enabled: true,
      options: { drop: { table: 'outrider' }, remote: { token: 'remote token' } },
      unusable: [],
      never: ['10.0.0.0/8'],
      max_per_minute: 60,
      deadline: 5,
    },
    demo: { port: 9751 },
    secrets: ['https://chat.example/hook/1234', 'a key', 'one secret', 'two secret', 'remote token'],
    problems: [],
  })
})

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
outrider.yaml:10 error: destinations.a.rate: not a number (got "fast") -> At most this many requests a second. Default: no limit.
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

test('secrets come from the environment and files, and are never shown', async () => {
  const given = { '/o/etc/token': 'not a url\n', '/run/open': { text: 'open-secret', mode: 0o644 } }
  await check(
    `
## missing ones
destinations:
  a: { type: chat, hook_url: "\${env:NONE}/x", channel: 7 }
  b: { type: chat, hook_url: "\${file:etc/none}" }
====
outrider.yaml:2 error: destinations.a.hook_url: the environment variable NONE is not set -> set it, or use \${file:…}
outrider.yaml:2 error: destinations.a.channel: not text (got 7) -> put it in quotes
outrider.yaml:3 error: destinations.b.hook_url: the file /o/etc/none is not there -> create it with the secret in it, readable by its owner only (chmod 600)
## wrong ones, and one that others can read
destinations:
  a: { type: chat, hook_url: "https://x.example/", mode: "\${file:etc/token}" }
  b: { type: chat, hook_url: "\${file:etc/token}", api_key: "\${file:/run/open}" }
====
outrider.yaml:2 error: destinations.a.mode: not one of short, long
outrider.yaml:3 warning: destinations.b.api_key: everyone on this machine can read /run/open -> chmod o-rwx /run/open
outrider.yaml:3 error: destinations.b.hook_url: not a URL -> a URL has no blanks: delete it, or write %20
`,
    given,
  )
  const config = await read(
    `destinations:\n  a: { type: chat, hook_url: "https://x.example/\${env:PART}", api_key: "\${file:/run/open}" }`,
    given,
    { PART: 'part-1' },
  )
  assert.equal(config.destinations[0]!.options.hook_url, 'https://x.example/part-1')
  assert.deepEqual(config.secrets, ['part-1', 'open-secret', 'https://x.example/part-1'])
})

test('names, paths and tags are given once', async () => {
  const conf = `<ossec_config>
  <integration><name>custom-x</name></integration>
  <wodle name="command"><tag>ports</tag><command>ss</command></wodle>
</ossec_config>`
  await check(
    `
## conflicts
destinations:
  custom-x: { type: chat, hook_url: "https://x.example/" }
  twice: { type: chat, hook_url: "https://x.example/" }
  twice: { type: chat, hook_url: "https://y.example/" }
receivers:
  one: { type: hook, secret: secret }
  two: { type: hook, secret: secret, path: /webhook/one }
  three: { type: hook, secret: secret, path: /api/x }
  four: { type: hook, secret: secret, path: webhook }
wodles:
  ports: { type: ports }
====
outrider.yaml:2 error: destinations.custom-x: the name is taken by the <integration> in etc/ossec.conf on line 2 -> give this one another name
outrider.yaml:4 error: "twice" stands here again, the one on line 3 is used -> delete one of the two, or give it another name
outrider.yaml:7 error: receivers.two.path: "/webhook/one" is the path of "one" too -> give each its own path
outrider.yaml:8 error: receivers.three.path: "/api/x" belongs to the console and the API -> write a path such as /webhook/github
outrider.yaml:9 error: receivers.four.path: not a path: it begins with / and has no blank, ? or # (got "webhook") -> URL path. Default: /webhook/NAME.
outrider.yaml:11 error: wodles.ports: the <wodle> in etc/ossec.conf on line 3 has this tag -> give one of the two another name
`,
    { '/o/etc/ossec.conf': conf, '/o/integrations/custom-x': script },
  )
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

test('responses stay a dry run while the white list is not whole', async () => {
  const broken = { '/o/etc/ossec.conf': '<ossec_config>' }
  for (const [yaml, given] of [
    ['', broken],
    ['ossec_conf: [etc/none]\n', {}],
    ['', { '/o/etc/ossec.conf': '<ossec_config><global><white_list>1.2.3.400</white_list></global></ossec_config>' }],
  ] as const) {
    const config = await read(`${yaml}responses: { enabled: true }`, given)
    assert.equal(config.responses.enabled, false)
    assert.ok(
      lines(config).some((line) => line.includes('responses only say what they would do')),
      yaml,
    )
  }
  assert.equal((await read('responses: { enabled: true }')).responses.enabled, true)
})

test('a response with wrong options is not used with its defaults', async () => {
  const { responses } = await read('responses: { options: { drop: { tabel: x } } }')
  assert.deepEqual([responses.options, responses.unusable], [{}, ['drop']])
})

test('what is not YAML, or would make another program of it, stops it with all that is wrong', async () => {
  const errorOf = async (yaml: string) => {
    const error = await read(yaml).catch((thrown: unknown) => thrown)
    assert.ok(error instanceof UserError, yaml)
    return `${error.message}${error.hint ? ` -> ${error.hint}` : ''}`
  }
  assert.equal(
    await errorOf('listen: { port: 70000 }\nengine: besides\ndestinations:\n  a: { type: chatt }\n'),
    `the configuration has errors
outrider.yaml:1 error: listen.port: not at most 65535 (got 70000)
  hint: Port; 0 is any free one. Default: 9750.
outrider.yaml:2 error: engine: not one of embedded, beside (got "besides")
  hint: did you mean "beside"?
outrider.yaml:4 error: destinations.a.type: there is no integration "chatt"
  hint: did you mean "chat"?`,
  )
  assert.equal(
    await errorOf('listen:\n\tport: 1\nx: [1\n'),
    `the configuration has errors
outrider.yaml:2 error: tabs are not allowed as indentation
  hint: indent with blanks, not with tabs
outrider.yaml:4 error: flow sequence in block collection must be sufficiently indented and end with a ]
  hint: indent everything that belongs together by the same number of blanks`,
  )
  assert.equal(
    await errorOf('- a\n'),
    'outrider.yaml does not hold options -> write lines such as "listen: { port: 9750 }"',
  )
})

test('a file that was named must be there; the home folder follows from it', async () => {
  const files = fakeFiles({ '/c/o.yaml': 'home: ../h\n', '/h/etc/ossec.conf': '<ossec_config/>' })
  const env = {}
  const config = await loadConfig({ file: '/c/o.yaml', definitions, env, files })
  assert.equal(config.home, '/h')
  assert.deepEqual(config.problems, [])
  const other = await loadConfig({ file: '/c/o.yaml', home: '/o', definitions, env, files })
  assert.equal(other.home, '/o')
  assert.deepEqual(lines(other), ['/c/o.yaml:1 warning: home: is not used: the command line says /o'])
  await assert.rejects(loadConfig({ file: '/c/none.yaml', definitions, env, files }), /none\.yaml is not there/)
  assert.deepEqual((await loadConfig({ home: '/nowhere', definitions, env, files })).problems, [])
})
