/**
 * Connections that HTTP requests go through, kept and used again, so many to each server, one request at a time in each.
 *
 * Of our own and not undici's: with one small request an alert, half of the processor time of a delivery was spent between its dispatch() and the socket. What
 * undici can and this cannot (proxies, pipelining, streams) is not needed here, or goes through undici still.
 */
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type AnswerReader, usual_idle_ms } from './http-wire.ts'

/** One request and where its answer goes. */
export interface Exchange {
  /** As `URL` gives it. */
  origin: string
  /** All of it, as bytes or, when every character is one, as text. */
  message: string | Buffer
  reader: AnswerReader
  /** Called once, unless it was cancelled before. Without an error the answer is there. */
  ended(error?: NodeJS.ErrnoException): void
  /** Its connection is there. */
  isSent: boolean
  /** It is no longer waited for. */
  isOver: boolean
}

export interface Connections {
  begin(exchange: Exchange): void
  /** Nobody waits for it any more. */
  cancel(exchange: Exchange): void
  close(): void
}

export interface TlsSettings {
  ca?: Buffer | undefined
  rejectUnauthorized: boolean
}

/** A connection attempt must end by itself: nothing else ends it when the deadline of a request has passed. */
const connect_ms = 30_000
/** Most answers fit; longer ones come in pieces. */
const read_bytes = 16 * 1024

/** @param most to each server */
export function openConnections(most: number, tls: TlsSettings): Connections {
  const servers = new Map<string, Server>()
  return {
    begin(exchange) {
      let server = servers.get(exchange.origin)
      if (!server) servers.set(exchange.origin, (server = new Server(exchange.origin, most, tls)))
      server.begin(exchange)
    },
    cancel(exchange) {
      servers.get(exchange.origin)?.cancel(exchange)
    },
    close() {
      for (const server of servers.values()) server.close()
      servers.clear()
    },
  }
}

class Server {
  private readonly url: URL
  private readonly most: number
  private readonly tls: TlsSettings
  private readonly all = new Set<Connection>()
  private readonly idle: Connection[] = []
  private waiting: Exchange[] = []
  private sweep: NodeJS.Timeout | undefined
  /** Lets the next TLS connection begin with less. */
  private session: Buffer | undefined

  constructor(origin: string, most: number, tls: TlsSettings) {
    this.url = new URL(origin)
    this.most = most
    this.tls = tls
  }

  begin(exchange: Exchange): void {
    for (let free = this.idle.pop(); free; free = this.idle.pop()) {
      if (free.isUsable) {
        free.begin(exchange)
        return
      }
      free.end()
    }
    if (this.all.size >= this.most) this.waiting.push(exchange)
    else this.all.add(new Connection(exchange, this))
  }

  cancel(exchange: Exchange): void {
    this.waiting = this.waiting.filter((one) => one !== exchange)
    for (const connection of this.all)
      if (connection.current === exchange) {
        connection.give()
        return
      }
  }

  close(): void {
    const stopped = Object.assign(new Error('stopped'), { code: 'ECONNABORTED' })
    const { waiting } = this
    this.waiting = []
    clearTimeout(this.sweep)
    for (const connection of [...this.all]) connection.end(stopped)
    for (const exchange of waiting) end(exchange, stopped)
  }

  /** It may be used again. */
  free(connection: Connection): void {
    const next = this.waiting.shift()
    if (next) {
      connection.begin(next)
      return
    }
    this.idle.push(connection)
    this.sweep ??= setTimeout(() => this.endIdle(), usual_idle_ms).unref()
  }

  /** A server has better uses for connections than to keep those that nobody will use again. */
  private endIdle(): void {
    this.sweep = undefined
    for (const connection of this.idle.filter(({ isUsable }) => !isUsable)) connection.end()
    if (this.idle.length > 0) this.sweep ??= setTimeout(() => this.endIdle(), usual_idle_ms).unref()
  }

  gone(connection: Connection): void {
    this.all.delete(connection)
    const at = this.idle.indexOf(connection)
    if (at >= 0) this.idle.splice(at, 1)
    const next = this.waiting.shift()
    if (next) this.begin(next)
  }

