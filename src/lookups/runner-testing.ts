/** What the tests of asking share: the delivery runner with look-ups, and services that answer. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Alert, Event } from '../alert.ts'
import type { Destination } from '../config.ts'
import { createDelivery, type DeliveryRunner, migrations as deliveryMigrations } from '../delivery/index.ts'
import { FakeClock, type FakeServer } from '../delivery/testing/setup.ts'
import { openState } from '../durable/state.ts'
import abuseipdb from './abuseipdb.ts'
import { createLookups, type LookupRunner } from './runner.ts'
import { migrations } from './store.ts'
import { addressAlert, optionsOf } from './testing.ts'
import virustotal from './virustotal.ts'

export interface Bench {
  folder: string
  clock: FakeClock
  /** What was published, newest last; `fail` makes publishing fail. */
  events: { location: string; event: Record<string, unknown> }[]
  fail: string | undefined
  logged: string[]
  append(...alerts: Alert[]): void
  open(
    destinations: (Partial<Destination> & Pick<Destination, 'type' | 'options'>)[],
    more?: { geoip?: string },
  ): Promise<DeliveryRunner & Pick<LookupRunner, 'reload'>>
}

/** The delivery runner with look-ups, over a folder that survives `stop` and the next `open`; its clock stands still. */
export function bench(t: TestContext): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-lookups-'))
  const alerts_file = join(folder, 'alerts.json')
  writeFileSync(alerts_file, '')
  const stops: (() => Promise<void>)[] = []
  t.after(async () => {
    for (const stop of stops) await stop()
    rmSync(folder, { recursive: true })
  })
  const write = (message: string) => void self.logged.push(message)
  const log = { debug: () => {}, info: write, warn: write, error: write }
  const self: Bench = {
    folder,
    clock: new FakeClock(),
    events: [],
    fail: undefined,
    logged: [],
    append: (...alerts) => appendFileSync(alerts_file, alerts.map((alert) => `${JSON.stringify(alert)}\n`).join('')),
    async open(destinations, more = {}) {
      const state = openState(join(folder, 'state.db'), [...deliveryMigrations, ...migrations])
      const now = () => self.clock.now
      const mask = (text: string) => text.replaceAll('secret', '***')
      const publish = async (events: Event[]) => {
        if (self.fail) throw new Error(self.fail)
        self.events.push(...events.map(({ location, log: text }) => ({ location, event: JSON.parse(text) })))
      }
      const lookups = createLookups({ state, publish, event_file: '/home/events', now, log, mask, ...more })
      const runner = createDelivery({
        state,
        alerts_file,
        home: folder,
        destinations: destinations.map((one, n) => ({ ...plain, name: `d${n + 1}`, ...one })),
        now,
        random: () => 0.5,
        log,
        mask,
        sender: lookups.sender,
        asker: lookups.asker,
        schedule: self.clock.schedule,
        tuning: { commit_ms: 5, poll_ms: 20, backoff_base_ms: 1000 },
      })
      let isStopped = false
      const stop = async () => {
        if (isStopped) return
        isStopped = true
        await runner.stop()
        lookups.close()
        state.close()
      }
      stops.push(stop)
      await runner.start()
      return { ...runner, stop, reload: lookups.reload }
    },
  }
  return self
}

const plain: Omit<Destination, 'name' | 'type' | 'options'> = {
  place: { file: 'outrider.yaml', line: 1 },
  filter: { level: 0 },
  concurrency: 1,
  deadline: 5,
  from: 'start',
}

export const vt = ({ url }: FakeServer, more = {}) => ({
  type: 'virustotal',
  options: optionsOf(virustotal, { hook_url: url, ...more }),
})
export const abuse = ({ url }: FakeServer, more = {}) => ({
  type: 'abuseipdb',
  options: optionsOf(abuseipdb, { hook_url: url, ...more }),
})

export const report = (abuseConfidenceScore: number, totalReports = abuseConfidenceScore) => ({
  status: 200,
  body: JSON.stringify({ data: { abuseConfidenceScore, totalReports } }),
})
export const addresses = ({ received }: FakeServer) =>
  received.map(({ path }) => new URLSearchParams(path.split('?')[1]).get('ipAddress'))
/** One after the other, each with an id and an address of its own. */
export const strangers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => addressAlert(`45.0.0.${from + n}`, { id: `1.${from + n}` }))
