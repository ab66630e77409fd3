/** What a destination's queue is given. */
import type { Alert } from '../alert.ts'
import type { Destination } from '../config.ts'
import type { Lines } from '../durable/follow.ts'
import type { Route } from '../routes.ts'
import type { RateLimit } from './backoff.ts'
import type { Sender } from './send.ts'
import type { Store } from './store.ts'
import type { Tuning } from './types.ts'

export interface QueueSettings {
  destination: Destination
  route: Route
  sender: Sender
  store: Store
  tuning: Tuning
  /** The next lines of the log; undefined when closed. */
  read(): Promise<Lines | undefined>
  now(): number
  random(): number
  /** Calls back after so many milliseconds; the returned function cancels. */
  schedule(ms: number, run: () => void): () => void
  mask(text: string): string
  /** Shared by all destinations with the same credential. */
  rate?: RateLimit
  /** Of what is late, so many a second at most. */
  catch_up?: number
  /** Gets what this one cannot deliver. False: it has no room now. */
  fallback?: { name: string; take(line: string, reason: string): boolean }
  /** Whether a silence holds this alert back, which is counted. */
  silenced(alert: Alert): boolean
  /** Something is to be committed. */
  changed(): void
  /** A line of the log that is no alert. */
  bad_line(line: string): void
  log: { info(message: string): void; warn(message: string): void }
}
