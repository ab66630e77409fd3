/** Built integrations under a stand-in integratord, against servers on loopback. Responses: build-response.test.ts. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSocketServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { type Built, buildScript } from '../src/build/build.ts'
import { listenForScripts } from '../src/runners/script-server.ts'
import { type HandOver, type HandOverAnswer, socketPath } from '../src/runners/script-socket.ts'
import { listen } from '../src/testing/listen.ts'
import { runIntegration, TempFiles } from '../src/wazuh/integratord.ts'
import { main, makeHome } from './support/outrider.ts'
import { integratord, logLines, ossecIntegratord, plainAlert } from './support/stand-ins.ts'
import { startTarget } from './support/target.ts'

const built = new Map<string, Built>()
const shelf = mkdtempSync(join(tmpdir(), 'outrider-built-'))
before(async () => {
  for (const name of ['slack', 'webhook', 'splunk-hec']) built.set(name, await buildScript({ name, out: shelf }))
})
after(() => rmSync(shelf, { recursive: true }))

/** A Wazuh home with one of the built scripts in it. */
function homeWith(t: TestContext, name: string): string {
  const home = makeHome(t)
  for (const folder of ['integrations', 'logs', 'queue']) mkdirSync(join(home, folder))
  const path = join(home, 'integrations', `custom-${name}`)
  writeFileSync(path, readFileSync(built.get(name)!.file), { mode: 0o750 })
  return home
}

const alert = (id: string) => ({
  timestamp: '2026-11-21T10:00:00.000+0000',
  rule: { level: 5, description: 'sshd: wrong password', id: '5760', groups: ['syslog', 'sshd'] },
  agent: { id: '001', name: 'web-01' },
  id,
  full_log: 'Failed password for root from 203.0.113.9 port 22 größe',
  data: { srcip: '203.0.113.9' },
})
const json = (id: string) => `${JSON.stringify(alert(id))}\n`

const kept = (home: string, script: string) => {
  const folder = join(home, 'queue', 'outrider-spool', script)
  return existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json')) : []
}
const lastLine = (home: string) => logLines(home, 'integrations.log').at(-1)!

// ------------------------------------------------------------------------------------------------------------------- the file

test('what Node itself would load for fetch is not loaded', async (t) => {
  const target = await startTarget(t)
  const home = homeWith(t, 'slack')
  writeFileSync(
    join(home, 'probe.cjs'),
    `process.on('exit', () => require('fs').writeFileSync(${JSON.stringify(join(home, 'loaded'))}, process.moduleLoadList.join('\\n')))`,
  )
  const env = { NODE_OPTIONS: `--require ${join(home, 'probe.cjs')}` }
  await integratord(home, { name: 'custom-slack', alert: json('1.1'), hook_url: target.url, env })
  const loaded = readFileSync(join(home, 'loaded'), 'utf8')
  assert.match(loaded, /NativeModule http$/m)
  assert.doesNotMatch(loaded, /undici|internal\/crypto/)
  assert.equal(target.taken.length, 1)
})

test('the command writes the file, says how to install it, and refuses what it does not know', (t) => {
  const out = makeHome(t)
  const run = (...args: string[]) => spawnSync(process.execPath, [main, 'build', ...args], { encoding: 'utf8' })
  const fine = run('custom-slack', '--out', out)
  assert.equal(fine.status, 0)
  assert.match(fine.stdout, /^wrote .*custom-slack \(\d+ KiB\)\n.*<name>custom-slack<\/name>/s)
  const unknown = run('slak', '--out', out)
  assert.equal(unknown.status, 2)
  assert.match(unknown.stderr, /there is no integration or response "slak"\n {2}hint: did you mean "slack"\?/)
  assert.match(run('custom-virustotal', '--out', out).stderr, /virustotal is a look-up, and scripts do not look up/)
  assert.match(run('slack', '--kind', 'response', '--out', out).stderr, /there is no response "slack"/)
  assert.match(run('slack', '--out', join(out, 'none')).stderr, /there is no folder/)
  writeFileSync(join(out, 'package.json'), '{"type":"module"}')
  assert.match(run('slack', '--out', out).stdout, /warning: it runs anywhere but here/)
})

// -------------------------------------------------------------------------------------------------------------------- sending

