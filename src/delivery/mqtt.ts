/**
 * Publishes over MQTT with QoS 1: delivered is what the server has acknowledged. The protocol is written down here, since what a publisher needs of it is five
 * packets, and the usual library brings 44 packages.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { MqttMessage, Outcome } from '../define.ts'
import { keepOne, tlsOf, unreachable } from './connection.ts'
import {
  type Answer,
  connectPacket,
  disconnectPacket,
  type Limits,
  pingPacket,
  publishPacket,
  readAnswers,
} from './mqtt-packets.ts'
import type { Transport } from './transports.ts'

const connect_ms = 30_000
/** Seconds. */
const keep_alive = 60

/** The server has said no. */
class Refusal extends Error {
  readonly outcome: Outcome

  constructor(outcome: Outcome & { reason: string }) {
    super(outcome.reason)
    this.outcome = outcome
  }
}

export function mqttTransport(server: MqttMessage['mqtt']): Transport<MqttMessage> {
  const { hostname, port, protocol } = new URL(server.url)
  const where = `${hostname}:${port || (protocol === 'mqtts:' ? 8883 : 1883)}`
  const kept = keepOne(
    (lost) => Session.open(server, lost),
    (session) => session.end(),
  )
  return {
    async send(message) {
      try {
        const session = await kept.get()
        return await session.publish(message)
      } catch (error) {
        if (!(error instanceof Refusal)) return unreachable(where, error as Error)
        const { outcome } = error
        return 'reason' in outcome ? { ...outcome, reason: `${where}: ${outcome.reason}` } : outcome
      }
    },
    drop: kept.drop,
    async close() {
      kept.drop()
    },
  }
}

interface Waiting {
  resolve(outcome: Outcome): void
  reject(error: Error): void
}

/** One connection, from CONNACK on. */
class Session {
  private readonly socket: Socket
  private readonly is_v5: boolean
  private readonly limits: Limits
  private readonly unanswered = new Map<number, Waiting>()
  /** Those that the server does not take yet: it has so many without an answer as it said that it takes. */
  private queue: (() => void)[] = []
  private lastId = 0
  private isPinged = false
  private broken: Error | undefined

  private constructor(socket: Socket, is_v5: boolean, limits: Limits) {
    this.socket = socket
    this.is_v5 = is_v5
    this.limits = limits
    // 0: it does not mind.
    const seconds = limits.keep_alive || keep_alive
    // A server ends what was silent for one and a half times as long.
    const timer = setInterval(() => this.ping(), seconds * 1000).unref()
    socket.once('close', () => {
      clearInterval(timer)
      this.fail(this.broken ?? new Error('the connection was closed'))
    })
  }

