import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { connect, nkeys } from '@nats-io/transport-node'
import type { NatsMessage, Outcome } from '../define.ts'
import { certificate } from '../testing/certificate.ts'
import { assertGoesAndComes, type Broker, folderOf, missing, natsServer } from './testing/brokers.ts'
import { createTransports } from './transports.ts'

const needs = { skip: missing('nats-server'), timeout: 120_000 }

function shipper(t: TestContext, { port }: Broker, server: Partial<NatsMessage['nats']> = {}) {
  const transports = createTransports(4)
  t.after(() => transports.close())
  return (more: Partial<NatsMessage> = {}, deadline_ms = 10_000): Promise<Outcome> =>
    transports.ship(
      {
        nats: { servers: [`nats://127.0.0.1:${port}`], ...server },
        subject: 'wazuh.alerts',
        payload: '{"größe":1}',
        message_id: 'a',
        jetstream: true,
        ...more,
      },
      deadline_ms,
      new AbortController().signal,
    )
}

async function makeStream(t: TestContext, { port }: Broker, more: object = {}) {
  const connection = await connect({ servers: `127.0.0.1:${port}`, reconnect: false })
  t.after(() => connection.close())
  const ask = async (what: string, body: object = {}) =>
    (await connection.request(`$JS.API.STREAM.${what}`, JSON.stringify(body))).json<Record<string, never>>()
  const made = await ask('CREATE.ALERTS', { name: 'ALERTS', subjects: ['wazuh.>'], storage: 'file', ...more })
  assert.equal(made.error, undefined)
  return { connection, ask }
}

const reasonOf = (outcome: Outcome) => ('reason' in outcome ? outcome.reason : '')

test('nats: JetStream stores an alert once, however often it is sent', needs, async (t) => {
  const server = await natsServer(t)
  await server.start()
  const { ask } = await makeStream(t, server)
  const ship = shipper(t, server)
  assert.deepEqual(await ship(), { kind: 'delivered', ref: 'ALERTS:1' })
  assert.deepEqual(await ship(), { kind: 'delivered', ref: 'ALERTS:1' })
  assert.deepEqual(await ship({ message_id: 'b' }), { kind: 'delivered', ref: 'ALERTS:2' })
  const { message } = (await ask('MSG.GET.ALERTS', { seq: 1 })) as unknown as {
    message: { subject: string; data: string }
  }
  assert.equal(message.subject, 'wazuh.alerts')
  assert.equal(Buffer.from(message.data, 'base64').toString(), '{"größe":1}')
})

test('nats: without JetStream the server has it when it counts as delivered', needs, async (t) => {
  const server = await natsServer(t)
  await server.start()
  const listener = await connect({ servers: `127.0.0.1:${server.port}`, reconnect: false })
  t.after(() => listener.close())
  const got: string[] = []
  listener.subscribe('wazuh.>', { callback: (_, message) => void got.push(message.string()) })
  await listener.flush()
  assert.deepEqual(await shipper(t, server)({ jetstream: false }), { kind: 'delivered' })
  await listener.flush()
  assert.deepEqual(got, ['{"größe":1}'])
})

test('nats: a subject without a stream, and a stream that is full', needs, async (t) => {
  const server = await natsServer(t)
  await server.start()
  const ship = shipper(t, server)
  const lost = await ship()
  assert.equal(lost.kind, 'paused')
  assert.match(reasonOf(lost), /^no stream of JetStream takes the subject "wazuh.alerts"; make one, or/)
  await makeStream(t, server, { max_msgs: 1, discard: 'new', max_msg_size: 100 })
  assert.equal((await ship()).kind, 'delivered')
  const full = await ship({ message_id: 'b' })
  assert.deepEqual([full.kind, 'busy' in full && full.busy], ['retry', true])
  assert.match(reasonOf(full), /^JetStream: maximum messages exceeded/)
  const large = await ship({ message_id: 'c', payload: 'x'.repeat(200) })
  assert.deepEqual(
    [large.kind, reasonOf(large)],
    ['rejected', 'JetStream: message size exceeds maximum allowed (10054)'],
  )
  assert.equal((await ship({ message_id: 'd', payload: 'x'.repeat(2_000_000) })).kind, 'rejected')
})

