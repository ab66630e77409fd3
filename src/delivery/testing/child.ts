/** A delivery runner in a process of its own, for tests that kill it: FOLDER URL CONCURRENCY TYPE, and JSON of more settings. */
import { join } from 'node:path'
import { openState } from '../../durable/state.ts'
import { createDelivery, migrations } from '../index.ts'

const [folder, url, concurrency, type, more] = process.argv.slice(2) as [string, string, string, string, string]
const quiet = () => {}
const runner = createDelivery({
  state: openState(join(folder, 'state.db'), migrations),
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
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  mask: (text) => text,
  tuning: { backoff_base_ms: 10, poll_ms: 20 },
})
await runner.start()
process.send?.('ready')
process.on('message', () => void runner.stop().then(() => process.exit(0)))
