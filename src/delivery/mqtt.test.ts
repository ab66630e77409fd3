import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { MqttMessage, Outcome } from '../define.ts'
import { certificate } from '../testing/certificate.ts'
import { listen } from '../testing/listen.ts'
import {
  assertGoesAndComes,
  type Broker,
  folderOf,
  missing,
  mosquitto,
  mosquittoPassword,
  mosquittoSubscriber,
} from './testing/brokers.ts'
import { until } from './testing/setup.ts'
import { createTransports } from './transports.ts'

const needs = { skip: missing('mosquitto'), timeout: 120_000 }
const withReader = { ...needs, skip: missing('mosquitto', 'mosquitto_sub') }
const versions = ['5', '3.1.1'] as const

function shipper(t: TestContext, { port }: Pick<Broker, 'port'>, server: Partial<MqttMessage['mqtt']> = {}) {
  const transports = createTransports(4)
  t.after(() => transports.close())
  return (more: Partial<MqttMessage> = {}, deadline_ms = 10_000): Promise<Outcome> =>
    transports.ship(
      {
        mqtt: { url: `mqtt://127.0.0.1:${port}`, version: '5', ...server },
        topic: 'wazuh/alerts',
        payload: '{"größe":1}',
        retain: false,
        properties: { idempotency_key: 'a' },
        ...more,
      },
      deadline_ms,
      new AbortController().signal,
    )
}

const reasonOf = (outcome: Outcome) => ('reason' in outcome ? outcome.reason : '')

test(
  'mqtt: every message arrives once, in both versions, more at once than the broker takes',
  withReader,
  async (t) => {
    // Of a client it takes three that are not acknowledged.
    const server = await mosquitto(t, 'allow_anonymous true\nmax_inflight_messages 3')
    await server.start()
    for (const version of versions) {
      const { lines } = await mosquittoSubscriber(t, server.port, `v/${version}/#`)
      const ship = shipper(t, server, { version })
      const outcomes = await Promise.all(
        Array.from({ length: 500 }, (_, n) => ship({ topic: `v/${version}/${n % 7}`, payload: `{"n":${n},"ö":1}` })),
      )
      assert.ok(outcomes.every(({ kind }) => kind === 'delivered'))
      await until(() => lines.length >= 500, `${lines.length} of 500`)
      assert.equal(new Set(lines).size, 500)
      assert.equal(lines.length, 500)
      assert.deepEqual(JSON.parse(lines[0]!), { n: 0, ö: 1 })
    }
  },
)

test('mqtt: a retained message is there for those who come later', withReader, async (t) => {
  const server = await mosquitto(t)
  await server.start()
  const ship = shipper(t, server)
  for (const n of [1, 2]) assert.deepEqual(await ship({ retain: true, payload: `{"n":${n}}` }), { kind: 'delivered' })
  const { lines } = await mosquittoSubscriber(t, server.port, 'wazuh/#')
  await until(() => lines.length > 0)
  assert.deepEqual(lines, ['{"n":2}'])
  const without = await mosquitto(t, 'allow_anonymous true\nretain_available false')
  await without.start()
  const refused = await shipper(t, without)({ retain: true })
  assert.equal(refused.kind, 'paused')
  assert.match(reasonOf(refused), /keeps no retained messages/)
})