test('sends the alert that integratord gives it, and leaves one line', async (t) => {
  const target = await startTarget(t)
  const home = homeWith(t, 'slack')
  const hook_url = `${target.url}/services/T000/B000/SECRET`
  const run = await integratord(home, { name: 'custom-slack', alert: json('1795211238.400'), hook_url })
  assert.deepEqual([run.code, run.output], [0, ''])
  assert.equal(target.taken[0]!.path, '/services/T000/B000/SECRET')
  assert.equal(
    JSON.parse(target.taken[0]!.body).attachments[0].text,
    '```Failed password for root from 203.0.113.9 port 22 größe```',
  )
  const lines = logLines(home, 'integrations.log')
  assert.equal(lines.length, 1)
  assert.match(
    lines[0]!,
    /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d custom-slack: delivered alert 1795211238\.400 \(rule 5760, level 5\) in \d+ ms$/,
  )
})

test('keeps what is not taken now, and delivers it with the next alert that is', async (t) => {
  let status = 500
  const target = await startTarget(t, () => ({ status }))
  const home = homeWith(t, 'webhook')
  const block = { name: 'custom-webhook', hook_url: `${target.url}/SECRET-PATH`, retries: 0 }
  const first = await integratord(home, { ...block, alert: json('1.1') })
  assert.equal(first.code, 0, 'the alert is safe')
  assert.match(
    lastLine(home),
    /custom-webhook: kept alert 1\.1 \(rule 5760, level 5\) for later: HTTP 500 \(after 1 try\); 1 wait$/,
  )
  const [file] = kept(home, 'custom-webhook')
  const path = join(home, 'queue', 'outrider-spool', 'custom-webhook', file!)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(readFileSync(path, 'utf8'), json('1.1'))

  status = 200
  await integratord(home, { ...block, alert: json('1.2') })
  assert.match(lastLine(home), /delivered alert 1\.2 .* in \d+ ms, and 1 kept before$/)
  assert.deepEqual(
    target.taken.map(({ body }) => JSON.parse(body).id),
    ['1.2', '1.1'],
  )
  assert.deepEqual(kept(home, 'custom-webhook'), [])
})

test('tries again within one run, as often as <retries> says', async (t) => {
  let tries = 0
  const target = await startTarget(t, () => ({ status: ++tries < 3 ? 503 : 200 }))
  const home = homeWith(t, 'webhook')
  await integratord(home, { name: 'custom-webhook', alert: json('1.1'), hook_url: target.url, retries: 2 })
  assert.equal(tries, 3)
  assert.match(lastLine(home), /delivered alert 1\.1/)
})

test('a server that hangs costs no more than <timeout>', async (t) => {
  const server = createServer(() => {})
  const home = homeWith(t, 'slack')
  const hook_url = `http://127.0.0.1:${await listen(t, server)}/`
  const run = await integratord(home, { name: 'custom-slack', alert: json('1.1'), hook_url, timeout: 1 })
  assert.ok(run.duration_ms < 20_000, `${run.duration_ms} ms`)
  assert.match(lastLine(home), /kept alert 1\.1 .*: no answer within (1|0\.\d) s/)
})

test('a destination that is away is left alone for a while', async (t) => {
  const home = homeWith(t, 'slack')
  const gone = await startTarget(t)
  await new Promise((resolve) => gone.server.close(resolve))
  const block = { name: 'custom-slack', hook_url: gone.url, retries: 0 }
  for (const id of ['1.1', '1.2']) await integratord(home, { ...block, alert: json(id) })
  assert.match(lastLine(home), /kept alert 1\.2 .*cannot be reached: connection refused/)
  await integratord(home, { ...block, alert: json('1.3') })
  assert.match(lastLine(home), /kept alert 1\.3 .*: not tried: it was away, next try in 1 s; 3 wait$/)
})

test('what is refused for good is lost loudly, what a person can mend is kept', async (t) => {
  let status = 400
  const target = await startTarget(t, () => ({ status }))
  const home = homeWith(t, 'splunk-hec')
  const block = { name: 'custom-splunk-hec', hook_url: target.url, api_key: 'SECRET-TOKEN' }
  const rejected = await integratord(home, { ...block, alert: json('1.1') })
  assert.equal(rejected.code, 1)
  assert.equal(
    rejected.output,
    'custom-splunk-hec: error: rejected alert 1.1 (rule 5760, level 5) after 1 try: HTTP 400\n',
  )
  assert.deepEqual(kept(home, 'custom-splunk-hec'), [])
  status = 403
  const paused = await integratord(home, { ...block, alert: json('1.2') })
  assert.equal(paused.code, 1)
  assert.match(lastLine(home), /error: kept alert 1\.2 .*: HTTP 403; a person must act; 1 wait$/)
})

