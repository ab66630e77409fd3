/** What a newcomer sees: an empty folder, one command, an alert that arrives. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import type { DestinationStatus } from '../src/api/parts.ts'
import { firstStart } from '../src/runners/first-start.ts'
import { freePort } from '../src/testing/free-port.ts'
import {
  eventually,
  main,
  makeHome,
  projectRoot,
  type RunningOutrider,
  readAlerts,
  readLines,
  startOutrider,
  waitFor,
} from './support/outrider.ts'
import { postGithub } from './support/webhooks.ts'

const limits = { timeout: 180_000 }
const launcher = join(projectRoot, 'bin', 'outrider.mjs')
const has = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0

const read = (home: string, name: string) =>
  existsSync(join(home, name)) ? readFileSync(join(home, name), 'utf8') : ''
const received = (home: string) => readLines(home, 'logs/demo-received.ndjson').map((line) => JSON.parse(line))
const advisories = (home: string) => received(home).filter(({ rule }) => rule.id === '110303').length

// npx changes the mode of what it starts, which only the owner of the checkout may.
const hasNpx = spawnSync('npx', ['outrider', '--version'], { cwd: projectRoot, timeout: 60_000 }).status === 0

/** As a shell in the folder of the project runs it; without npm, the launcher that npx would start. */
async function runInShell(command: string, prefix: string[] = []): Promise<string> {
  const line = hasNpx ? command : command.replace(/^npx outrider\b/, `'${process.execPath}' '${launcher}'`)
  const [program, ...args] = [...prefix, 'sh', '-c', line]
  const child = spawn(program!, args, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (output += part))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  assert.equal(code, 0, output)
  return output
}

/** The files of a first start, on ports that nobody else uses. */
async function freshHome(t: TestContext): Promise<string> {
  const home = makeHome(t)
  assert.equal(firstStart(home), true)
  const text = read(home, 'outrider.yaml')
  assert.match(text, /port: 9750/)
  writeFileSync(
    join(home, 'outrider.yaml'),
    text.replace('port: 9750', 'port: 0').replaceAll('9751', String(await freePort())),
  )
  return home
}

async function assertDemoWorks(home: string, outrider: RunningOutrider, prefix: string[] = []): Promise<void> {
  const ready = outrider.log.find(({ message }) => message === 'ready')!
  assert.match(String(ready.console), /^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{20,}$/)
  const command = String(ready.try)
  assert.match(command, /^npx outrider (--home \S+ )?send github$/)
  assert.deepEqual(
    outrider.log.filter(({ level }) => level === 'error' || level === 'warn'),
    [],
  )

  const took: number[] = []
  for (let n = 1; n <= 2; n++) {
    const output = await runInShell(command, prefix)
    assert.match(output, /github took it: HTTP 200 accepted 1 event/)
    const answered = performance.now()
    await eventually(home, () => advisories(home) === n)
    took.push(performance.now() - answered)
  }
  assert.ok(Math.min(...took) < 1000, `the demo has the alert ${took.map(Math.round)} ms after the command has ended`)
  await outrider.logged(
    ({ message, alert }) => message === 'demo receiver got an alert' && String(alert).includes('110303'),
  )
  const last = received(home).at(-1)
  assert.equal(last.data.cve_id, 'CVE-2024-3094')
  assert.deepEqual(
    last,
    readAlerts(home).findLast(({ rule }) => rule.id === '110303'),
  )

  // The wodle has found the demo's own receiver.
  const port = /hook_url: http:\/\/127\.0\.0\.1:(\d+)/.exec(read(home, 'outrider.yaml'))![1]
  const sockets = () =>
    readLines(home, 'queue/events/command_listening-ports')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
  const own = await eventually(home, () => sockets().find(({ local_addr }) => local_addr === `127.0.0.1:${port}`))
  assert.deepEqual([own.wodle, own.state, own.socket.local_port], ['system-audit', 'listen', Number(port)])
}