test('nats: who may not, and what may not be published to', needs, async (t) => {
  const server = await natsServer(
    t,
    `authorization { users: [
      { user: wazuh, password: right, permissions: { publish: ["wazuh.>"], subscribe: "_INBOX.>" } } ] }`,
  )
  await server.start()
  const wrong = await shipper(t, server, { user: 'wazuh', password: 'wrong' })()
  assert.equal(wrong.kind, 'paused')
  assert.match(reasonOf(wrong), /^127\.0\.0\.1:\d+: Authorization Violation$/i)
  assert.equal((await shipper(t, server)()).kind, 'paused', 'without a login')
  const ship = shipper(t, server, { user: 'wazuh', password: 'right' })
  assert.deepEqual(await ship({ jetstream: false }), { kind: 'delivered' })
  for (const jetstream of [false, true]) {
    const [refused, allowed] = await Promise.all([
      ship({ jetstream, subject: 'secret.alerts' }),
      ship({ jetstream: false }),
    ])
    assert.equal(refused.kind, 'paused', String(jetstream))
    assert.match(reasonOf(refused), /permissions violation for publish to "secret\.alerts"/i)
    assert.equal(allowed.kind, 'delivered')
  }
})

test('nats: a token, and an nkey', needs, async (t) => {
  const withToken = await natsServer(t, 'authorization { token: "T-1" }')
  const pair = nkeys.createUser()
  const withKey = await natsServer(t, `authorization { users: [{ nkey: ${pair.getPublicKey()} }] }`)
  await Promise.all([withToken.start(), withKey.start()])
  const core = { jetstream: false }
  assert.equal((await shipper(t, withToken, { token: 'T-1' })(core)).kind, 'delivered')
  assert.equal((await shipper(t, withToken, { token: 'T-2' })(core)).kind, 'paused')
  const nkey_seed = new TextDecoder().decode(pair.getSeed())
  assert.equal((await shipper(t, withKey, { nkey_seed })(core)).kind, 'delivered')
  const other = new TextDecoder().decode(nkeys.createUser().getSeed())
  assert.equal((await shipper(t, withKey, { nkey_seed: other })(core)).kind, 'paused')
  const broken = await shipper(t, withKey, { nkey_seed: 'SUABC' })(core)
  assert.equal(broken.kind, 'paused', reasonOf(broken))
  assert.doesNotMatch(reasonOf(broken), /SUABC/)
})

test('nats: TLS with an authority of one’s own', { ...needs, skip: missing('nats-server', 'openssl') }, async (t) => {
  const folder = folderOf(t)
  const { key, cert } = certificate(folder)
  const server = await natsServer(t, `tls { cert_file: "${cert}", key_file: "${key}" }`, folder)
  await server.start()
  const servers = [`tls://127.0.0.1:${server.port}`]
  const core = { jetstream: false }
  assert.equal((await shipper(t, server, { servers, tls: { ca_file: cert } })(core)).kind, 'delivered')
  assert.equal((await shipper(t, server, { servers, tls: { ssl_verify: false } })(core)).kind, 'delivered')
  const unknown = await shipper(t, server, { servers })(core)
  assert.equal(unknown.kind, 'retry')
  assert.match(reasonOf(unknown), /certificate/)
  const plain = await natsServer(t)
  await plain.start()
  const refused = await shipper(t, server, { servers: [`tls://127.0.0.1:${plain.port}`] })(core)
  assert.notEqual(refused.kind, 'delivered', 'nothing is sent in the clear to one that must speak TLS')
})

test('nats: an address is looked for in the certificate, as a name is', {
  ...needs,
  skip: missing('nats-server', 'openssl'),
}, async (t) => {
  for (const [name, kind] of [
    ['IP:127.0.0.1', 'delivered'],
    ['DNS:localhost', 'retry'],
    ['IP:127.0.0.2', 'retry'],
  ] as const) {
    const folder = folderOf(t)
    const { key, cert } = certificate(folder, name)
    const server = await natsServer(t, `tls { cert_file: "${cert}", key_file: "${key}" }`, folder)
    await server.start()
    const servers = [`tls://127.0.0.1:${server.port}`]
    const outcome = await shipper(t, server, { servers, tls: { ca_file: cert } })({ jetstream: false })
    assert.equal(outcome.kind, kind, `${name} ${'reason' in outcome ? outcome.reason : ''}`)
  }
})

test('nats: nobody there, and a server that goes and comes', needs, async (t) => {
  const server = await natsServer(t)
  const ship = shipper(t, server)
  await assertGoesAndComes(server, () => ship({ jetstream: false }))
})

test('nats: a server that falls silent is left, and the next try connects anew', needs, async (t) => {
  const server = await natsServer(t)
  await server.start()
  const { connection } = await makeStream(t, server)
  // It takes the request, and never answers.
  connection.subscribe('mute', { callback: () => {} })
  await connection.flush()
  const ship = shipper(t, server)
  assert.equal((await ship()).kind, 'delivered')
  const silent = await ship({ subject: 'mute' }, 50)
  assert.deepEqual([silent.kind, reasonOf(silent)], ['retry', 'not done within 0.05 s'])
  assert.equal((await ship({ message_id: 'z' })).kind, 'delivered')
})