test('a script that is told to end keeps its alert', async (t) => {
  const asked = Promise.withResolvers<void>()
  const server = createServer(() => asked.resolve())
  const home = homeWith(t, 'slack')
  const hook_url = `http://127.0.0.1:${await listen(t, server)}/`
  await integratord(home, {
    name: 'custom-slack',
    alert: json('1.1'),
    hook_url,
    started: (stop) => void asked.promise.then(stop),
  })
  assert.equal(kept(home, 'custom-slack').length, 1)
  assert.match(lastLine(home), /kept alert 1\.1 .*: stopped/)
})

// ------------------------------------------------------------------------------------------------------------------- arguments

test('reads the plain format, quotes and all, also from OSSEC', async (t) => {
  const target = await startTarget(t)
  const home = homeWith(t, 'webhook')
  const plain = plainAlert({
    alertdate: '2026 Nov 20 21:47:18',
    alertlocation: '(web-01) 10.0.0.5->/var/log/auth.log',
    ruleid: '5710',
    alertlevel: '5',
    ruledescription: "sshd: it's a non-existent user",
    alertlog: 'Invalid user admin from 203.0.113.9',
    srcip: '203.0.113.9',
  })
  const run = await ossecIntegratord(home, {
    name: 'custom-webhook',
    alert: plain,
    api_key: 'my key',
    hook_url: target.url,
  })
  assert.equal(run.code, 0)
  const { body, headers } = target.taken[0]!
  assert.equal(headers.authorization, 'Bearer my key')
  const sent = JSON.parse(body)
  assert.deepEqual(sent.rule, { level: 5, description: "sshd: it's a non-existent user", id: '5710' })
  assert.deepEqual(
    [sent.agent.name, sent.location, sent.data],
    ['web-01', '/var/log/auth.log', { srcip: '203.0.113.9' }],
  )
  assert.equal(new Date(sent.timestamp.replace('+0000', 'Z')).getTime(), new Date(2026, 10, 20, 21, 47, 18).getTime())
})

test('one alert that is refused does not switch an integration of OSSEC off', async (t) => {
  const target = await startTarget(t, () => ({ status: 400 }))
  const home = homeWith(t, 'slack')
  const run = await ossecIntegratord(home, { name: 'custom-slack', alert: json('1.1'), hook_url: target.url })
  assert.equal(run.code, 0)
  assert.match(lastLine(home), /error: rejected alert 1\.1/)
})

test('a key with spaces arrives whole, though integratord takes it apart', async (t) => {
  const target = await startTarget(t)
  const home = homeWith(t, 'webhook')
  const options = '{"headers":{"x-team":"soc"}}'
  await integratord(home, {
    name: 'custom-webhook',
    alert: json('1.1'),
    api_key: 'a key of mine',
    hook_url: target.url,
    options,
  })
  assert.equal(target.taken[0]!.headers.authorization, 'Bearer a key of mine')
  assert.equal(target.taken[0]!.headers['x-team'], 'soc')
})

test('says in one line what is wrong, and hides secrets', async (t) => {
  const home = homeWith(t, 'splunk-hec')
  const block = {
    name: 'custom-splunk-hec',
    alert: json('1.1'),
    api_key: 'SECRET-TOKEN',
    hook_url: 'http://127.0.0.1:1/',
  }
  const cases: [change: Partial<typeof block> & { options?: string }, code: number, said: RegExp][] = [
    [{ alert: undefined }, 2, /wrong arguments: an alert file is needed/],
    [{ alert: '{"rule":' }, 7, /is no alert: broken JSON/],
    [{ alert: 'hello' }, 7, /is no alert: it is neither JSON nor the plain form/],
    [{ options: '{"index":5}' }, 2, /kept alert 1\.1 .*wrong options: splunk-hec: option index: not text \(got 5\)/],
    [{ options: '{"inde":"x"}' }, 2, /options: there is no option "inde" \(did you mean "index"\?\)/],
    [{ options: '{"api_key":"SECRET-TOKEN", oops' }, 2, /wrong options: options file .*: not JSON at position \d+/],
    [{ api_key: '' }, 2, /option api_key: is missing/],
    [{ hook_url: 'splunk.example:8088' }, 2, /option hook_url: /],
  ]
  for (const [change, code, said] of cases) {
    const run = await integratord(home, { ...block, ...change })
    assert.equal(run.code, code, run.output)
    assert.match(run.output, said)
    assert.equal(run.output.split('\n').length, 2, 'one line')
  }
  assert.equal(kept(home, 'custom-splunk-hec').length, 5, 'alerts wait for the options to be mended')
  const log = logLines(home, 'integrations.log')
  assert.equal(log.length, cases.length)
  assert.doesNotMatch(log.join('\n'), /SECRET-TOKEN/)
})

