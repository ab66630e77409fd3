/**
 * Active response with real nftables and packets, in a network namespace of its own:
 *
 *   latency   a matching line is appended to a log → the last packet that got through
 *   hanging   the same, while a script that sleeps for ever is started for each alert, too
 *   fail2ban  the same with Debian's fail2ban, its sshd filter and its nftables action
 *   burst     many addresses at once: all in force, and all gone after their time
 *   kills     kill -9 at random moments, the firewall flushed now and then, as by a restart of the machine: what is in force in the end, and what is
 *             left over
 *
 * What was measured goes to standard error as it comes, the table of what must be to standard output; exit code 1 when something is not as it must be.
 *
 * node scripts/run.mjs bench/responses.ts [events for latency] [addresses in the burst] [kills] [events for fail2ban]
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
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

const [events = 150, addresses = 10_000, kills = 100, peerEvents = 30] = process.argv.slice(3).map(Number)
const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const run = (command: string, input?: string) => {
  const [program, ...args] = command.split(' ')
  return execFileSync(program!, args, { encoding: 'utf8', input, maxBuffer: 1 << 28 })
}
const say = (name: string, text: string) => process.stderr.write(`${name.padEnd(9)} ${text}\n`)
const results: { what: string; must: string; measured: string; ok: boolean }[] = []
const judge = (what: string, must: string, measured: string, ok: boolean) => results.push({ what, must, measured, ok })

for (const command of ['link set lo up', 'addr add 192.0.2.1/32 dev lo', 'route add local 10.64.0.0/10 dev lo'])
  run(`ip ${command}`)

let serial = 0
/** Addresses that packets can come from, but which are not this machine's own. */
const nextAddress = () => `10.${64 + (++serial >> 16)}.${(serial >> 8) & 255}.${serial & 255}`
/** fail2ban looks at the time, so it is that of now: `Jan  5 10:30:45`. */
const syslogTime = () => new Date().toString().replace(/^\w+ (\w+) (\d+) \d+ ([\d:]+).*/, '$1 $2 $3')
/** Rule 5710 for the one, 5760 for the other. */
const line = (address: string, user: 'invalid user admin' | 'root' = 'invalid user admin') =>
  `${syslogTime()} bench sshd[1]: Failed password for ${user} from ${address} port 54321 ssh2\n`

