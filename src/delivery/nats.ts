/**
 * Publishes to NATS over one connection. Delivered is what the server has confirmed: JetStream with an acknowledgement, and without it the answer to a PING
 * that followed the message, for a server takes commands in their order.
 * https://docs.nats.io/reference/reference-protocols/nats-protocol
 */
import { isIP } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import { connect, errors, headers, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node'
import type { NatsMessage, Outcome } from '../define.ts'
import { keepOne, tlsOf, unreachable } from './connection.ts'
import type { Transport } from './transports.ts'

const answer_ms = 30_000

/** How often a server refused a subject on this connection. It says so in a message that names the subject, and nothing else. */
type Refusals = Map<string, { count: number; reason: string }>

interface Line {
  connection: NatsConnection
  refusals: Refusals
  /** Those who wait for the answer to a PING: the library forgets them when the connection ends. */
  unanswered: Set<(error: Error) => void>
}

export function natsTransport(server: NatsMessage['nats']): Transport<NatsMessage> {
  const where = server.servers.map(hostOf).join(', ')
  const kept = keepOne<Line>(
    async (lost) => {
      const connection = await connect(optionsOf(server))
      const unanswered = new Set<(error: Error) => void>()
      void connection.closed().then((error) => {
        lost()
        for (const fail of unanswered) fail(error ?? new Error('the connection was closed'))
      })
      return { connection, unanswered, refusals: watch(connection) }
    },
    ({ connection }) => void connection.close(),
  )
  return {
    async send(message) {
      let line: Line
      try {
        line = await kept.get()
      } catch (error) {
        const { message: reason } = error as Error
        return isLogin(error) ? { kind: 'paused', reason: `${where}: ${reason}` } : unreachable(where, error as Error)
      }
      try {
        return message.jetstream ? await store(line, message) : await publish(line, message)
      } catch (error) {
        return outcomeOf(error as Error, where)
      }
    },
    drop: kept.drop,
    async close() {
      kept.drop()
    },
  }
}

const hostOf = (url: string) => url.replace(/^\w+:\/\//, '')

function optionsOf(server: NatsMessage['nats']): Parameters<typeof connect>[0] {
  const { servers, user, password, token, nkey_seed, tls } = server
  // Else the connection is encrypted where the server offers it.
  const wants_tls =
    servers.some((url) => url.startsWith('tls:')) || tls?.ca_file !== undefined || tls?.ssl_verify === false
  // Handed on to node:tls as it is.
  const secured = { ...tlsOf(server), checkServerIdentity: identityOf(servers) }
  return {
    servers: servers.map(hostOf),
    name: 'outrider',
    // When to try again is decided elsewhere, for all destinations.
    reconnect: false,
    timeout: answer_ms,
    // A connection that broke without a sign is noticed within a minute, also when nothing is sent.
    pingInterval: 30_000,
    noAsyncTraces: true,
    ...(user !== undefined && { user, pass: password ?? '' }),
    ...(token !== undefined && { token }),
    ...(nkey_seed !== undefined && { authenticator: nkeyAuthenticator(new TextEncoder().encode(nkey_seed)) }),
    ...(wants_tls && { tls: secured }),
  }
}

/** For a server that is given by its address the library says no name, and Node then looks for "localhost" in the certificate. */
function identityOf(servers: readonly string[]) {
  const hosts = servers.map((url) => new URL(url).hostname.toLowerCase().replace(/^\[|\]$/g, ''))
  const addresses = hosts.filter((host) => isIP(host) !== 0)
  return (name: string, certificate: PeerCertificate): Error | undefined => {
    if (hosts.includes(name.toLowerCase()) || addresses.length === 0) return checkServerIdentity(name, certificate)
    const errors = addresses.map((address) => checkServerIdentity(address, certificate))
    return errors.includes(undefined) ? undefined : errors[0]
  }
}

function isLogin(error: unknown): boolean {
  return (
    error instanceof errors.AuthorizationError ||
    error instanceof errors.UserAuthenticationExpiredError ||
    // The seed cannot be read.
    (error as Error).message.startsWith('nkeys:')
  )
}

function watch(connection: NatsConnection): Refusals {
  const refusals: Refusals = new Map()
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type !== 'error' || !(status.error instanceof errors.PermissionViolationError)) continue
      const { subject, message } = status.error
      refusals.set(subject, { count: (refusals.get(subject)?.count ?? 0) + 1, reason: message })
    }
  })()
  return refusals
}

function headersOf({ message_id }: NatsMessage): ReturnType<typeof headers> {
  const fields = headers()
  fields.set('Nats-Msg-Id', message_id)
  return fields
}

async function publish({ connection, refusals, unanswered }: Line, message: NatsMessage): Promise<Outcome> {
  const { subject, payload } = message
  const before = refusals.get(subject)?.count
  connection.publish(subject, payload, { headers: headersOf(message) })
  await new Promise<void>((resolve, reject) => {
    unanswered.add(reject)
    connection
      .flush()
      .then(resolve, reject)
      .finally(() => unanswered.delete(reject))
  })
  // What was refused has come before the answer, but is handed to us a turn later.
  await setImmediate()
  const refusal = refusals.get(subject)
  return refusal?.count === before ? { kind: 'delivered' } : { kind: 'paused', reason: refusal!.reason }
}

/** The stream of a subject answers what is published to it. https://docs.nats.io/reference/reference-protocols/nats_api_reference#publishing-to-a-stream */
async function store({ connection }: Line, message: NatsMessage): Promise<Outcome> {
  const { subject, payload } = message
  const answer = await connection.request(subject, payload, { headers: headersOf(message), timeout: answer_ms })
  const { stream, seq, error } = answer.json<{
    stream?: string
    seq?: number
    error?: { code: number; err_code?: number; description?: string }
  }>()
  if (error === undefined && stream !== undefined) return { kind: 'delivered', ref: `${stream}:${seq}` }
  if (error === undefined) return { kind: 'paused', reason: `what listens to "${subject}" is no stream of JetStream` }
  const reason = `JetStream: ${error.description ?? 'refused'} (${error.err_code ?? error.code})`
  // Too large for the stream; the others are about the stream, which is full or has no leader, or about the account.
  if (error.err_code === 10_054) return { kind: 'rejected', reason }
  return error.code >= 500 || error.err_code === 10_077
    ? { kind: 'retry', reason, busy: true }
    : { kind: 'paused', reason }
}

function outcomeOf(error: Error, where: string): Outcome {
  const cause = error.cause instanceof Error ? error.cause : error
  if (cause instanceof errors.NoRespondersError)
    return {
      kind: 'paused',
      reason: `no stream of JetStream takes the subject "${cause.subject}"; make one, or set jetstream to false`,
    }
  if (cause instanceof errors.PermissionViolationError || isLogin(cause))
    return { kind: 'paused', reason: `${where}: ${cause.message}` }
  // Larger than the server's max_payload.
  if (cause instanceof errors.InvalidArgumentError) return { kind: 'rejected', reason: cause.message }
  return unreachable(where, cause)
}
