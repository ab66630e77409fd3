/** Alerts of a running Outrider at real brokers: each arrives, whatever becomes of the broker on the way. */
import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect } from '@nats-io/transport-node'
import { createClient } from '@redis/client'
import { buildScript } from '../src/build/build.ts'
import {
  type Broker,
  folderOf,
  missing,
  mosquitto,
  mosquittoPassword,
  mosquittoSubscriber,
  natsServer,
  redisServer,
} from '../src/delivery/testing/brokers.ts'
import type { DestinationStatus } from '../src/delivery/types.ts'
import { makeHome, type RunningOutrider, startOutrider, waitFor } from './support/outrider.ts'
import { integratord, logLines } from './support/stand-ins.ts'

interface Case {
  skip: string | false
  /** Not started. */
  make(t: TestContext): Promise<Broker>
  options(port: number): string
  /** Called once, after its first start. */
  prepare?(broker: Broker): Promise<void>
  /** The ids of what has arrived, in any order. */
  reader(t: TestContext, broker: Broker): Promise<() => Promise<string[]>>
  /** Words of its reason for a wrong password. */
  wrong: RegExp
  /** Nothing comes twice, not even when the broker was killed. */
  once?: boolean
  /** How it ends in the middle; default: killed. */
  end?: 'SIGTERM'
}

const idOf = (alert: string) => (JSON.parse(alert) as { id: string }).id

const brokers: Record<string, Case> = {
  nats: {
    skip: missing('nats-server'),
    make: (t) => natsServer(t, 'authorization { user: wazuh, password: right }'),
    options: (port) => `hook_url: nats://127.0.0.1:${port}, user: wazuh`,
    async prepare({ port }) {
      const connection = await connect({ servers: `127.0.0.1:${port}`, user: 'wazuh', pass: 'right' })
      const stream = { name: 'ALERTS', subjects: ['wazuh.>'], storage: 'file' }
      await connection.request('$JS.API.STREAM.CREATE.ALERTS', JSON.stringify(stream))
      await connection.close()
    },
    async reader(_, { port }) {
      return async () => {
        const connection = await connect({ servers: `127.0.0.1:${port}`, user: 'wazuh', pass: 'right' })
        const ask = async <T>(what: string, body: object) =>
          (
            await connection.request(`$JS.API.STREAM.${what}.ALERTS`, JSON.stringify(body), { timeout: 30_000 })
          ).json<T>()
        const { state } = await ask<{ state: { messages: number } }>('INFO', {})
        const messages = await Promise.all(
          Array.from({ length: state.messages }, (_, n) =>
            ask<{ message: { data: string } }>('MSG.GET', { seq: n + 1 }),
          ),
        )
        await connection.close()
        return messages.map(({ message }) => idOf(Buffer.from(message.data, 'base64').toString()))
      }
    },
    wrong: /Authorization Violation/i,
    once: true,
  },

  'redis-streams': {
    skip: missing('redis-server'),
    make: (t) => redisServer(t, 'user default off\nuser wazuh on >right ~* +@all'),
    options: (port) => `hook_url: redis://127.0.0.1:${port}, user: wazuh, stream: alerts`,
    async reader(_, { port }) {
      return async () => {
        const socket = { host: '127.0.0.1', port, reconnectStrategy: false as const }
        const client = createClient({ socket, username: 'wazuh', password: 'right' })
        client.on('error', () => {})
        await client.connect()
        const entries = await client.xRange('alerts', '-', '+').catch((error: Error) => {
          // Just started, it reads its file.
          if (!error.message.startsWith('LOADING')) throw error
        })
        client.destroy()
        if (!entries) return []
        return entries.map(({ message }) => idOf(message.alert!))
      }
    },
    wrong: /WRONGPASS/,
  },

  mqtt: {
    skip: missing('mosquitto', 'mosquitto_sub', 'mosquitto_passwd'),
    async make(t) {
      const folder = folderOf(t)
      mosquittoPassword(join(folder, 'passwords'), 'wazuh', 'right')
      const keeps = `persistence true\npersistence_location ${folder}/`
      const config = `password_file ${folder}/passwords\n${keeps}\nmax_inflight_messages 0\nmax_queued_messages 0`
      return mosquitto(t, config, folder)
    },
    options: (port) => `hook_url: 'mqtt://127.0.0.1:${port}', user: wazuh, topic: 'wazuh/{agent}'`,
    async reader(t, { port }) {
      const session = ['-i', 'reader', '-c', '-x', '3600', '-q', '1', '-u', 'wazuh', '-P', 'right']
      const { lines } = await mosquittoSubscriber(t, port, 'wazuh/#', session)
      return async () => lines.map(idOf)
    },
    wrong: /not authorized \(0x87\)|wrong user or password/,
    // It keeps in memory what it has acknowledged, and writes it down when it ends in order only.
    end: 'SIGTERM',
  },
}

/** Not late, so that nothing has to catch up. */
const timestamp = new Date().toISOString().replace('Z', '+0000')

