/**
 * How things that are no HTTP requests leave this machine, or reach its disk: files, syslog sockets, mail, brokers. Nothing is opened, and no library loaded,
 * before it is needed.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { toBytes } from '../alert.ts'
import type { FileLine, Mail, MqttMessage, NatsMessage, Outcome, RedisEntry, Shipment, SocketText } from '../define.ts'
import { type Appender, openAppend } from '../durable/append.ts'

export interface Transports {
  /** Never rejects. */
  ship(outgoing: Shipment, deadline_ms: number, signal: AbortSignal): Promise<Outcome>
  close(): Promise<void>
}

export interface Transport<T> {
  send(what: T): Promise<Outcome>
  /** The server did not answer in time: what comes next takes a new connection. */
  drop?(): void
  close(): Promise<void>
}

/**
 * For one destination: all that is shipped goes to one server.
 *
 * @param connections at most so many to one mail server
 */
export function createTransports(connections: number): Transports {
  let files: Transport<FileLine> | undefined
  let sockets: Transport<SocketText> | undefined
  let mails: Transport<Mail> | undefined
  let nats: Transport<NatsMessage> | undefined
  let redis: Transport<RedisEntry> | undefined
  let mqtt: Transport<MqttMessage> | undefined
  const opened = () => [files, sockets, mails, nats, redis, mqtt]

  async function send(outgoing: Shipment): Promise<Outcome> {
    if ('file' in outgoing) return (files ??= fileTransport()).send(outgoing)
    if ('transport' in outgoing) return (sockets ??= socketTransport()).send(outgoing)
    if ('nats' in outgoing) {
      const { natsTransport } = await import('./nats.ts')
      return (nats ??= natsTransport(outgoing.nats)).send(outgoing)
    }
    if ('redis' in outgoing) {
      const { redisTransport } = await import('./redis.ts')
      return (redis ??= redisTransport(outgoing.redis)).send(outgoing)
    }
    if ('mqtt' in outgoing) {
      const { mqttTransport } = await import('./mqtt.ts')
      return (mqtt ??= mqttTransport(outgoing.mqtt)).send(outgoing)
    }
    const { mailTransport } = await import('./mail.ts')
    return (mails ??= mailTransport(outgoing.smtp, connections)).send(outgoing)
  }

  const drop = (): void => {
    for (const transport of opened()) transport?.drop?.()
  }
  return {
    ship: (outgoing, deadline_ms, signal) => within(deadline_ms, signal, send(outgoing), drop),
    async close() {
      await Promise.all(opened().map((transport) => transport?.close()))
    },
  }
}

function within(ms: number, signal: AbortSignal, sending: Promise<Outcome>, late: () => void): Promise<Outcome> {
  return new Promise((resolve) => {
    const end = (outcome: Outcome): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      resolve(outcome)
    }
    const abort = (): void => end({ kind: 'retry', reason: 'stopped', busy: true })
    const timer = setTimeout(() => {
      end({ kind: 'retry', reason: `not done within ${ms / 1000} s`, busy: true })
      late()
    }, ms)
    signal.addEventListener('abort', abort, { once: true })
    sending.then(end, (error: Error) => end({ kind: 'retry', reason: error.message, busy: true }))
  })
}

// ----------------------------------------------------------------------------------------------------------------------- files

function fileTransport(): Transport<FileLine> {
  const open = new Map<string, Appender>()
  return {
    async send({ file, line }) {
      try {
        let appender = open.get(file)
        if (!appender) open.set(file, (appender = openAppend({ path: file })))
        await appender.append([toBytes(line)])
        return { kind: 'delivered' }
      } catch (error) {
        const { code = '', message } = error as NodeJS.ErrnoException
        const reason = `${file}: ${message}`
        // No rights, a folder of that name: nothing that goes away by itself. A full disk does.
        return ['EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'EROFS'].includes(code)
          ? { kind: 'paused', reason }
          : { kind: 'retry', reason, busy: true }
      }
    },
    async close() {
      await Promise.all([...open.values()].map((appender) => appender.close()))
    },
  }
}

// --------------------------------------------------------------------------------------------------------------------- sockets

function socketTransport(): Transport<SocketText> {
  const streams = new Map<string, Promise<Socket>>()
  let udp: { udp4?: UdpSocket; udp6?: UdpSocket } = {}

  function stream(what: SocketText): Promise<Socket> {
    const key = `${what.transport} ${what.host} ${what.port}`
    let opened = streams.get(key)
    if (!opened) {
      opened = openStream(what, () => streams.delete(key))
      streams.set(key, opened)
    }
    return opened
  }

  async function sendDatagram({ host, port, text }: SocketText): Promise<void> {
    const family = host.includes(':') ? 'udp6' : 'udp4'
    let socket = udp[family]
    if (!socket) {
      socket = createSocket(family)
      // What a datagram sent earlier met on its way comes here; there is nobody to tell.
      socket.on('error', () => {})
      socket.unref()
      udp[family] = socket
    }
    const open = socket
    await new Promise<void>((resolve, reject) =>
      open.send(text, port, host, (error) => (error ? reject(error) : resolve())),
    )
  }

  return {
    async send(what) {
      try {
        if (what.transport === 'udp') await sendDatagram(what)
        else {
          const socket = await stream(what)
          await new Promise<void>((resolve, reject) => {
            socket.once('close', closed)
            socket.write(what.text, (error) => {
              socket.off('close', closed)
              if (error) reject(error)
              else resolve()
            })
            function closed(): void {
              reject(new Error('the connection was closed'))
            }
          })
        }
        return { kind: 'delivered' }
      } catch (error) {
        return { kind: 'retry', reason: `${what.host}:${what.port}: ${(error as Error).message}`, busy: true }
      }
    },
    async close() {
      for (const socket of Object.values(udp)) socket.close()
      udp = {}
      for (const opened of streams.values()) await opened.then((socket) => socket.destroy()).catch(() => {})
    },
  }
}

function openStream({ transport, host, port, tls = {} }: SocketText, gone: () => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const isTls = transport === 'tls'
    const ca = tls.ca_file === undefined ? undefined : readFileSync(tls.ca_file)
    const socket: Socket = isTls
      ? connectTls({ host, port, ca, servername: host, rejectUnauthorized: tls.ssl_verify !== false })
      : connect({ host, port, keepAlive: true, noDelay: true })
    socket.once(isTls ? 'secureConnect' : 'connect', () => resolve(socket))
    socket.on('error', reject)
    // It does not answer; reading is how we learn that it closed.
    socket.resume()
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      gone()
      reject(new Error('the connection was closed'))
    })
  })
}
