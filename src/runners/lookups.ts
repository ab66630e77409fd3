/**
 * Where the events of look-ups go.
 *
 * embedded: queue/events/lookups, which the pipeline follows; each line is a message as Wazuh's parts send it to analysisd, since each has its own location
 * beside:   Wazuh's queue socket, when a Wazuh is there and it can be reached; else queue/events/lookups.json, for a <localfile> of that Wazuh
 */
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Event } from '../alert.ts'
import type { Config } from '../config.ts'
import { openAppend } from '../durable/append.ts'
import type { State } from '../durable/state.ts'
import type { Log } from '../log.ts'
import { lookups as known } from '../lookups/index.ts'
import { createLookups, type LookupRunner } from '../lookups/runner.ts'
import { queueMessage } from '../wazuh/queue-message.ts'
import { openQueueSocket } from '../wazuh/queue-socket.ts'

export interface Lookups extends Pick<LookupRunner, 'sender' | 'asker' | 'reload'> {
  /** Event file for the pipeline; there with the embedded engine, when something is looked up. */
  event_file?: string
  close(): Promise<void>
}

export interface LookupsParts {
  config: Config
  state: State
  /** Appends lines to an event file of ours. */
  append(file: string, lines: string[]): Promise<void>
  now(): number
  log: Log
  mask(text: string): string
}

interface Way {
  publish(events: Event[]): Promise<void>
  event_file?: string
  close(): Promise<void>
}

export function openLookups(parts: LookupsParts): Lookups {
  const { config, append } = parts
  const { geoip, destinations } = config
  const folder = join(config.home, 'queue', 'events')
  const common = { ...parts, ...(geoip !== undefined && { geoip }) }
  if (!destinations.some(({ type }) => Object.hasOwn(known, type))) {
    // Nothing makes events; the database may be asked all the same.
    const runner = createLookups({ ...common, publish: async () => {} })
    return { ...runner, close: async () => runner.close() }
  }
  if (config.engine === 'embedded') {
    const event_file = join(folder, 'lookups')
    const publish = (events: Event[]) => append(event_file, events.map(queueMessage))
    const runner = createLookups({ ...common, publish })
    return { ...runner, event_file, close: async () => runner.close() }
  }
  const { publish, event_file, close } = besideWazuh(parts, join(folder, 'lookups.json'))
  const runner = createLookups({ ...common, publish, ...(event_file !== undefined && { event_file }) })
  return {
    ...runner,
    async close() {
      runner.close()
      await close()
    },
  }
}

function besideWazuh({ config, log }: LookupsParts, file: string): Way {
  const path = config.wazuh_socket ?? socketOf(config.alerts_file)
  const socket = path === undefined ? undefined : openQueueSocket(path)
  if (socket) {
    log.info(`events of look-ups go to ${path}`)
    return {
      async publish(events) {
        for (const event of events) await socket.send(queueMessage(event))
      },
      close: async () => socket.close(),
    }
  }
  const why = path === undefined ? "Wazuh's queue socket is not here" : 'neither Python nor Perl is here to reach Wazuh'
  log.info(
    `${why}, so events of look-ups are written to ${file}; let Wazuh follow it with a <localfile> of the format json`,
  )
  // Nobody tells us how far Wazuh has read; it reads what comes within seconds.
  const appender = openAppend({ path: file, rotate: { max_bytes: 16 << 20, isDrained: () => true } })
  return {
    publish: (events) => appender.append(events.map((event) => event.log)),
    event_file: file,
    close: () => appender.close(),
  }
}

/** Of the Wazuh whose `logs/alerts/alerts.json` is followed, when it runs on this machine. */
function socketOf(alerts_file: string): string | undefined {
  const home = resolve(dirname(alerts_file), '..', '..')
  const sockets = join(home, 'queue', 'sockets')
  return existsSync(sockets) ? join(sockets, 'queue') : undefined
}