const alert = (n: number) =>
  `${JSON.stringify({
    timestamp,
    rule: { level: 5, description: 'größe', id: '5710', groups: ['sshd'] },
    agent: { id: '001', name: 'web-01' },
    manager: { name: 'm' },
    id: `1795255200.${n}`,
    full_log: `log ${n}`,
    location: 'x',
  })}\n`
const alerts = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => alert(from + n)).join('')

const settings = (options: string, password: string) => `listen: { port: 0 }
engine: beside
alerts: alerts.json
destinations:
  broker: { type: NAME, from: start, rate: 400, deadline: 30, ${options}, api_key: ${password} }
`

async function statusOf(outrider: RunningOutrider): Promise<DestinationStatus> {
  const { destinations } = await outrider.api<{ destinations: DestinationStatus[] }>('GET', 'destinations')
  return destinations[0]!
}

for (const [name, { skip, make, options, prepare, reader, wrong, once, end }] of Object.entries(brokers)) {
  const yaml = ({ port }: Broker, password: string) => settings(options(port), password).replace('NAME', name)

  test(`${name}: 1,000 alerts arrive, though it was away at first and ends on the way`, {
    skip,
    timeout: 180_000,
  }, async (t) => {
    const broker = await make(t)
    await broker.start()
    await prepare?.(broker)
    const read = await reader(t, broker)
    const arrived = async (count: number) =>
      waitFor(async () => {
        const ids = await read()
        return new Set(ids).size >= count && ids
      })
    // In order: mosquitto writes down then who has subscribed.
    await broker.kill('SIGTERM')

    const home = makeHome(t, { 'alerts.json': alerts(0, 100), 'outrider.yaml': yaml(broker, 'right') })
    const outrider = await startOutrider(t, home)
    await waitFor(async () => (await statusOf(outrider)).state === 'retrying')
    assert.match((await statusOf(outrider)).reason ?? '', /cannot be reached: connection refused \(ECONNREFUSED\)/)
    await broker.start()
    await outrider.api('POST', 'destinations/broker/retry')
    assert.equal((await arrived(100)).length, 100, 'each once')

    appendFileSync(join(home, 'alerts.json'), alerts(100, 900))
    await arrived(300)
    await broker.kill(end)
    // All the others may have got through before it was dead.
    appendFileSync(join(home, 'alerts.json'), alerts(900, 1000))
    await waitFor(async () => (await statusOf(outrider)).state === 'retrying')
    await broker.start()
    const ids = await arrived(1000)
    await waitFor(async () => (await statusOf(outrider)).waiting === 0)
    assert.equal(new Set(ids).size, 1000)
    t.diagnostic(`${ids.length - 1000} came twice`)
    if (once) assert.equal(ids.length, 1000)
    assert.equal(await outrider.stop(), 0)
  })

  test(`${name}: a wrong password stops it with the reason, and nothing is lost until it is mended`, {
    skip,
    timeout: 180_000,
  }, async (t) => {
    const broker = await make(t)
    await broker.start()
    await prepare?.(broker)
    const read = await reader(t, broker)
    const home = makeHome(t, { 'alerts.json': alerts(0, 20), 'outrider.yaml': yaml(broker, 'wrong-password') })
    const first = await startOutrider(t, home)
    await waitFor(async () => (await statusOf(first)).state === 'paused')
    assert.match((await statusOf(first)).reason ?? '', wrong)
    assert.equal(await first.stop(), 0)
    assert.doesNotMatch(first.output(), /wrong-password/)
    assert.deepEqual(await read(), [])

    writeFileSync(join(home, 'outrider.yaml'), yaml(broker, 'right'))
    const second = await startOutrider(t, home)
    const ids = await waitFor(async () => {
      const got = await read()
      return got.length >= 20 && got
    })
    assert.equal(new Set(ids).size, 20)
    assert.equal(await second.stop(), 0)
  })
}

test('mqtt: a built script sends by itself, and keeps what the broker does not take', {
  skip: brokers.mqtt!.skip,
  timeout: 180_000,
}, async (t) => {
  const broker = await mosquitto(t)
  await broker.start()
  const { lines } = await mosquittoSubscriber(t, broker.port, 'soc/#')
  const home = makeHome(t)
  for (const folder of ['integrations', 'logs', 'queue']) mkdirSync(join(home, folder))
  await buildScript({ name: 'mqtt', out: join(home, 'integrations') })
  const block = {
    name: 'custom-mqtt',
    hook_url: `mqtt://127.0.0.1:${broker.port}`,
    options: JSON.stringify({ topic: 'soc/{agent}' }),
    retries: 0,
  }
  const lastLine = () => logLines(home, 'integrations.log').at(-1)!
  await integratord(home, { ...block, alert: alert(1) })
  assert.match(lastLine(), /custom-mqtt: delivered alert 1795255200\.1/)
  await broker.kill()
  await integratord(home, { ...block, alert: alert(2) })
  assert.match(lastLine(), /kept alert 1795255200\.2 .* for later: .*connection refused/)
  await waitFor(async () => lines.length === 1)
  assert.equal(lines[0], alert(1).trim())
})
