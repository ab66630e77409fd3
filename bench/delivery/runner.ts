/**
 * Delivery in a process of its own: FOLDER DESTINATIONS, the latter an object of JSON for each. Tells its processor time with each answer.
 *
 * Messages: `status` → {@link Status}.
 */
import { join } from 'node:path'
import type { Destination } from '../../src/config.ts'
import { createDelivery, migrations } from '../../src/delivery/index.ts'
import { openState } from '../../src/durable/state.ts'
import { createLog } from '../../src/log.ts'

export interface Status {
  delivered: number[]
  /** Milliseconds of processor time since the start of delivery, of all threads. */
  cpu: number
  rss: number
}

const [folder, text] = process.argv.slice(2) as [string, string]
const usual = {
  place: { file: 'bench', line: 1 },
  type: 'webhook',
  filter: { level: 0 },
  concurrency: 64,
  deadline: 30,
  from: 'start',
} as const
const destinations = (JSON.parse(text) as Partial<Destination>[]).map((more, n) => ({
  ...usual,
  name: `d${n}`,
  options: {},
  ...more,
}))
const runner = createDelivery({
  state: openState(join(folder, 'state.db'), migrations),
  alerts_file: join(folder, 'alerts.json'),
  home: folder,
  destinations,
  now: Date.now,
  random: Math.random,
  log: createLog({ write: (line) => process.stderr.write(line), now: Date.now, format: 'text', level: 'error' }),
  mask: (secret) => secret,
})
const started = process.cpuUsage()
process.on('message', () => {
  const { user, system } = process.cpuUsage(started)
  const delivered = runner.status().map((one) => one.delivered)
  process.send!({ delivered, cpu: (user + system) / 1000, rss: process.memoryUsage.rss() } satisfies Status)
})
await runner.start()
process.on('disconnect', () => process.exit(0))
process.send!('started')
