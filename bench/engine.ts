/**
 * Events a second of the engine on one thread, with the stock Wazuh ruleset (../shared) and the guide's rules, alerts.json and alerts.log written. The
 * three workloads are those that the real engine was measured with (spec/analysisd-observed-speed.md), and its figures stand beside. Each runs in a
 * process of its own, twice over: `fresh` counts from the very first event, as the real engine was measured, while V8 still has to see the code run
 * before it makes it fast; `steady` is the same number of events again. Of three such processes the middle one counts, as of the real engine, and the
 * rates of all three stand behind. Last come the memory after a million events of all three workloads in turn, what `outrider logtest` takes for one line,
 * and the machine's own speed, because only a ratio means something elsewhere.
 *
 * node scripts/run.mjs bench/engine.ts [--only mix|sshd|json|memory|logtest] [--way fast|plain]
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { skip } from '../src/engine/testing/stock.ts'
import type { Lap, Result } from './engine/run.ts'
import { workloads } from './engine/workloads.ts'

const { values } = parseArgs({ options: { only: { type: 'string' }, way: { type: 'string' } } })
if (skip) {
  process.stderr.write(`bench: ${skip}\n`)
  process.exit(2)
}

const whole = (value: number) => Math.round(value).toLocaleString('en')
const wanted = (name: string, way = 'fast') => (values.only ?? name) === name && (values.way ?? way) === way

for (const way of ['fast', 'plain'] as const) {
  for (const [name, { events, real }] of Object.entries(workloads)) {
    if (!wanted(name, way)) continue
    // The plain engine is the reference for tests and takes its time.
    const runs = Array.from({ length: way === 'fast' ? 3 : 1 }, () =>
      run(name, way, way === 'fast' ? events : events / 10),
    )
    const fresh = middle(runs.map((one) => one.fresh))
    const steady = middle(runs.map((one) => one.steady))
    const { load_ms, rss_mb } = runs[0]!
    process.stdout.write(
      `${way.padEnd(5)} ${name.padEnd(4)}  fresh ${rates(fresh, real)}  steady ${rates(steady, real)}  ` +
        `${((100 * fresh.alerts) / fresh.events).toFixed(1)} % alerts, loaded in ${whole(load_ms)} ms, ${whole(rss_mb)} MB\n`,
    )
    if (runs.length === 1) continue
    const all = (lap: 'fresh' | 'steady') => runs.map((one) => whole(rateOf(one[lap]))).join(', ')
    process.stdout.write(`            the three: fresh ${all('fresh')}; steady ${all('steady')}\n`)
  }
}
if (wanted('memory')) {
  const { rss_mb, peak_mb } = run('all', 'fast', 1_000_000)
  process.stdout.write(
    `memory after 1,000,000 events of all three: ${whole(rss_mb)} MB, at most ${whole(peak_mb)} MB\n`,
  )
}
if (wanted('logtest')) logtest()
calibrate()

/** By rate. */
function middle(laps: readonly Lap[]): Lap {
  return laps.toSorted((a, b) => rateOf(a) - rateOf(b))[laps.length >> 1]!
}

function rateOf({ events, wall_ms }: Lap): number {
  return (events / wall_ms) * 1_000
}

function rates(lap: Lap, real: number): string {
  const { events, cpu_ms } = lap
  const rate = rateOf(lap)
  return `${whole(rate).padStart(7)}/s = ${(rate / real).toFixed(1)} times the real engine, ${((1_000 * cpu_ms) / events).toFixed(1).padStart(5)} µs CPU an event;`
}

function run(name: string, way: string, events: number): Result {
  const program = fileURLToPath(new URL('engine/run.ts', import.meta.url))
  // As bin/outrider.mjs has it.
  const NODE_COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url))
  const env = { ...process.env, NODE_COMPILE_CACHE }
  const child = spawnSync(process.execPath, [program, name, way, String(events)], { encoding: 'utf8', env })
  if (child.status !== 0) throw new Error(`${name} ${way}: ${child.stderr}`)
  return JSON.parse(child.stdout) as Result
}

/** One line from the shell's view: the command as a user types it. */
function logtest(): void {
  const command = fileURLToPath(new URL('../bin/outrider.mjs', import.meta.url))
  const ruleset = fileURLToPath(new URL('../../shared/wazuh-4.14.7/ruleset', import.meta.url))
  const input = 'Jan 15 10:30:45 web sshd[123]: Failed password for root from 10.0.0.5 port 22 ssh2\n'
  const took = Array.from({ length: 3 }, () => {
    const begin = performance.now()
    const child = spawnSync(process.execPath, [command, 'logtest', '--ruleset', ruleset], { input, encoding: 'utf8' })
    if (!child.stdout.includes('5760')) throw new Error(`logtest: ${child.stdout}${child.stderr}`)
    return performance.now() - begin
  })
  process.stdout.write(`outrider logtest on one line: ${took.map(whole).join(', ')} ms\n`)
}

function calibrate(): void {
  const openssl = spawnSync('openssl', ['speed', '-seconds', '3', '-bytes', '8192', 'sha256'], { encoding: 'utf8' })
  const rate = /sha256\s+([\d.]+)k/.exec(openssl.stdout ?? '')?.[1]
  const begin = performance.now()
  let x = 1
  for (let i = 0; i < 3e8; i++) x = (x * 31 + i) | 0
  const loop = Math.round(performance.now() - begin)
  process.stdout.write(
    `this machine: sha256 of 8 KiB ${rate ? `${Math.round(Number(rate)).toLocaleString('en')} kB/s` : 'not measured (no openssl)'}; ` +
      `a plain loop of 3e8 steps ${loop} ms (${x & 1}); where the real engine was measured: 1,596,610 kB/s and 3,145 ms\n`,
  )
}