  static open(server: MqttMessage['mqtt'], lost: () => void): Promise<Session> {
    return new Promise((resolve, reject) => {
      const is_v5 = server.version === '5'
      const socket = openSocket(server)
      let session: Session | undefined
      let buffer: Buffer = Buffer.alloc(0)
      const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${connect_ms / 1000} s`)), connect_ms)
      const { user, password, client_id = `outrider-${randomBytes(6).toString('hex')}` } = server
      socket.write(connectPacket({ is_v5, client_id, keep_alive, user, password }))
      socket.on('data', (data) => {
        buffer = buffer.length === 0 ? data : Buffer.concat([buffer, data])
        try {
          const read = readAnswers(buffer, is_v5)
          buffer = read.rest
          for (const answer of read.answers) {
            if (session) session.take(answer)
            else {
              clearTimeout(timer)
              session = new Session(socket, is_v5, accept(answer, is_v5))
              resolve(session)
            }
          }
        } catch (error) {
          socket.destroy(error as Error)
        }
      })
      socket.on('error', reject)
      socket.on('close', () => {
        clearTimeout(timer)
        lost()
        reject(new Error('the connection was closed, as by a server that does not know this version of MQTT'))
      })
    })
  }

  async publish({ topic, payload, retain, properties }: MqttMessage): Promise<Outcome> {
    if (retain && !this.limits.retain_available)
      return { kind: 'paused', reason: 'the server keeps no retained messages; set retain to false' }
    while (this.unanswered.size >= this.limits.receive_maximum && !this.broken)
      await new Promise<void>((free) => this.queue.push(free))
    if (this.broken) throw this.broken
    const id = this.nextId()
    const packet = publishPacket({ is_v5: this.is_v5, id, topic, payload, retain, properties })
    if (packet.length > this.limits.maximum_packet_size) {
      this.next()
      return {
        kind: 'rejected',
        reason: `the server takes ${this.limits.maximum_packet_size} bytes, and it has ${packet.length}`,
      }
    }
    return new Promise((resolve, reject) => {
      this.unanswered.set(id, { resolve, reject })
      this.socket.write(packet)
    })
  }

  end(): void {
    // What has not been answered is why it is ended.
    if (this.unanswered.size > 0) this.socket.destroy()
    else this.socket.end(disconnectPacket, () => this.socket.destroy())
  }

  private take(answer: Answer): void {
    if (answer.kind === 'pingresp') this.isPinged = false
    else if (answer.kind === 'disconnect') {
      const outcome = refusal(answer.reason, answer.words)
      // It is about one message, and does not say which.
      this.broken = new Refusal(outcome.kind === 'rejected' ? { kind: 'retry', reason: outcome.reason } : outcome)
      this.socket.destroy()
    } else if (answer.kind === 'puback') {
      const { id, reason, words } = answer
      const waiting = this.unanswered.get(id)
      this.unanswered.delete(id)
      // 0x10: taken, and nobody listens.
      waiting?.resolve(reason < 0x80 ? { kind: 'delivered' } : refusal(reason, words))
      this.next()
    }
  }

  private next(): void {
    this.queue.shift()?.()
  }

  private ping(): void {
    if (this.isPinged) this.socket.destroy(new Error('it no longer answers'))
    else this.socket.write(pingPacket)
    this.isPinged = true
  }

  private nextId(): number {
    do this.lastId = (this.lastId % 65_535) + 1
    while (this.unanswered.has(this.lastId))
    return this.lastId
  }

  private fail(error: Error): void {
    this.broken = error
    for (const { reject } of this.unanswered.values()) reject(error)
    this.unanswered.clear()
    for (const free of this.queue.splice(0)) free()
  }
}

function openSocket(server: MqttMessage['mqtt']): Socket {
  const { hostname, port, protocol } = new URL(server.url)
  const host = hostname.replace(/^\[|\]$/g, '')
  return protocol === 'mqtts:'
    ? connectTls({ host, port: Number(port || 8883), ...tlsOf(server) })
    : connect({ host, port: Number(port || 1883), keepAlive: true, noDelay: true })
}

/** @throws Refusal when the server does not let us in */
function accept(answer: Answer, is_v5: boolean): Limits {
  if (answer.kind !== 'connack') throw new Error('it does not speak MQTT')
  const { reason, limits } = answer
  // Version 3.1.1 has five numbers of its own.
  if (reason !== 0) throw new Refusal(refusal(reason < 0x80 ? (old_reasons[reason] ?? 0x80) : reason, limits.words))
  if (is_v5 && limits.maximum_qos < 1)
    throw new Refusal({ kind: 'paused', reason: 'the server acknowledges nothing (its maximum QoS is 0)' })
  return limits
}

const old_reasons: Record<number, number> = { 1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87 }

/** Section 2.4. */
const reasons: Record<number, [kind: 'retry' | 'busy' | 'paused' | 'rejected', words: string]> = {
  128: ['retry', 'refused'],
  131: ['retry', 'refused for a reason of its own'],
  132: ['paused', 'the server does not know this version of MQTT; set version to the other one'],
  133: ['paused', 'the client id is refused'],
  134: ['paused', 'wrong user or password'],
  135: ['paused', 'not authorized'],
  136: ['busy', 'not available'],
  137: ['busy', 'the server is busy'],
  138: ['paused', 'this client is banned'],
  139: ['busy', 'the server shuts down'],
  140: ['paused', 'the server wants another kind of authentication'],
  141: ['busy', 'was silent for too long'],
  142: ['busy', 'another client has the same client_id'],
  144: ['rejected', 'the topic is refused'],
  147: ['busy', 'more at once than the server takes'],
  149: ['rejected', 'larger than the server takes'],
  150: ['busy', 'too many messages'],
  151: ['busy', 'a quota is used up'],
  152: ['paused', 'disconnected by an administrator'],
  153: ['rejected', 'the payload is refused'],
  154: ['paused', 'the server keeps no retained messages; set retain to false'],
  155: ['paused', 'the server does not acknowledge (QoS 1)'],
  156: ['paused', 'the server has moved for now'],
  157: ['paused', 'the server has moved'],
  159: ['busy', 'too many connections'],
}

function refusal(code: number, words: string): Outcome & { reason: string } {
  const [kind, meaning] = reasons[code] ?? (['retry', 'refused'] as const)
  const reason = `${meaning} (0x${code.toString(16)}${words === '' ? '' : `: ${words.slice(0, 200)}`})`
  return kind === 'busy' ? { kind: 'retry', reason, busy: true } : { kind, reason }
}