test('mqtt: who may not, and where one may not publish', needs, async (t) => {
  const folder = folderOf(t)
  const [passwords, acl] = [join(folder, 'passwords'), join(folder, 'acl')]
  mosquittoPassword(passwords, 'wazuh', 'right')
  writeFileSync(acl, 'user wazuh\ntopic write wazuh/#\n')
  const server = await mosquitto(t, `password_file ${passwords}\nacl_file ${acl}`, folder)
  await server.start()
  for (const version of versions) {
    for (const login of [{}, { user: 'wazuh', password: 'wrong' }]) {
      const outcome = await shipper(t, server, { version, ...login })()
      assert.equal(outcome.kind, 'paused', reasonOf(outcome))
      assert.match(reasonOf(outcome), /^127\.0\.0\.1:\d+: (not authorized \(0x87|wrong user or password \(0x86)/)
    }
    assert.deepEqual(await shipper(t, server, { version, user: 'wazuh', password: 'right' })(), { kind: 'delivered' })
  }
  const ship = shipper(t, server, { user: 'wazuh', password: 'right' })
  const [refused, allowed] = await Promise.all([ship({ topic: 'other' }), ship()])
  assert.deepEqual([refused.kind, reasonOf(refused)], ['paused', 'not authorized (0x87)'])
  assert.equal(allowed.kind, 'delivered')
})

test('mqtt: what is too large is not sent', needs, async (t) => {
  const server = await mosquitto(t, 'allow_anonymous true\nmax_packet_size 1000')
  await server.start()
  const ship = shipper(t, server)
  const large = await ship({ payload: 'x'.repeat(1000) })
  assert.equal(large.kind, 'rejected')
  assert.match(reasonOf(large), /^the server takes 1000 bytes, and it has 10\d\d$/)
  assert.equal((await ship()).kind, 'delivered')
})

test('mqtt: TLS with an authority of one’s own', { ...needs, skip: missing('mosquitto', 'openssl') }, async (t) => {
  const folder = folderOf(t)
  const { key, cert } = certificate(folder)
  const server = await mosquitto(t, `allow_anonymous true\ncertfile ${cert}\nkeyfile ${key}`, folder)
  await server.start()
  const url = `mqtts://127.0.0.1:${server.port}`
  assert.equal((await shipper(t, server, { url, tls: { ca_file: cert } })()).kind, 'delivered')
  assert.equal((await shipper(t, server, { url, tls: { ssl_verify: false } })()).kind, 'delivered')
  const unknown = await shipper(t, server, { url })()
  assert.deepEqual([unknown.kind, /self-signed/.test(reasonOf(unknown))], ['retry', true])
  const lost = await shipper(t, server, { url, tls: { ca_file: join(folder, 'none.pem') } })()
  assert.match(reasonOf(lost), /none\.pem/)
})

test('mqtt: nobody there, and a broker that goes and comes', needs, async (t) => {
  const server = await mosquitto(t)
  await assertGoesAndComes(server, shipper(t, server))
})

/** A broker that says what it is told to: what comes after CONNECT, and after each PUBLISH. */
async function fakeBroker(t: TestContext, connack: string, puback?: string) {
  let connections = 0
  let open = 0
  const got: string[] = []
  const server = createServer((socket) => {
    connections++
    open++
    let packets = 0
    socket.on('error', () => {})
    socket.on('close', () => open--)
    socket.on('data', (data) => {
      got.push(data.toString('hex'))
      const answer = packets++ === 0 ? connack : puback
      if (answer !== undefined) socket.write(Buffer.from(answer.replaceAll(' ', ''), 'hex'))
    })
  })
  return { port: await listen(t, server), connections: () => connections, open: () => open, got }
}

test('mqtt: each reason of a broker is an outcome', async (t) => {
  const fine = '20 03 00 00 00'
  for (const [connack, puback, kind, busy, words] of [
    [fine, '40 02 00 01', 'delivered', undefined, /^$/],
    [fine, '40 03 00 01 10', 'delivered', undefined, /^$/],
    [fine, '40 04 00 01 97 00', 'retry', true, /a quota is used up \(0x97\)/],
    [fine, '40 04 00 01 80 00', 'retry', undefined, /refused \(0x80\)/],
    [fine, '40 08 00 01 99 04 1f 00 01 78', 'rejected', undefined, /payload is refused \(0x99: x\)/],
    [fine, 'e0 02 95 00', 'retry', undefined, /larger than the server takes/],
    [fine, 'e0 02 8b 00', 'retry', true, /shuts down/],
    ['20 03 00 84 00', undefined, 'paused', undefined, /set version to the other one \(0x84\)/],
    ['20 02 00 01', undefined, 'paused', undefined, /set version to the other one/],
    ['20 03 00 89 00', undefined, 'retry', true, /busy/],
    ['20 05 00 00 02 24 00', undefined, 'paused', undefined, /acknowledges nothing/],
    ['48 54 54 50 2f 31', undefined, 'retry', true, /does not speak MQTT/],
  ] as const) {
    const broker = await fakeBroker(t, connack, puback)
    const outcome = await shipper(t, broker)()
    assert.equal(outcome.kind, kind, `${connack} ${puback}: ${reasonOf(outcome)}`)
    assert.equal('busy' in outcome ? outcome.busy : undefined, busy, reasonOf(outcome))
    assert.match(reasonOf(outcome), words)
  }
})

test('mqtt: a broker that falls silent is left, and the next try connects anew', async (t) => {
  const broker = await fakeBroker(t, '20 03 00 00 00')
  const ship = shipper(t, broker)
  for (const tries of [1, 2]) {
    const silent = await ship({}, 50)
    assert.deepEqual([silent.kind, reasonOf(silent)], ['retry', 'not done within 0.05 s'])
    assert.equal(broker.connections(), tries)
  }
})

test('mqtt: a connection that is silent is asked whether it is alive, and left when it is not', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  // The broker wants to hear from us every 30 seconds.
  const broker = await fakeBroker(t, '20 06 00 00 03 13 00 1e', '40 02 00 01')
  const ship = shipper(t, broker)
  assert.deepEqual(await ship(), { kind: 'delivered' })
  t.mock.timers.tick(30_000)
  await until(() => broker.got.at(-1) === 'c000')
  assert.equal(broker.open(), 1)
  t.mock.timers.tick(30_000)
  await until(() => broker.open() === 0)
  assert.deepEqual(await ship(), { kind: 'delivered' })
  assert.equal(broker.connections(), 2)
})
