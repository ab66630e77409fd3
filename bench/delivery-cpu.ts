/**
 * Processor time per alert, from alerts.json to an HTTP server on loopback, one request each, 64 at once: ours beside a bare loop that reads lines and posts
 * them with undici. Each in a process of its own, three times in turns; the least of each counts, for that is what the machine disturbed least.
 *
 * node scripts/run.mjs bench/delivery-cpu.ts [alerts]
 */
import { join } from 'node:path'
import { folder, Helper, printMachine, printTable, startSink, wait, writeAlerts } from './delivery/parts.ts'
import type { Status } from './delivery/runner.ts'

const [alerts = 100_000] = process.argv.slice(2).map(Number)
const concurrency = 64
const rounds = 3

async function ours(url: string): Promise<number> {
  using home = folder()
  writeAlerts(join(home.path, 'alerts.json'), alerts)
  await using runner = new Helper('runner.ts', [
    home.path,
    JSON.stringify([{ options: { hook_url: url }, concurrency }]),
  ])
  await runner.answer()
  for (;;) {
    const { delivered, cpu } = await runner.ask<Status>('status')
    if (delivered[0]! >= alerts) return cpu
    await wait(20)
  }
}

async function bare(url: string): Promise<number> {
  using home = folder()
  const file = join(home.path, 'alerts.json')
  writeAlerts(file, alerts)
  await using loop = new Helper('bare.ts', [file, url, String(concurrency)])
  return await loop.answer<number>()
}

printMachine()
const sink = await startSink()
await using _ = sink.helper
const times = { bare: [] as number[], ours: [] as number[] }
for (let round = 0; round < rounds; round++) {
  times.bare.push(await bare(sink.url))
  times.ours.push(await ours(sink.url))
}
if ((await sink.taken()) < alerts * rounds * 2) throw new Error('not every alert arrived')
const each = (ms: number[]) => (Math.min(...ms) * 1000) / alerts
const micro = (ms: number[]) =>
  `${each(ms).toFixed(1)} µs (${ms.map((one) => ((one * 1000) / alerts).toFixed(1)).join(', ')})`
const ratio = each(times.ours) / each(times.bare)
printTable([
  { what: 'bare loop, processor time per alert', must: '', measured: micro(times.bare) },
  { what: 'Outrider, processor time per alert', must: '', measured: micro(times.ours) },
  { what: 'Outrider / bare loop', must: '≤ 1.7', measured: ratio.toFixed(2), ok: ratio <= 1.7 },
])