test('options may stand beside the script, where no process list shows them', async (t) => {
  const target = await startTarget(t)
  const home = homeWith(t, 'webhook')
  const path = join(home, 'integrations', 'custom-webhook.json')
  writeFileSync(path, JSON.stringify({ hook_url: target.url, api_key: 'from the file' }), { mode: 0o640 })
  await integratord(home, { name: 'custom-webhook', alert: json('1.1') })
  assert.equal(target.taken[0]!.headers.authorization, 'Bearer from the file')
  chmodSync(path, 0o666)
  assert.equal((await integratord(home, { name: 'custom-webhook', alert: json('1.2') })).code, 2)
  assert.match(lastLine(home), /others than its owner may write it; mend it with: chmod 640/)
})

// ------------------------------------------------------------------------------------------------------------ beside an Outrider

async function outrider(
  t: TestContext,
  home: string,
  take: (request: HandOver) => HandOverAnswer,
): Promise<HandOver[]> {
  const taken: HandOver[] = []
  const quiet = () => {}
  const server = await listenForScripts({
    path: socketPath(home),
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    take(request) {
      taken.push(request)
      return take(request)
    },
  })
  t.after(() => server.close())
  return taken
}

test('hands its alert to an Outrider that takes it, byte for byte', async (t) => {
  const target = await startTarget(t)
  const home = homeWith(t, 'slack')
  const taken = await outrider(t, home, () => ({ taken: true }))
  const text = '{"rule":{"level":5,"id":"1","id":"5760"},"id":"1.1","full_log":"gr\xf6\xdfe \\u0041"}'
  const run = await integratord(home, {
    name: 'custom-slack',
    alert: Buffer.from(`${text}\n`, 'latin1') as unknown as string,
    hook_url: target.url,
  })
  assert.equal(run.code, 0)
  assert.deepEqual(taken, [
    { kind: 'alert', program: 'custom-slack', definition: 'slack', alert: text, key: undefined, seconds: undefined },
  ])
  assert.match(lastLine(home), /handed alert 1\.1 .* over to outrider in \d+ ms$/)
  assert.deepEqual(target.taken, [])
})

test('sends by itself when Outrider will not take the alert, or drops the line', async (t) => {
  const target = await startTarget(t)
  const home = homeWith(t, 'slack')
  const taken = await outrider(t, home, () => ({ taken: false, reason: 'no such destination' }))
  await integratord(home, { name: 'custom-slack', alert: json('1.1'), hook_url: target.url })
  assert.deepEqual([taken.length, target.taken.length], [1, 1])

  const other = homeWith(t, 'slack')
  const server = createSocketServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(socketPath(other), resolve))
  t.after(() => server.close())
  await integratord(other, { name: 'custom-slack', alert: json('1.2'), hook_url: target.url })
  assert.equal(target.taken.length, 2)
})

test('started by an Outrider it tries once and keeps nothing: that one tries again', async (t) => {
  const target = await startTarget(t, () => ({ status: 503 }))
  const home = homeWith(t, 'slack')
  const taken = await outrider(t, home, () => ({ taken: true }))
  const block = {
    place: { file: '', line: 0 },
    name: 'custom-slack',
    hook_url: target.url,
    level: 0,
    max_log: 165,
    alert_format: 'json',
    timeout: 10,
    retries: 3,
  }
  const given = alert('1.1')
  const context = { home, deadline_ms: 20_000, temp: new TempFiles(1, home), now: 1_795_211_238_000 }
  const { outcome } = await runIntegration(block, JSON.stringify(given), given, context)
  assert.equal(outcome.kind, 'retry')
  assert.deepEqual([taken, kept(home, 'custom-slack')], [[], []])
})