  /** @param read gets bytes that are good until it returns */
  open(read: (bytes: Buffer) => void, opened: () => void): Socket {
    const { protocol, hostname, port } = this.url
    const host = hostname.replace(/^\[(.*)\]$/, '$1')
    if (protocol === 'http:') {
      // Without the stream that a socket is otherwise: answers are small, and each would be a buffer of its own.
      const buffer = Buffer.allocUnsafeSlow(read_bytes)
      const callback = (length: number): boolean => {
        read(buffer.subarray(0, length))
        return true
      }
      const plain = connect({
        host,
        port: Number(port || 80),
        noDelay: true,
        keepAlive: true,
        onread: { buffer, callback },
      })
      return plain.once('connect', opened)
    }
    const socket = connectTls({
      host,
      port: Number(port || 443),
      // An address is no name (RFC 6066, section 3).
      servername: isIP(host) ? '' : host,
      ALPNProtocols: ['http/1.1'],
      ...this.tls,
      session: this.session,
    })
    socket.setNoDelay(true)
    socket.setKeepAlive(true)
    socket.on('session', (session) => {
      this.session = session
    })
    return socket.once('secureConnect', opened).on('data', read)
  }
}

class Connection {
  current: Exchange | undefined
  private readonly socket: Socket
  private readonly server: Server
  private isOpen = false
  private isGone = false
  private usableUntil = 0
  private error: NodeJS.ErrnoException | undefined

  constructor(first: Exchange, server: Server) {
    this.server = server
    this.current = first
    const timer = setTimeout(
      () => this.end(Object.assign(new Error('no connection'), { code: 'UND_ERR_CONNECT_TIMEOUT' })),
      connect_ms,
    )
    const opened = (): void => {
      clearTimeout(timer)
      this.isOpen = true
      // Whoever asked for it may have gone meanwhile.
      if (this.current) this.write(this.current)
      else this.rest(usual_idle_ms)
    }
    this.socket = server.open((bytes) => this.read(bytes), opened)
    this.socket.on('error', (error) => {
      this.error = error
    })
    this.socket.on('close', () => {
      clearTimeout(timer)
      this.closed()
    })
  }

  get isUsable(): boolean {
    // The server may have said that it sends no more, which ends our side, too.
    return !this.isGone && this.socket.writable && performance.now() < this.usableUntil
  }

  begin(exchange: Exchange): void {
    this.current = exchange
    this.write(exchange)
  }

  /** Its exchange is not wanted any more. */
  give(): void {
    this.current = undefined
    // The answer would come to the next request.
    if (this.isOpen) this.end()
  }

  /** Closes it, whatever is under way. */
  end(error?: NodeJS.ErrnoException): void {
    if (error) this.error = error
    this.socket.destroy()
    this.closed()
  }

  private write(exchange: Exchange): void {
    const { message } = exchange
    exchange.isSent = true
    if (typeof message === 'string') this.socket.write(message, 'latin1')
    else this.socket.write(message)
  }

  private read(bytes: Buffer): void {
    const { current } = this
    // What nobody has asked for.
    if (!current) {
      this.end()
      return
    }
    try {
      if (!current.reader.push(bytes)) return
    } catch (error) {
      this.end(error as Error)
      return
    }
    this.current = undefined
    const { reusable_ms } = current.reader
    // An answer may come before all of the request was sent: the rest of it would be taken for the next one.
    if (reusable_ms === undefined || this.socket.writableLength > 0) this.end()
    else this.rest(reusable_ms)
    end(current)
  }

  private rest(ms: number): void {
    this.usableUntil = performance.now() + ms
    this.server.free(this)
  }

  private closed(): void {
    if (this.isGone) return
    this.isGone = true
    const { current } = this
    this.current = undefined
    this.server.gone(this)
    if (!current) return
    if (current.reader.end()) end(current)
    else end(current, this.error ?? Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }))
  }
}

function end(exchange: Exchange, error?: NodeJS.ErrnoException): void {
  if (exchange.isOver) return
  exchange.isOver = true
  exchange.ended(error)
}