test('the demo: one command makes an alert that its destination has within a second', limits, async (t) => {
  const home = await freshHome(t)
  const outrider = await startOutrider(t, home, {
    command: [process.execPath, launcher, '--home', home, 'up', '--json'],
  })
  await assertDemoWorks(home, outrider)

  await t.test('the wodle’s events reach the rules', async () => {
    const { inputs } = await outrider.api<{ inputs: { name: string; kind: string; state: string; events: number }[] }>(
      'GET',
      'inputs',
    )
    const wodle = inputs.find(({ name }) => name.includes('listening-ports'))!
    assert.deepEqual([wodle.kind, wodle.state], ['wodle', 'ok'])
    assert.ok(wodle.events > 0)
  })

  await t.test('the log file is followed, and repeated guesses of passwords would be blocked', async () => {
    const line =
      'Nov 21 10:30:45 web sshd[12345]: Failed password for invalid user admin from 203.0.113.50 port 54321 ssh2\n'
    appendFileSync(join(home, 'logs/example.log'), line.repeat(12))
    await eventually(home, () => received(home).some(({ rule }) => rule.id === '5712'))
    const { blocks } = await waitFor(async () => {
      const answer = await outrider.api<{ blocks: { key: string; dry_run: boolean }[] }>('GET', 'blocks')
      return answer.blocks.length > 0 && answer
    })
    assert.deepEqual(
      blocks.map(({ key, dry_run }) => [key, dry_run]),
      [['203.0.113.50', true]],
    )
  })
  assert.equal(await outrider.stop(), 0)

  await t.test('a second start keeps everything', async () => {
    const files = ['outrider.yaml', 'etc/ossec.conf', 'etc/github-webhook.secret', 'queue/console.token']
    const before = files.map((name) => read(home, name))
    const alerts = readAlerts(home).length
    const again = await startOutrider(t, home)
    assert.equal(again.token, outrider.token)
    assert.deepEqual(
      files.map((name) => read(home, name)),
      before,
    )
    await runInShell(String(again.log.find(({ message }) => message === 'ready')!.try))
    await eventually(home, () => advisories(home) === 3)
    await waitFor(async () => {
      const { destinations } = await again.api<{ destinations: DestinationStatus[] }>('GET', 'destinations')
      return destinations.every(({ lag_bytes, waiting }) => lag_bytes === 0 && waiting === 0)
    })
    const ids = (alerts: { id?: string }[]) => alerts.map(({ id }) => id).sort()
    assert.ok(readAlerts(home).length > alerts)
    assert.deepEqual(ids(received(home)), ids(readAlerts(home)), 'each once, over both starts')
    assert.equal(await again.stop(), 0)
  })
})

test(
  'what is made in an empty folder is nobody else’s to read, and is made whole after a start that was cut off',
  limits,
  (t) => {
    const home = makeHome(t)
    assert.equal(firstStart(home), true)
    const mode = (name: string) => (statSync(join(home, name)).mode & 0o777).toString(8)
    assert.deepEqual(['etc/github-webhook.secret', 'outrider.yaml', 'queue', 'etc'].map(mode), [
      '600',
      '640',
      '700',
      '750',
    ])
    assert.match(read(home, 'etc/github-webhook.secret'), /^[\w-]{32}\n$/)
    const names = readdirSync(home, { recursive: true }).sort()
    const secret = read(home, 'etc/github-webhook.secret')
    assert.equal(firstStart(home), false)

    rmSync(join(home, 'outrider.yaml'))
    assert.equal(firstStart(home), true, 'cut off before the last file')
    assert.deepEqual(readdirSync(home, { recursive: true }).sort(), names)
    assert.equal(read(home, 'etc/github-webhook.secret'), secret)

    rmSync(join(home, 'outrider.yaml'))
    appendFileSync(join(home, 'etc/ossec.conf'), '<!-- mine -->\n')
    assert.equal(firstStart(home), false, 'who brings an ossec.conf gets no demo')
    assert.ok(!existsSync(join(home, 'outrider.yaml')))
  },
)

const noTerminal = has('script') ? false : 'needs script (util-linux)'

