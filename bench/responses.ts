/**
 * Active response with real nftables and packets, in a network namespace of its own:
 *
 *   latency   a matching line is appended to a log → the last packet that got through
 *   hanging   the same, while a script that sleeps for ever is started for each alert, too
 *   burst     many addresses at once: all in force, and all gone after their time
 *   kills     kill -9 at random moments, the firewall flushed now and then: what is in force in the end, and what is left over
 *
 * node scripts/run.mjs bench/responses.ts [events for latency] [addresses in the burst] [kills]
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Tools of the system, which no package brings. */
const tool = (program: string, args: string[], inherit = false) =>
  spawnSync(program, args, { stdio: inherit ? 'inherit' : 'ignore' })

const self = fileURLToPath(import.meta.url)
const isInside = process.argv[2] === '--inside'
if (!isInside) {
  const child = tool('unshare', ['-rn', process.execPath, self, '--inside', ...process.argv.slice(2)], true)
  if (child.error || child.status === null)
    process.stderr.write(`needs unshare(1) and user namespaces: ${child.error?.message}\n`)
  process.exit(child.status ?? 1)
}

const [events = 200, addresses = 10_000, kills = 100] = process.argv.slice(3).map(Number)
const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const run = (command: string, input?: string) => {
  const [program, ...args] = command.split(' ')
  return execFileSync(program!, args, { encoding: 'utf8', input, maxBuffer: 1 << 28 })
}
const say = (name: string, text: string) => process.stdout.write(`${name.padEnd(9)} ${text}\n`)

for (const command of ['link set lo up', 'addr add 192.0.2.1/32 dev lo', 'route add local 10.64.0.0/10 dev lo'])
  run(`ip ${command}`)

let serial = 0
/** Addresses that packets can come from, but which are not this machine's own. */
const nextAddress = () => `10.${64 + (++serial >> 16)}.${(serial >> 8) & 255}.${serial & 255}`
const line = (address: string) =>
  `Jan 15 10:30:45 bench sshd[1]: Failed password for invalid user admin from ${address} port 54321 ssh2\n`

function makeHome(timeout: number, withHanging = false): string {
  const home = mkdtempSync(join(tmpdir(), 'outrider-bench-'))
  const block = (name: string) => `
    <command><name>${name}</name><executable>${name}</executable><timeout_allowed>yes</timeout_allowed></command>
    <active-response><command>${name}</command><location>local</location><rules_id>5710</rules_id><timeout>${timeout}</timeout></active-response>`
  for (const folder of ['etc', 'logs', 'active-response/bin']) mkdirSync(join(home, folder), { recursive: true })
  writeFileSync(join(home, 'auth.log'), '')
  writeFileSync(join(home, 'active-response/bin/hanging'), '#!/bin/sh\nexec sleep 1000\n', { mode: 0o750 })
  writeFileSync(
    join(home, 'etc/ossec.conf'),
    `<ossec_config><localfile><log_format>syslog</log_format><location>${home}/auth.log</location></localfile>
    ${block('firewall-drop')}${withHanging ? block('hanging') : ''}</ossec_config>\n`,
  )
  writeFileSync(
    join(home, 'outrider.yaml'),
    'listen: { port: 0 }\nresponses: { enabled: true, max_per_minute: 1000000, deadline: 1h }\n',
  )
  return home
}

async function start(home: string): Promise<{ child: ChildProcess; kill(): Promise<void> }> {
  const child = spawn(process.execPath, [main, '--home', home, 'up', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (text) => {
      if (text.includes('"message":"ready"')) resolve()
    })
    void ended.then(() => reject(new Error('outrider ended')))
  })
  return {
    child,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Addresses in our sets, each as often as it is there. */
function inForce(): string[] {
  try {
    const { nftables } = JSON.parse(run('nft -j list table inet outrider'))
    type Element = string | { elem: { val: string } }
    const elements: Element[] = nftables.flatMap(({ set }: { set?: { elem?: Element[] } }) => set?.elem ?? [])
    return elements.map((element) => (typeof element === 'string' ? element : element.elem.val))
  } catch {
    return []
  }
}

async function until(what: () => boolean, within_ms: number): Promise<number> {
  const started = performance.now()
  while (!what()) {
    if (performance.now() - started > within_ms) return Number.NaN
    await wait(20)
  }
  return performance.now() - started
}

// ---------------------------------------------------------------------------------------------------------------------- latency

const target = createSocket('udp4')
let lastPacket = 0
target.on('message', () => {
  lastPacket = performance.now()
})
await new Promise<void>((resolve) => target.bind(0, '192.0.2.1', resolve))
const { port } = target.address()

/** From the append to the last packet that got through, a packet being sent about every millisecond. */
async function timeToDrop(home: string): Promise<number> {
  const address = nextAddress()
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, address, resolve))
  let sending = true
  socket.on('error', () => {})
  const stream = (async () => {
    for (; sending; await wait(1)) socket.send('x', port, '192.0.2.1', () => {})
  })()
  await wait(20)
  const appended = performance.now()
  appendFileSync(join(home, 'auth.log'), line(address))
  await until(() => performance.now() - lastPacket > 60, 10_000)
  sending = false
  await stream
  socket.close()
  return lastPacket - appended
}

