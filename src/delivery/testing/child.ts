/**
 * A delivery runner in a process of its own, for tests that kill it: FOLDER URL CONCURRENCY TYPE, and JSON of more settings. It can be told to `stop`, to
 * `silence` all of rule 5710, to `list` what waits or was rejected, and to `retry` it, and answers.
 */
import { join } from 'node:path'
import { openState } from '../../durable/state.ts'
import { createDelivery, createSilences, migrations } from '../index.ts'

const [folder, url, concurrency, type, more] = process.argv.slice(2) as [string, string, string, string, string]
const quiet = () => {}
const state = openState(join(folder, 'state.db'), migrations)
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
const schedule = (ms: number, run: () => void) => {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}
const silences = createSilences({ state, now: Date.now, schedule, log, destinations: ['d1'] })
silences.start()
const runner = createDelivery({
  state,
  silences,
  alerts_file: join(folder, 'alerts.json'),
  home: folder,
  destinations: [
    {
      place: { file: 'outrider.yaml', line: 1 },
      name: 'd1',
      type,
      options: { hook_url: url, index: 'alerts' },
      filter: { level: 0 },
      concurrency: Number(concurrency),
      deadline: 5,
      ...JSON.parse(more),
      from: 'start',
    },
  ],
  now: Date.now,
  random: Math.random,
  log,
  mask: (text) => text,
  tuning: { backoff_base_ms: 10, poll_ms: 20 },
})
await runner.start()
process.send?.('ready')
const told = {
  stop: () => runner.stop().then(() => process.exit(0)),
  silence: () => silences.add({ rules: ['5710'], seconds: 3600, reason: 'maintenance', by: 'test' }),
  list: () => runner.list({ limit: 9 }),
  retry: () => runner.retryAll('d1', 'test'),
}
process.on('message', async (word: keyof typeof told) => {
  const result = await told[word]()
  process.send?.(result)
})
