/**
 * A destination that is dead, and a million alerts that wait for it: what the three that are alive notice, and how much memory the daemon has. Each of the three
 * gets so many alerts that come now, with and without the dead one, in turns; the best of each counts, for that is what the machine disturbed least.
 *
 * node scripts/run.mjs bench/delivery-dead.ts [alerts that wait] [alerts for each of the three]
 */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Daemon, memoryOf, startDaemon } from './delivery/daemon.ts'
import { alertLine, folder, printMachine, printTable, startSink, wait, writeAlerts } from './delivery/parts.ts'

const [waiting = 1_000_000, fresh = 40_000] = process.argv.slice(2).map(Number)
const rounds = 3

/** A port that nobody listens at. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

interface Destinations {
  destinations: { name: string; waiting: number; delivered: number; lag_bytes: number; state: string }[]
}

/** Alerts per second that the three took together, and the memory of the daemon. */
async function run(withDead: boolean): Promise<{ rate: number; peak: number; lag: number }> {
  using home = folder()
  const logs = join(home.path, 'logs', 'alerts')
  mkdirSync(logs, { recursive: true })
  const alerts = join(logs, 'alerts.json')
  writeAlerts(alerts, waiting)
  const alive = ['a', 'b', 'c'].map(
    (name) => `  ${name}: { type: webhook, hook_url: '${sink.url}', concurrency: 16 }\n`,
  )
  const dead = `  dead: { type: webhook, hook_url: 'http://127.0.0.1:${await deadPort()}/', concurrency: 16, from: start }\n`
  writeFileSync(
    join(home.path, 'outrider.yaml'),
    `listen: { port: 0 }\nengine: beside\nalerts: ${alerts}\ndestinations:\n${alive.join('')}${withDead ? dead : ''}`,
  )
  const daemon = await startDaemon(home.path)
  try {
    if (withDead) await untilDead(daemon)
    const before = await sink.taken()
    const lines = Array.from({ length: fresh }, (_, n) => `${alertLine(n)}\n`).join('')
    const started = performance.now()
    appendFileSync(alerts, lines)
    while ((await sink.taken()) - before < 3 * fresh) await wait(5)
    const seconds = (performance.now() - started) / 1000
    const { destinations } = await daemon.api<Destinations>('destinations')
    const lag = destinations.find(({ name }) => name === 'dead')?.lag_bytes ?? 0
    return { rate: (3 * fresh) / seconds, peak: memoryOf(daemon.pid, 'VmHWM'), lag }
  } finally {
    await daemon.kill()
  }
}

async function untilDead(daemon: Daemon): Promise<void> {
  for (;;) {
    const { destinations } = await daemon.api<Destinations>('destinations')
    if (destinations.some(({ name, state }) => name === 'dead' && state === 'retrying')) return
    await wait(50)
  }
}

printMachine()
const sink = await startSink()
await using _ = sink.helper
const rates = { with: [] as number[], without: [] as number[] }
let peak = 0
let lag = 0
for (let round = 0; round < rounds; round++) {
  rates.without.push((await run(false)).rate)
  const result = await run(true)
  rates.with.push(result.rate)
  peak = Math.max(peak, result.peak)
  lag = result.lag
}
const best = (list: number[]) => Math.max(...list)
const perSecond = (list: number[]) =>
  `${best(list).toFixed(0)} alerts/s (${list.map((one) => one.toFixed(0)).join(', ')})`
const ratio = best(rates.with) / best(rates.without)
printTable([
  { what: `three alive, ${fresh} alerts each`, must: '', measured: perSecond(rates.without) },
  { what: `the same beside a dead one, for which ${waiting} wait`, must: '', measured: perSecond(rates.with) },
  { what: 'with / without the dead one', must: '≥ 0.9', measured: ratio.toFixed(2), ok: ratio >= 0.9 },
  { what: 'left in the log for the dead one', must: '', measured: `${(lag / 1e6).toFixed(0)} MB` },
  { what: 'memory of the daemon, at most', must: '< 300 MB', measured: `${peak.toFixed(0)} MB`, ok: peak < 300 },
])
