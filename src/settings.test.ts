// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in texts are what is tested
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from './problem.ts'
import { loadConfig } from './settings.ts'
import { check, definitions, fakeFiles, lines, read, script } from './settings-testing.ts'

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
outrider.yaml:8 error: receivers.three.path: "/api/x" belongs to the console, the API or the blocklist -> write a path such as /webhook/github
outrider.yaml:9 error: receivers.four.path: not a path: it begins with / and has no blank, ? or # (got "webhook") -> URL path. Default: /webhook/NAME.
outrider.yaml:11 error: wodles.ports: the <wodle> in etc/ossec.conf on line 3 has this tag -> give one of the two another name
`,
    { '/o/etc/ossec.conf': conf, '/o/integrations/custom-x': script },
  )
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

test('a wrong option beside "enabled" keeps responses at saying what they would do', async () => {
  await check(`
## a guard that is lost
responses: { enabled: true, never: 10.0.0.1, max_per_minut: 3 }
====
outrider.yaml:1 error: responses.max_per_minut: no such option -> did you mean "max_per_minute"?
outrider.yaml:1 error: responses.never: not a list (got "10.0.0.1") -> write [10.0.0.1]
outrider.yaml:1 error: responses.enabled: responses only say what they would do, because of the errors in max_per_minut, never -> mend them
`)
  const { responses } = await read('responses: { enabled: true, options: { remote: { token: "${env:NONE}" } } }')
  assert.deepEqual([responses.enabled, responses.unusable], [true, ['remote']])
  assert.deepEqual((await read('responses: { options: [drop] }')).responses.unusable, ['drop', 'remote'])
  assert.equal((await read('responses: [enabled]')).responses.enabled, false)
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

test('which contract a script speaks, and which commands block nothing, by the name of the command', async () => {
  const config = await read('responses: { dialect: { old: ossec }, unguarded: [page-me] }')
  assert.deepEqual([config.responses.dialect, config.responses.unguarded], [{ old: 'ossec' }, ['page-me']])
  assert.deepEqual(lines(config), [])
  const wrong = await read('responses: { enabled: true, dialect: { old: ossek } }')
  assert.equal(wrong.responses.enabled, false)
  assert.match(lines(wrong)[0]!, /responses\.dialect\.old/)
})

test('a receiver cannot have the path of the blocklist', async () => {
  const config = await read('receivers: { one: { type: hook, secret: secret, path: /blocklist/blocklist } }')
  assert.deepEqual(config.receivers, [])
  assert.match(lines(config)[0]!, /receivers\.one\.path: "\/blocklist\/blocklist" belongs to/)
})
