import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createClient } from '@redis/client'
import type { Outcome, RedisEntry } from '../define.ts'
import { certificate } from '../testing/certificate.ts'
import { assertGoesAndComes, type Broker, folderOf, missing, redisServer } from './testing/brokers.ts'
import { createTransports } from './transports.ts'

const needs = { skip: missing('redis-server'), timeout: 120_000 }

function shipper(t: TestContext, { port }: Broker, server: Partial<RedisEntry['redis']> = {}) {
  const transports = createTransports(4)
  t.after(() => transports.close())
  return (more: Partial<RedisEntry> = {}, deadline_ms = 10_000): Promise<Outcome> =>
    transports.ship(
      {
        redis: { url: `redis://127.0.0.1:${port}`, database: 0, ...server },
        stream: 'wazuh:alerts',
        fields: { alert: '{"größe":1}', idempotency_key: 'a' },
        max_length: 0,
        ...more,
      },
      deadline_ms,
      new AbortController().signal,
    )
}

async function clientOf(t: TestContext, port: number, database = 0) {
  const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: false }, database })
  client.on('error', () => {})
  await client.connect()
  t.after(() => client.isOpen && client.destroy())
  return client
}

const reasonOf = (outcome: Outcome) => ('reason' in outcome ? outcome.reason : '')

test('redis: an entry with its fields, in the database that was asked for', needs, async (t) => {
  const server = await redisServer(t)
  await server.start()
  const outcome = await shipper(t, server, { database: 2 })()
  assert.equal(outcome.kind, 'delivered')
  const client = await clientOf(t, server.port, 2)
  const entries = await client.xRange('wazuh:alerts', '-', '+')
  assert.deepEqual(
    entries?.map(({ id, message }) => [id, { ...message }]),
    [['ref' in outcome && outcome.ref, { alert: '{"größe":1}', idempotency_key: 'a' }]],
  )
})

test('redis: the oldest entries go when there are about as many as are kept', needs, async (t) => {
  const server = await redisServer(t, 'stream-node-max-entries 10')
  await server.start()
  const ship = shipper(t, server)
  await Promise.all(Array.from({ length: 200 }, () => ship({ max_length: 50 })))
  const client = await clientOf(t, server.port)
  const length = await client.xLen('wazuh:alerts')
  assert.ok(length >= 50 && length < 70, `${length}`)
})

test('redis: who may not, by password and by ACL', needs, async (t) => {
  const server = await redisServer(
    t,
    'user default on >right ~* &* +@all\nuser wazuh on >pw resetkeys ~wazuh:* -@all +xadd +select',
  )
  await server.start()
  assert.equal((await shipper(t, server, { password: 'right' })()).kind, 'delivered')
  for (const [login, words] of [
    [{ password: 'wrong' }, /WRONGPASS/],
    [{}, /NOAUTH/],
    [{ user: 'nobody', password: 'pw' }, /WRONGPASS/],
  ] as const) {
    const outcome = await shipper(t, server, login)()
    assert.equal(outcome.kind, 'paused', reasonOf(outcome))
    assert.match(reasonOf(outcome), words)
  }
  const ship = shipper(t, server, { user: 'wazuh', password: 'pw' })
  assert.equal((await ship()).kind, 'delivered', 'a user who may only XADD')
  const refused = await ship({ stream: 'other' })
  assert.deepEqual([refused.kind, /NOPERM/.test(reasonOf(refused))], ['paused', true])
})

test('redis: a key that is no stream, a database that is not there, a memory that is full', needs, async (t) => {
  const server = await redisServer(t, 'databases 4')
  await server.start()
  const client = await clientOf(t, server.port)
  await client.set('text', 'x')
  const ship = shipper(t, server)
  const wrong = await ship({ stream: 'text' })
  assert.deepEqual([wrong.kind, /WRONGTYPE/.test(reasonOf(wrong))], ['paused', true])
  assert.equal((await shipper(t, server, { database: 9 })()).kind, 'paused')
  await client.configSet('maxmemory', '1')
  const full = await ship()
  assert.deepEqual([full.kind, 'busy' in full && full.busy, /OOM/.test(reasonOf(full))], ['retry', true, true])
  await client.configSet('maxmemory', '0')
  assert.equal((await ship()).kind, 'delivered')
})

test('redis: TLS with an authority of one’s own', { ...needs, skip: missing('redis-server', 'openssl') }, async (t) => {
  const folder = folderOf(t)
  const { key, cert } = certificate(folder)
  const server = await redisServer(
    t,
    `port 0\ntls-port PORT\ntls-cert-file ${cert}\ntls-key-file ${key}\ntls-auth-clients no`,
    folder,
  )
  await server.start()
  const url = `rediss://127.0.0.1:${server.port}`
  assert.equal((await shipper(t, server, { url, tls: { ca_file: cert } })()).kind, 'delivered')
  assert.equal((await shipper(t, server, { url, tls: { ssl_verify: false } })()).kind, 'delivered')
  const unknown = await shipper(t, server, { url })()
  assert.deepEqual([unknown.kind, /self-signed/.test(reasonOf(unknown))], ['retry', true])
})

test('redis: nobody there, and a server that goes and comes', needs, async (t) => {
  const server = await redisServer(t)
  await assertGoesAndComes(server, shipper(t, server))
})

test('redis: a server that falls silent is left, and the next try connects anew', needs, async (t) => {
  const server = await redisServer(t)
  await server.start()
  const ship = shipper(t, server)
  assert.equal((await ship()).kind, 'delivered')
  const client = await clientOf(t, server.port)
  await client.sendCommand(['CLIENT', 'PAUSE', '60000', 'WRITE'])
  const silent = await ship({}, 50)
  assert.deepEqual([silent.kind, reasonOf(silent)], ['retry', 'not done within 0.05 s'])
  await client.sendCommand(['CLIENT', 'UNPAUSE'])
  assert.equal((await ship()).kind, 'delivered')
})