async function latency(name: string, withHanging: boolean): Promise<void> {
  const home = makeHome(3600, withHanging)
  const outrider = await start(home)
  for (let n = 0; n < 10; n++) await timeToDrop(home)
  const times: number[] = []
  for (let n = 0; n < events; n++) times.push(await timeToDrop(home))
  times.sort((a, b) => a - b)
  const at = (part: number) => `${times[Math.min(times.length - 1, Math.floor(times.length * part))]!.toFixed(1)} ms`
  say(name, `line → packet dropped, ${events} events: median ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`)
  await outrider.kill()
  cleanUp(home)
}

function cleanUp(home: string): void {
  tool('nft', ['delete', 'table', 'inet', 'outrider'])
  rmSync(home, { recursive: true, force: true })
}

// ------------------------------------------------------------------------------------------------------------------------ burst

async function burst(): Promise<void> {
  const seconds = 20
  const home = makeHome(seconds)
  const outrider = await start(home)
  const forks = () => Number(/^processes (\d+)/m.exec(readFileSync('/proc/stat', 'utf8'))![1])
  const before = forks()
  const started = performance.now()
  appendFileSync(join(home, 'auth.log'), Array.from({ length: addresses }, () => line(nextAddress())).join(''))
  let found = 0
  await until(() => (found = inForce().length) === addresses, 60_000)
  const took = (performance.now() - started) / 1000
  say(
    'burst',
    `${found} of ${addresses} addresses in force after ${took.toFixed(2)} s, ${forks() - before} processes started on this machine`,
  )
  // The last one was begun before that; its time is over no later than now + seconds.
  await until(() => inForce().length === 0, seconds * 1000 + 30_000)
  const gone = (performance.now() - started) / 1000
  say('burst', `all gone ${gone.toFixed(2)} s after the append, with a timeout of ${seconds} s`)
  await outrider.kill()
  cleanUp(home)
}

// ------------------------------------------------------------------------------------------------------------------------ kills

async function killed(): Promise<void> {
  const home = makeHome(3600)
  const asked = new Set<string>()
  let flushes = 0
  for (let n = 0; n < kills; n++) {
    const outrider = await start(home)
    for (let m = 0; m < 5; m++) {
      const address = nextAddress()
      asked.add(address)
      appendFileSync(join(home, 'auth.log'), line(address))
      await wait(Math.random() * 8)
    }
    await wait(Math.random() * 60)
    await outrider.kill()
    if (n % 10 === 9) {
      run('nft flush ruleset')
      flushes++
    }
  }
  const outrider = await start(home)
  await until(() => inForce().length >= asked.size, 30_000)
  const found = inForce()
  const leases = JSON.parse(run(`${process.execPath} ${main} --home ${home} blocks list --json`)) as {
    key: string
    state: string
  }[]
  const open = leases.filter(({ state }) => state === 'in force').map(({ key }) => key)
  const missing = [...asked].filter((address) => !found.includes(address)).length
  const extra = found.filter((address) => !asked.has(address)).length
  const doubled = open.length - new Set(open).size + found.length - new Set(found).size
  say(
    'kills',
    `${kills} kills, ${flushes} flushes, ${asked.size} addresses: ${found.length} in force, ${open.length} leases, ${missing} missing, ${extra} left over, ${doubled} doubled`,
  )
  await outrider.kill()
  cleanUp(home)
}

await latency('latency', false)
await latency('hanging', true)
say(
  'fail2ban',
  tool('fail2ban-server', ['--version']).error
    ? 'not installed here, so not measured'
    : 'is installed; not driven by this run',
)
await burst()
await killed()
target.close()
