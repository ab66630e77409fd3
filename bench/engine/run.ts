// One workload in a process of its own, started by bench/engine.ts: node run.ts NAME fast|plain EVENTS. Prints one line of JSON.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ByteText } from '../../src/byte-text.ts'
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

const lines = new ByteText()
const texts = new ByteText()
const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-'))
const json = openSync(join(folder, 'alerts.json'), 'w')
const log = openSync(join(folder, 'alerts.log'), 'w')
try {
  const fresh = lap(0, name === 'all' ? total / 2 : total)
  const steady = lap(fresh.events, name === 'all' ? total : 2 * total)
  const rss_mb = process.memoryUsage.rss() / 1_048_576
  const peak_mb = process.resourceUsage().maxRSS / 1_024
  const result: Result = { load_ms, fresh, steady, rss_mb, peak_mb }
  process.stdout.write(`${JSON.stringify(result)}\n`)
} finally {
  closeSync(json)
  closeSync(log)
  rmSync(folder, { recursive: true, force: true })
}

function lap(from: number, to: number): Lap {
  const cpu = process.cpuUsage()
  const begin = performance.now()
  let alerts = 0
  let offset = 0
  for (let i = from; i < to; i++) {
    const input = inputs[Math.floor(i / 10_000) % inputs.length]!
    const decision = session.process({ log: input[i % input.length]!, location: '/var/log/test.log' }, Date.now())
    if (!decision.alert) continue
    alerts++
    const before = texts.length
    decision.addText(texts, offset)
    decision.addJson(lines, offset)
    lines.add('\n')
    offset += texts.length - before
    if (lines.length > batch) flush()
  }
  flush()
  const wall_ms = performance.now() - begin
  const { user, system } = process.cpuUsage(cpu)
  return { events: to - from, alerts, wall_ms, cpu_ms: (user + system) / 1_000 }
}

/** Put together and written as in wazuh/alerts-file.ts. */
function flush(): void {
  writeSync(json, lines.view())
  writeSync(log, texts.view())
  lines.clear()
  texts.clear()
}