/** `outrider up` in a terminal. */
async function openTerminal(t: TestContext, home: string) {
  // script(1) starts the user's shell, whichever that is; exec, because dash would stay in front and be what Ctrl-C ends.
  const child = spawn('script', ['-qefc', `exec '${process.execPath}' '${main}' --home '${home}' up`, '/dev/null'], {
    env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm-256color', COLUMNS: '200' },
    // script(1) ends when its input does.
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let text = ''
  child.stdout
    .setEncoding('utf8')
    .on('data', (part: string) => (text += stripVTControlCharacters(part).replaceAll('\r', '')))
  const shown = (pattern: RegExp) => waitFor(async () => pattern.exec(text) ?? undefined)
  return { child, ended, shown, text: () => text }
}

test('a terminal shows the address of the console, the command, and the alerts as they come', {
  ...limits,
  skip: noTerminal,
}, async (t) => {
  const home = await freshHome(t)
  const { child, ended, shown, text } = await openTerminal(t, home)
  const [, url] = await shown(/^ +console +(http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]+)$/m)
  const [, command] = await shown(/^ +try +(npx outrider --home \S+ send github)$/m)
  const page = await fetch(url!, { redirect: 'manual' })
  assert.equal(page.status, 303)
  await runInShell(command!)
  await shown(/^\d\d:\d\d:\d\d 10 110303 {2}\S+ {2}GitHub: critical security advisory CVE-2024-3094/m)
  await shown(/demo receiver got an alert/)
  assert.doesNotMatch(text(), /^\{/m, 'no JSON for people')
  // Ctrl-C.
  child.stdin.write('\x03')
  assert.equal(await ended, 0, text().slice(-2000))
  assert.ok(!existsSync(join(home, 'queue/daemon.json')), 'the home is free again')
})

test('a daemon whose terminal is closed ends; one whose log nobody reads works on', {
  ...limits,
  skip: noTerminal,
}, async (t) => {
  const home = await freshHome(t)
  const terminal = await openTerminal(t, home)
  await terminal.shown(/^ +try +npx outrider/m)
  const { pid } = JSON.parse(read(home, 'queue/daemon.json'))
  terminal.child.kill('SIGKILL')
  await eventually(home, () => !existsSync(join(home, 'queue/daemon.json')))
  await waitFor(async () => !existsSync(`/proc/${pid}`))

  const outrider = await startOutrider(t, home)
  outrider.process.stdout!.destroy()
  outrider.process.stderr!.destroy()
  for (let n = 1; n <= 3; n++) {
    const { status } = await postGithub(`${outrider.url}/webhook/github`, 'wrong', {}, 'push')
    assert.equal(status, 401, 'it says so in a log that nobody reads')
  }
  const secret = read(home, 'etc/github-webhook.secret').trim()
  const advisory = { action: 'published', security_advisory: { severity: 'critical', summary: 'x' } }
  assert.equal((await postGithub(`${outrider.url}/webhook/github`, secret, advisory, 'security_advisory')).status, 200)
  await eventually(home, () => advisories(home) === 1)
  assert.equal(await outrider.stop(), 0)
})

const noNamespaces = ['unshare', 'nsenter', 'ip'].find((tool) => !has(tool))
const noEmptyStart = noNamespaces
  ? `needs ${noNamespaces}`
  : spawnSync('unshare', ['-rn', 'true']).status !== 0
    ? 'needs user namespaces'
    : false

// In a network of its own, where the usual ports are free.
test('an empty folder needs no settings', { ...limits, skip: noEmptyStart }, async (t) => {
  const home = join(makeHome(t), 'not', 'there')
  const inside = 'ip link set lo up && exec "$1" "$2" --home "$3" up --json'
  const command = ['unshare', '-rn', 'sh', '-c', inside, 'sh', process.execPath, main, home]
  const outrider = await startOutrider(t, home, { command })
  assert.equal(outrider.url, 'http://127.0.0.1:9750')
  const enter = ['nsenter', '-t', String(outrider.process.pid), '-U', '-n', '--preserve-credentials']
  await assertDemoWorks(home, outrider, enter)
  assert.equal(await outrider.stop(), 0)
})
