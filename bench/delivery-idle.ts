/**
 * From an alert that is written into alerts.json of a quiet daemon to its arrival at an HTTP server on loopback: single alerts, each after a quiet time of
 * random length.
 *
 * node scripts/run.mjs bench/delivery-idle.ts [alerts]
 */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startDaemon } from './delivery/daemon.ts'
import { alertLine, folder, printMachine, printTable, startSink, wait } from './delivery/parts.ts'

const [alerts = 300] = process.argv.slice(2).map(Number)

printMachine()
const sink = await startSink()
await using _ = sink.helper
using home = folder()
const logs = join(home.path, 'logs', 'alerts')
mkdirSync(logs, { recursive: true })
const file = join(logs, 'alerts.json')
writeFileSync(file, '')
writeFileSync(
  join(home.path, 'outrider.yaml'),
  `listen: { port: 0 }\nengine: beside\nalerts: ${file}\ndestinations:\n  one: { type: webhook, hook_url: '${sink.url}' }\n`,
)
const daemon = await startDaemon(home.path)
const took: number[] = []
try {
  for (let n = 0; n < alerts; n++) {
    await wait(100 + Math.random() * 300)
    const line = `${alertLine(n)}\n`
    const written = Number(process.hrtime.bigint()) / 1e6
    appendFileSync(file, line)
    let times: number[] = []
    while (times.length === 0) {
      await wait(1)
      times = await sink.helper.ask<number[]>('times')
    }
    took.push(times[0]! - written)
  }
} finally {
  await daemon.kill()
}
took.sort((a, b) => a - b)
const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))]!
const ms = (value: number) => `${value.toFixed(1)} ms`
printTable([
  { what: `written to arrived, ${alerts} single alerts, median`, must: '', measured: ms(at(0.5)) },
  { what: '99 of 100 within', must: '< 50 ms', measured: ms(at(0.99)), ok: at(0.99) < 50 },
  { what: 'longest', must: '', measured: ms(took.at(-1)!) },
])
