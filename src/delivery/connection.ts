/** What the connections to brokers have in common. */
import { readFileSync } from 'node:fs'
import type { BrokerLogin, Outcome } from '../define.ts'
import { reasonOf } from './failure.ts'

export interface Kept<C> {
  get(): Promise<C>
  /** Ends it; the next `get` opens another. */
  drop(): void
}

/**
 * One connection for all who ask: opened when it is first needed, and anew after it was lost.
 *
 * @param open calls `lost` when the connection has ended, whoever ended it
 */
export function keepOne<C>(open: (lost: () => void) => Promise<C>, end: (connection: C) => void): Kept<C> {
  let current: Promise<C> | undefined
  return {
    get() {
      if (current) return current
      const forget = (): void => {
        if (current === mine) current = undefined
      }
      const mine = open(forget)
      mine.catch(forget)
      current = mine
      return mine
    },
    drop() {
      const was = current
      current = undefined
      was?.then(end, () => {})
    },
  }
}

/** No connection, or one that broke: nothing is wrong with the alert. */
export function unreachable(where: string, error: Error): Outcome {
  return { kind: 'retry', reason: `${where}: ${reasonOf(error)}`, busy: true }
}

/** For node:tls. */
export function tlsOf({ tls = {} }: BrokerLogin): { ca?: string; rejectUnauthorized: boolean } {
  const { ca_file, ssl_verify } = tls
  return {
    ...(ca_file !== undefined && { ca: readFileSync(ca_file, 'utf8') }),
    rejectUnauthorized: ssl_verify !== false,
  }
}
