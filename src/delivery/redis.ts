/** Appends to Redis streams over one connection. */
import { createClient, ErrorReply } from '@redis/client'
import type { Outcome, RedisEntry } from '../define.ts'
import { keepOne, tlsOf, unreachable } from './connection.ts'
import type { Transport } from './transports.ts'

export function redisTransport(server: RedisEntry['redis']): Transport<RedisEntry> {
  const { hostname, port, protocol } = new URL(server.url)
  const where = `${hostname}:${port || 6379}`
  const kept = keepOne(
    async (lost) => {
      const client = createClient({
        socket: {
          host: hostname.replace(/^\[|\]$/g, ''),
          port: Number(port || 6379),
          connectTimeout: 30_000,
          // When to try again is decided elsewhere, for all destinations.
          reconnectStrategy: false,
          ...(protocol === 'rediss:' && { tls: true as const, ...tlsOf(server) }),
        },
        username: server.user,
        password: server.password,
        database: server.database,
        name: 'outrider',
        disableOfflineQueue: true,
        // Commands that a user who may only XADD is refused.
        disableClientInfo: true,
        maintNotifications: 'disabled',
      })
      // What it says is said by the commands, too; an error that nobody listens to would end the process.
      client.on('error', lost)
      client.on('end', lost)
      await client.connect()
      return client
    },
    (client) => client.destroy(),
  )
  return {
    async send(entry) {
      try {
        const client = await kept.get()
        const id = await client.sendCommand(argumentsOf(entry))
        return { kind: 'delivered', ref: String(id) }
      } catch (error) {
        return error instanceof ErrorReply ? outcomeOf(error.message, where) : unreachable(where, error as Error)
      }
    },
    drop: kept.drop,
    async close() {
      kept.drop()
    },
  }
}

/** https://redis.io/docs/latest/commands/xadd/ */
function argumentsOf({ stream, fields, max_length }: RedisEntry): string[] {
  return [
    'XADD',
    stream,
    ...(max_length > 0 ? ['MAXLEN', '~', String(max_length)] : []),
    '*',
    ...Object.entries(fields).flat(),
  ]
}

/** The first word of an error says which; an entry is never wrong by itself, so what is left waits for a person. */
function outcomeOf(message: string, where: string): Outcome {
  const reason = `${where}: ${message}`
  const isPassing =
    /^(OOM|LOADING|BUSY|READONLY|MASTERDOWN|MISCONF|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|ERR max number of clients)\b/
  return isPassing.test(message) ? { kind: 'retry', reason, busy: true } : { kind: 'paused', reason }
}
