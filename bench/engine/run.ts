// One workload in a process of its own, started by bench/engine.ts: node run.ts NAME fast|plain EVENTS. Prints one line of JSON.
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSession, loadRuleset } from '../../src/engine/index.ts'
import { sources, workloads } from './workloads.ts'

/** What a part of a run took. */
export interface Lap {
  events: number
  alerts: number
  wall_ms: number
  /** Of all threads: V8 compiles and collects garbage beside ours. */
  cpu_ms: number
}

export interface Result {
  load_ms: number
  /** From the first event on, when nothing has been compiled yet. */
  fresh: Lap
  /** The same events again. */
  steady: Lap
  rss_mb: number
  peak_mb: number
}

/** Bytes that are gathered before they are written. */
const batch = 65_536

const [name = '', way = 'fast', count = ''] = process.argv.slice(2)
const total = Number(count)
/** All three in turn are for the memory. */
const names = name === 'all' ? Object.keys(workloads) : [name]
const inputs = names.map((one) => workloads[one]!.lines())

const started = performance.now()
const { ruleset, messages } = loadRuleset({ ...sources(), plain: way === 'plain' })
if (!ruleset) throw new Error(messages.join('\n'))
const session = createSession(ruleset, { hostname: 'vm', mode: 'live' })
const load_ms = performance.now() - started

const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-'))
const json = await open(join(folder, 'alerts.json'), 'w')
const log = await open(join(folder, 'alerts.log'), 'w')
try {
  const fresh = await lap(0, name === 'all' ? total / 2 : total)
  const steady = await lap(fresh.events, name === 'all' ? total : 2 * total)
  const rss_mb = process.memoryUsage.rss() / 1_048_576
  const peak_mb = process.resourceUsage().maxRSS / 1_024
  const result: Result = { load_ms, fresh, steady, rss_mb, peak_mb }
  process.stdout.write(`${JSON.stringify(result)}\n`)
} finally {
  await Promise.all([json.close(), log.close()])
  rmSync(folder, { recursive: true, force: true })
}

async function lap(from: number, to: number): Promise<Lap> {
  const cpu = process.cpuUsage()
  const begin = performance.now()
  let alerts = 0
  let jsonText = ''
  let logText = ''
  let offset = 0
  let writing: Promise<unknown> | undefined
  for (let i = from; i < to; i++) {
    const input = inputs[Math.floor(i / 10_000) % inputs.length]!
    const decision = session.process({ log: input[i % input.length]!, location: '/var/log/test.log' }, Date.now())
    if (!decision.alert) continue
    alerts++
    const text = decision.text(offset)
    jsonText += `${decision.json(offset)}\n`
    logText += text
    offset += text.length
    if (jsonText.length > batch) await flush()
  }
  await flush()
  await writing
  const wall_ms = performance.now() - begin
  const { user, system } = process.cpuUsage(cpu)
  return { events: to - from, alerts, wall_ms, cpu_ms: (user + system) / 1_000 }

  /** One batch is written while the next is analysed, as the daemon does it (wazuh/alerts-file.ts); analysisd has threads for it. */
  async function flush(): Promise<void> {
    await writing
    writing = Promise.all([json.appendFile(Buffer.from(jsonText, 'latin1')), log.appendFile(Buffer.from(logText, 'latin1'))])
    jsonText = logText = ''
  }
}
