/** Built responses under a stand-in execd: firewall-api against a server on loopback, firewall-drop against the kernel. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { type Built, buildScript } from '../src/build/build.ts'
import { createSession, loadRuleset } from '../src/engine/index.ts'
import { skip, stockSources } from '../src/engine/testing/stock.ts'
import { listenForScripts } from '../src/runners/script-server.ts'
import { type HandOver, type HandOverAnswer, socketPath } from '../src/runners/script-socket.ts'
import { listen } from '../src/testing/listen.ts'
import { makeHome } from './support/outrider.ts'
import { execd, execdDelete, execdLine, logLines, type Order, ossecExecd } from './support/stand-ins.ts'
import { startTarget } from './support/target.ts'

const built = new Map<string, Built>()
const shelf = mkdtempSync(join(tmpdir(), 'outrider-built-'))
before(async () => {
  for (const name of ['firewall-api', 'firewall-drop']) built.set(name, await buildScript({ name, out: shelf }))
})
after(() => rmSync(shelf, { recursive: true }))

function homeWith(t: TestContext, name: string, options?: object): string {
  const home = makeHome(t)
  for (const folder of ['active-response/bin', 'logs', 'queue', 'etc/shared'])
    mkdirSync(join(home, folder), { recursive: true })
  const path = join(home, 'active-response/bin', name)
  writeFileSync(path, readFileSync(built.get(name)!.file), { mode: 0o750 })
  if (options) writeFileSync(`${path}.json`, JSON.stringify(options), { mode: 0o640 })
  return home
}

const order = (change: Partial<Order> = {}): Order => ({
  script: 'firewall-api',
  alert: {
    rule: { level: 5, id: '5763', description: 'sshd: brute force' },
    id: '1.1',
    data: { srcip: '203.0.113.9' },
  },
  ...change,
})
const add = (home: string, change: Partial<Parameters<typeof execd>[2]> = {}) => {
  const given = { ...order(), ...change }
  return execd(home, execdLine('add', given), given)
}
const remove = (home: string) => execdDelete(home, execdLine('delete', order()), order())
const log = (home: string) => logLines(home, 'active-responses.log')
/** Without date and name. */
const said = (home: string) =>
  log(home).map((line) => line.replace(/^\S+ \S+ active-response\/bin\/firewall-api: /, ''))

// ---------------------------------------------------------------------------------------------------------------- the handshake