/** @param timeouts seconds, by the rule they are for */
function makeHome(timeouts: Record<number, number>, withHanging = false): string {
  const home = mkdtempSync(join(tmpdir(), 'outrider-bench-'))
  const command = (name: string) =>
    `<command><name>${name}</name><executable>${name}</executable><timeout_allowed>yes</timeout_allowed></command>`
  const blocks = (name: string) =>
    Object.entries(timeouts).map(
      ([rule, seconds]) =>
        `<active-response><command>${name}</command><location>local</location><rules_id>${rule}</rules_id><timeout>${seconds}</timeout></active-response>`,
    )
  for (const folder of ['etc', 'logs', 'active-response/bin']) mkdirSync(join(home, folder), { recursive: true })
  writeFileSync(join(home, 'auth.log'), '')
  writeFileSync(join(home, 'active-response/bin/hanging'), '#!/bin/sh\nexec sleep 1000\n', { mode: 0o750 })
  const used = ['firewall-drop', ...(withHanging ? ['hanging'] : [])]
  writeFileSync(
    join(home, 'etc/ossec.conf'),
    `<ossec_config><localfile><log_format>syslog</log_format><location>${home}/auth.log</location></localfile>
    ${used.flatMap((name) => [command(name), ...blocks(name)]).join('\n')}</ossec_config>\n`,
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

interface LeaseRow {
  target: string
  state: string
  until: number
  ended: number | null
}

/** Asks the state database, which may be read while Outrider runs; cheaper than the kernel's list of ten thousand. */
function ask<T>(home: string, sql: string): T[] {
  const db = new DatabaseSync(join(home, 'state.db'), { readOnly: true })
  try {
    return db.prepare(sql).all() as unknown as T[]
  } finally {
    db.close()
  }
}
const leases = (home: string) => ask<LeaseRow>(home, 'SELECT target, state, until, ended FROM lease')
const countOf = (home: string, state: string) =>
  ask<{ n: number }>(home, `SELECT count(*) AS n FROM lease WHERE state = '${state}'`)[0]!.n

async function until(what: () => boolean, within_ms: number, every_ms = 20): Promise<number> {
  const started = performance.now()
  while (!what()) {
    if (performance.now() - started > within_ms) return Number.NaN
    await wait(every_ms)
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
async function timeToDrop(log: string): Promise<number> {
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
  appendFileSync(log, line(address))
  await until(() => performance.now() - lastPacket > 60, 20_000)
  sending = false
  await stream
  socket.close()
  return lastPacket - appended
}

/** Milliseconds, shortest first. */
async function timesToDrop(name: string, log: string, count: number, warm: number): Promise<number[]> {
  for (let n = 0; n < warm; n++) await timeToDrop(log)
  const times: number[] = []
  for (let n = 0; n < count; n++) times.push(await timeToDrop(log))
  times.sort((a, b) => a - b)
  say(name, `line → packet dropped, ${count} events: ${spread(times)}, longest ${ms(times.at(-1)!)}`)
  return times
}

const at = (times: number[], part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))]!
const ms = (time: number) => `${time.toFixed(1)} ms`
const spread = (times: number[]) => `p50 ${ms(at(times, 0.5))}, p99 ${ms(at(times, 0.99))}`

async function latency(name: string, withHanging: boolean): Promise<number[]> {
  const home = makeHome({ 5710: 3600 }, withHanging)
  const outrider = await start(home)
  const times = await timesToDrop(name, join(home, 'auth.log'), events, 10)
  await outrider.kill()
  cleanUp(home)
  return times
}

function cleanUp(home: string): void {
  tool('nft', ['delete', 'table', 'inet', 'outrider'])
  rmSync(home, { recursive: true, force: true })
}

// --------------------------------------------------------------------------------------------------------------------- fail2ban

/** Its own settings of Debian, with one jail: the first failure bans, for all ports. Undefined where it is not installed. */
async function fail2ban(): Promise<number[] | undefined> {
  if (tool('fail2ban-server', ['--version']).error || !existsSync('/etc/fail2ban/jail.conf')) {
    say('fail2ban', 'not installed here (apt-get install fail2ban), so not measured')
    return undefined
  }
  const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-'))
  const log = join(folder, 'auth.log')
  writeFileSync(log, '')
  cpSync('/etc/fail2ban', join(folder, 'etc'), { recursive: true, filter: (path) => !path.includes('jail.d/') })
  writeFileSync(
    join(folder, 'etc/jail.local'),
    `[sshd]\nenabled = true\nbackend = auto\nlogpath = ${log}\nmaxretry = 1\nbantime = 3600\nusedns = no\nignoreself = false
action = nftables[type=allports, protocol=udp, blocktype=drop]\n`,
  )
  const files = { '-c': 'etc', '-s': 'f2b.sock', '-p': 'f2b.pid' }
  const options = Object.entries(files).flatMap(([option, name]) => [option, join(folder, name)])
  writeFileSync(join(folder, 'etc/fail2ban.local'), `[Definition]\nlogtarget = ${folder}/f2b.log\ndbfile = None\n`)
  const server = spawn('fail2ban-server', [...options, '-f', 'start'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const client = (...args: string[]) => tool('fail2ban-client', [...options, ...args])
  try {
    const ready = await until(() => client('status', 'sshd').status === 0, 20_000)
    if (Number.isNaN(ready)) throw new Error(`fail2ban does not start: ${readFileSync(`${folder}/f2b.log`, 'utf8')}`)
    return await timesToDrop('fail2ban', log, peerEvents, 2)
  } finally {
    server.kill('SIGTERM')
    await ended
    tool('nft', ['delete', 'table', 'inet', 'f2b-table'])
    rmSync(folder, { recursive: true, force: true })
  }
}

// ------------------------------------------------------------------------------------------------------------------------ burst

async function burst(): Promise<void> {
  const seconds = 15
  const home = makeHome({ 5710: seconds })
  const outrider = await start(home)
  const forks = () => Number(/^processes (\d+)/m.exec(readFileSync('/proc/stat', 'utf8'))![1])
  const before = forks()
  const started = performance.now()
  appendFileSync(join(home, 'auth.log'), Array.from({ length: addresses }, () => line(nextAddress())).join(''))
  // The book says so only after it has looked at the firewall, which is looked at once more.
  await until(() => countOf(home, 'in force') === addresses, 60_000)
  const found = inForce().length
  const took = (performance.now() - started) / 1000
  const processes = forks() - before
  say(
    'burst',
    `${found} of ${addresses} in force after ${took.toFixed(2)} s, ${processes} processes started on this machine`,
  )
  const end = new Map(leases(home).map(({ target, until }) => [target, until]))
  // When each was last seen in the firewall, whose own timeouts have to do with it, too.
  const seen = new Map<string, number>()
  await wait(Math.min(...end.values()) - Date.now() - 500)
  for (let some = inForce(); some.length > 0; some = inForce()) {
    const now = Date.now()
    for (const address of some) seen.set(address, now)
    if (performance.now() - started > 120_000) break
    await wait(100)
  }
  await until(() => countOf(home, 'ended') === addresses, 60_000)
  const inFirewall = Math.max(...[...seen].map(([address, last]) => last - end.get(address)!))
  const rows = leases(home)
  const inBook = Math.max(...rows.map(({ until, ended }) => (ended ?? Number.POSITIVE_INFINITY) - until))
  const undone = rows.filter(({ state }) => state === 'ended').length
  say(
    'burst',
    `${undone} undone; the last one left the firewall ${ms(inFirewall)} after its time, and the book ${ms(inBook)}`,
  )
  judge(`${addresses} addresses, all in force`, '≤ 5 s', `${took.toFixed(2)} s`, found === addresses && took <= 5)
  judge('processes for them', `< ${addresses / 10}`, `${processes}`, processes < addresses / 10)
  const late = Math.max(inFirewall, inBook) / 1000
  judge('each undone, after its time', '≤ 2 s', `${late.toFixed(2)} s`, undone === addresses && late <= 2)
  await outrider.kill()
  cleanUp(home)
}

// ------------------------------------------------------------------------------------------------------------------------ kills

/** Half of the blocks hold an hour and must be in force in the end; the others hold three seconds and must be gone. */
async function killed(): Promise<void> {
  const home = makeHome({ 5710: 3600, 5760: 3 })
  const lasting = new Set<string>()
  const short = new Set<string>()
  let flushes = 0
  for (let n = 0; n < kills; n++) {
    const outrider = await start(home)
    for (let m = 0; m < 6; m++) {
      const address = nextAddress()
      ;(m % 2 === 0 ? lasting : short).add(address)
      appendFileSync(join(home, 'auth.log'), line(address, m % 2 === 0 ? 'invalid user admin' : 'root'))
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
  const back = await until(() => {
    const now = new Set(inForce())
    return [...lasting].every((address) => now.has(address))
  }, 30_000)
  await until(() => leases(home).every(({ state, until }) => state === 'ended' || until > Date.now() + 10_000), 30_000)
  const found = inForce()
  const rows = leases(home)
  const count = (all: Iterable<string>, has: (address: string) => boolean) => [...all].filter(has).length
  const missing = count(lasting, (address) => !found.includes(address))
  const left = count(found, (address) => !lasting.has(address))
  const unended = rows.filter(({ target, state }) => short.has(target) && state !== 'ended').length
  const open = rows.filter(({ state }) => state === 'in force').map(({ target }) => target)
  const doubled = open.length - new Set(open).size + found.length - new Set(found).size
  say(
    'kills',
    `${kills} kills, ${flushes} flushes, ${lasting.size} lasting and ${short.size} short blocks: ${found.length} in force ${ms(back)} after the last start, ${missing} missing, ${unended} not ended, ${left} left over, ${doubled} doubled`,
  )
  const wrong = missing + unended + left + doubled
  const measured = `${missing} missing, ${unended} not ended, ${left} left over, ${doubled} doubled`
  judge(`${kills} × kill -9, ${flushes} × rules flushed`, 'all 0', measured, wrong === 0)
  await outrider.kill()
  cleanUp(home)
}

const load = () => loadavg()[0]!.toFixed(1)
const loadBefore = load()
const alone = await latency('latency', false)
const beside = await latency('hanging', true)
const peer = await fail2ban()
await burst()
await killed()
target.close()

const p99 = at(alone, 0.99)
const delay = Math.max(at(beside, 0.5) - at(alone, 0.5), at(beside, 0.99) - p99)
results.unshift(
  { what: 'line appended → packet dropped', must: 'p99 < 100 ms', measured: spread(alone), ok: p99 < 100 },
  ...(peer ? [{ what: '  fail2ban, same run', must: '', measured: spread(peer), ok: true }] : []),
  {
    what: 'a script that sleeps for ever delays others',
    must: '≤ 50 ms',
    measured: `${ms(Math.max(0, delay))} (${spread(beside)})`,
    ok: delay <= 50,
  },
)
const width = (column: 'what' | 'must' | 'measured') => Math.max(...results.map((row) => row[column].length)) + 2
for (const row of [{ what: 'what', must: 'must', measured: 'measured', ok: undefined }, ...results]) {
  const cells = (['what', 'must', 'measured'] as const).map((column) => row[column].padEnd(width(column)))
  const ok = row.ok === undefined ? 'ok' : row.must === '' ? '' : row.ok ? 'yes' : 'NO'
  process.stdout.write(`${cells.join('')}${ok}\n`)
}
process.stdout.write(`load of this machine: ${loadBefore} before, ${load()} now, with ${cpus().length} processors\n`)
if (!peer) process.stdout.write('fail2ban is not installed here (apt-get install fail2ban), so not measured\n')
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1