test('asks execd, acts when it may go on, and takes it back', async (t) => {
  const asked: string[] = []
  const api = await startTarget(t, ({ path, body }) => {
    asked.push(`${path} ${body}`.trim())
    return { status: 200 }
  })
  const home = homeWith(t, 'firewall-api', { url: api.url, token: 'SECRET-TOKEN' })
  const { result, answer } = await add(home)
  assert.equal(
    answer,
    '{"version":1,"origin":{"name":"firewall-api","module":"active-response"},"command":"check_keys","parameters":{"keys":["203.0.113.9"]}}',
  )
  assert.equal(result.output, `${answer}\n`, 'nothing else is printed')
  assert.equal(result.code, 0)
  assert.equal(api.taken[0]!.headers.authorization, 'Bearer SECRET-TOKEN')
  assert.equal((await remove(home)).code, 0)
  assert.deepEqual(asked, [
    '/rules {"action":"block","source":"203.0.113.9","reason":"Wazuh Active Response - automated block"}',
    '/rules/203.0.113.9',
  ])
  const lines = log(home)
  assert.equal(
    lines[0]!.replace(/^\S+ \S+ /, ''),
    `active-response/bin/firewall-api: ${execdLine('add', order()).trim()}`,
  )
  assert.match(lines[0]!, /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d active-response\/bin\/firewall-api: \{"version":1,/)
  assert.match(lines[1]!, /Ended: acted on 203\.0\.113\.9 in \d+ ms$/)
  assert.match(lines[3]!, /Ended: undid 203\.0\.113\.9 in \d+ ms$/)
})

test('does nothing when execd says abort, something else, or nothing', async (t) => {
  const api = await startTarget(t)
  const home = homeWith(t, 'firewall-api', { url: api.url, token: 'x' })
  const abort = execdLine('abort', order())
  assert.equal((await add(home, { reply: (_, { say }) => say(abort) })).result.code, 0)
  assert.match(said(home).at(-1)!, /^Aborted: execd has 203\.0\.113\.9 in force already$/)
  for (const line of ['', 'hello\n']) {
    const run = await add(home, { reply: (_, { say }) => say(line) })
    assert.equal(run.result.code, 1)
    assert.match(said(home).at(-2)!, /^Error: execd gave no answer to check_keys for 203\.0\.113\.9; nothing was done$/)
  }
  assert.deepEqual(api.taken, [])
})

test('what fails is said, and not logged as a block', async (t) => {
  const api = await startTarget(t, () => ({ status: 500 }))
  const home = homeWith(t, 'firewall-api', { url: api.url, token: 'SECRET-TOKEN' })
  assert.equal((await add(home)).result.code, 1)
  const [error, status, ...more] = said(home)
  assert.match(error!, /^Error: 203\.0\.113\.9: 127\.0\.0\.1:\d+: HTTP 500$/)
  assert.deepEqual(more, [])
  const { message: _, ...rest } = JSON.parse(status!)
  assert.deepEqual(rest, { script: 'firewall-api', status: 'inactive' })
})

test('a service that hangs costs no more than the deadline', async (t) => {
  const server = createServer(() => {})
  const url = `http://127.0.0.1:${await listen(t, server)}`
  const home = homeWith(t, 'firewall-api', { url, token: 'x', deadline: 1 })
  const { result } = await add(home)
  assert.ok(result.duration_ms < 20_000, `${result.duration_ms} ms`)
  assert.match(said(home)[0]!, /^Error: .*no answer within/)
})

test('a script that is killed half way is taken back like any other', async (t) => {
  const asked = Promise.withResolvers<void>()
  const requests: string[] = []
  const server = createServer(({ method, url }, response) => {
    requests.push(`${method} ${url}`)
    if (method === 'DELETE') return response.end()
    asked.resolve()
  })
  const url = `http://127.0.0.1:${await listen(t, server)}`
  const home = homeWith(t, 'firewall-api', { url, token: 'x' })
  const { result } = await add(home, {
    reply(_, { say, stop }) {
      say(execdLine('continue', order()))
      void asked.promise.then(stop)
    },
  })
  assert.equal(result.code, null)
  // execd has it on its list by now, for it had the keys.
  assert.equal((await remove(home)).code, 0)
  assert.deepEqual(requests, ['POST /rules', 'DELETE /rules/203.0.113.9'])
})

// ---------------------------------------------------------------------------------------------------------- contracts and options

test('speaks with OSSEC and Wazuh 5 too', async (t) => {
  const api = await startTarget(t)
  const home = homeWith(t, 'firewall-api', { url: api.url, token: 'x' })
  const args = ['-', '203.0.113.9', '1795211238.0', '5763', '/var/log/auth.log', '-']
  const ossec = await ossecExecd(home, 'firewall-api', ['add', ...args])
  assert.deepEqual([ossec.code, ossec.output], [0, ''], 'there is no handshake')
  assert.match(
    log(home)[0]!,
    /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [+-]\d{4} \d{4} \/\S+\/active-response\/bin\/firewall-api add - 203\.0\.113\.9 1795211238\.0 5763 /,
  )
  assert.equal((await ossecExecd(home, 'firewall-api', ['delete', ...args])).code, 0)

  const message = (command: string) =>
    `${JSON.stringify({
      wazuh: { active_response: { type: 'stateful', stateful_timeout: 600, extra_arguments: 'reason=five' } },
      'source.ip': '2001:DB8::9',
      command,
    })}\n`
  const run = await execd(home, message('enable'), order())
  assert.equal(JSON.parse(run.answer!).parameters.keys[0], '2001:db8::9')
  assert.equal((await execdDelete(home, message('disable'), order())).code, 0)
  assert.deepEqual(
    api.taken.map(({ path, body }) => [path, body && JSON.parse(body).reason]),
    [
      ['/rules', 'Wazuh Active Response - automated block'],
      ['/rules/203.0.113.9', ''],
      ['/rules', 'five'],
      ['/rules/2001%3Adb8%3A%3A9', ''],
    ],
  )
})

test('says what is wrong with an order or its options, and prints nothing', async (t) => {
  const home = homeWith(t, 'firewall-api', {
    url: 'http://127.0.0.1:1',
    token: 'SECRET-TOKEN',
    never: ['198.51.100.0/24'],
  })
  const withIp = (srcip: string) => order({ alert: { data: { srcip } } })
  const cases: [line: string, said: RegExp][] = [
    ['hello\n', /^Error: Invalid input format: not JSON$/],
    [execdLine('continue', order()), /^Error: Invalid value of 'command': "continue"$/],
    [execdLine('add', order({ alert: {} })), /^Error: the alert names no address to act on$/],
    [execdLine('add', withIp('$(reboot)')), /^Error: the alert names no address to act on$/],
    [execdLine('add', withIp('127.0.0.1')), /^Refused \(loopback\): 127\.0\.0\.0\/8 is loopback$/],
    [execdLine('add', withIp('198.51.100.7')), /^Refused \(never\): /],
    [execdLine('add', order({ extra_args: ['fast'] })), /^Error: wrong options: extra_args: "fast" is not name=value$/],
    [
      execdLine('add', order({ extra_args: ['tokn=x'] })),
      /^Error: wrong options: extra_args: there is no option "tokn" \(did you mean "token"\?\)$/,
    ],
    [execdLine('add', order({ extra_args: ['url=SECRET-TOKEN'] })), /^Error: wrong options: option url: not a URL/],
  ]
  for (const [line, expected] of cases) {
    writeFileSync(join(home, 'logs', 'active-responses.log'), '')
    const { result, answer } = await execd(home, line, order())
    assert.equal(answer, undefined)
    assert.equal(result.code, expected.source.startsWith('^Refused') ? 0 : expected.source.includes('options') ? 2 : 1)
    assert.match(said(home)[0]!, expected)
    assert.doesNotMatch(said(home).join('\n'), /SECRET-TOKEN/)
  }
})

test('its lines become the alerts that Wazuh has for its own responses', { skip }, async (t) => {
  const { ruleset } = loadRuleset(stockSources())
  const session = createSession(ruleset!, {
    hostname: 'test',
    mode: 'logtest',
    log_alert_level: 0,
    email_alert_level: 12,
    utc_offset: () => 0,
  })
  const ruleOf = (line: string) =>
    session.process({ log: line, location: '/var/ossec/logs/active-responses.log' }, 1_795_211_238_000).rule?.id
  const fine = await startTarget(t)
  const home = homeWith(t, 'firewall-api', { url: fine.url, token: 'x' })
  await add(home)
  await remove(home)
  assert.deepEqual(log(home).map(ruleOf), [657, 650, 657, 650])
  writeFileSync(join(home, 'logs', 'active-responses.log'), '')
  const args = ['-', '203.0.113.9', '1795211238.0', '5763', '/var/log/auth.log', '-']
  for (const word of ['add', 'delete']) await ossecExecd(home, 'firewall-api', [word, ...args])
  assert.deepEqual(log(home).map(ruleOf), [607, 650, 607, 650])
  writeFileSync(join(home, 'logs', 'active-responses.log'), '')
  await new Promise((resolve) => fine.server.close(resolve))
  await add(home)
  assert.deepEqual(log(home).map(ruleOf), [650, 658])
})

// ------------------------------------------------------------------------------------------------------------ beside an Outrider

async function outrider(t: TestContext, home: string, answers: HandOverAnswer[]): Promise<HandOver[]> {
  const taken: HandOver[] = []
  const quiet = () => {}
  const server = await listenForScripts({
    path: socketPath(home),
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    take(request) {
      taken.push(request)
      return answers.shift()!
    },
  })
  t.after(() => server.close())
  return taken
}

test('an Outrider that runs gets the block with its time, and execd has nothing to undo', async (t) => {
  const api = await startTarget(t)
  const home = homeWith(t, 'firewall-api', { url: api.url, token: 'x' })
  writeFileSync(join(home, 'etc/shared/ar.conf'), 'restart-wazuh0 - restart-wazuh - 0\nblock600 - firewall-api - 600\n')
  const taken = await outrider(t, home, [
    { taken: true },
    { taken: true, refused: 'it is the gateway' },
    { taken: true },
  ])
  const { result, answer } = await add(home)
  assert.deepEqual([result.code, answer], [0, undefined])
  assert.deepEqual({ ...taken[0], alert: JSON.parse(taken[0]!.alert) }, {
    kind: 'add',
    program: 'firewall-api',
    definition: 'firewall-api',
    key: '203.0.113.9',
    seconds: 600,
    alert: order().alert,
  } as unknown as HandOver)
  assert.match(said(home)[1]!, /^outrider has taken 203\.0\.113\.9 over for 600 s$/)
  await add(home)
  assert.match(said(home).at(-1)!, /^Refused by outrider: it is the gateway$/)
  assert.equal((await remove(home)).code, 0)
  assert.match(said(home).at(-1)!, /^a lease of outrider holds 203\.0\.113\.9, and ends by itself$/)
  assert.deepEqual(api.taken, [])
})

test('acts by itself when Outrider does not want to, or the time is not known', async (t) => {
  const api = await startTarget(t)
  const home = homeWith(t, 'firewall-api', { url: api.url, token: 'x' })
  const no = { taken: false, reason: 'responses are not enabled' } as const
  const taken = await outrider(t, home, [no, no])
  const conf = join(home, 'etc/shared/ar.conf')
  writeFileSync(conf, 'short60 - firewall-api - 60\nlong600 - firewall-api - 600\n')
  await add(home)
  assert.equal(taken.length, 0, 'two times: only execd knows which one is meant')
  writeFileSync(conf, 'long600 - firewall-api - 600\n')
  await add(home)
  await remove(home)
  assert.deepEqual(
    taken.map(({ kind }) => kind),
    ['add', 'delete'],
  )
  assert.deepEqual(
    api.taken.map(({ path }) => path),
    ['/rules', '/rules', '/rules/203.0.113.9'],
  )
  // An Outrider that has started it has a lease, and asked its guards.
  await add(home, { env: { OUTRIDER_LEASE: 'abc' } })
  assert.equal(taken.length, 2)
})

// ------------------------------------------------------------------------------------------------------------------ firewall-drop

const inNamespace = ['unshare', '-rn', 'sh', '-ec']
const noFirewall =
  spawnSync(inNamespace[0]!, [...inNamespace.slice(1), 'nft list ruleset']).status === 0
    ? false
    : 'needs user namespaces and nft'

test('firewall-drop blocks and unblocks in the kernel', { skip: noFirewall }, (t) => {
  const home = homeWith(t, 'firewall-drop')
  const given = order({ script: 'firewall-drop' })
  for (const word of ['add', 'continue', 'delete']) writeFileSync(join(home, word), execdLine(word, given))
  const script = `cd ${home}
    cat add continue | active-response/bin/firewall-drop > answer
    nft list table inet outrider > blocked
    active-response/bin/firewall-drop < delete
    nft list table inet outrider > free`
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` }
  const run = spawnSync(inNamespace[0]!, [...inNamespace.slice(1), script], { env, encoding: 'utf8' })
  assert.equal(run.status, 0, run.stderr)
  const read = (name: string) => readFileSync(join(home, name), 'utf8')
  assert.match(read('answer'), /"keys":\["203\.0\.113\.9"\]/)
  assert.match(read('blocked'), /elements = \{ 203\.0\.113\.9 \}/)
  assert.doesNotMatch(read('free'), /elements/)
  assert.match(log(home)[0]!, /active-response\/bin\/firewall-drop: \{.*"command":"add"/)
})
