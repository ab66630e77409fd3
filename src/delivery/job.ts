import type { IncidentPart } from './incidents.ts'
import type { Ticket } from './reading.ts'
import type { StoredDelivery } from './store.ts'

/** One alert on its way to one destination. */
export interface Job {
  /** Of its row; undefined while it has none, or has one that is not written yet. */
  id: number | undefined
  /** Byte string; dropped once it is in the table. */
  line: string | undefined
  /** Its place in the log, until that is settled. */
  ticket: Ticket | undefined
  /** Alerts with the same key keep their order; undefined: it does not matter. */
  key: string | undefined
  /** `new`, `waiting` and `rejected` rest; `trying` is in flight; `gone` was delivered or dropped. */
  /** Of a message that stands for several alerts. */
  incident: IncidentPart | undefined
  state: 'new' | 'waiting' | 'trying' | 'rejected' | 'gone'
  /** A person wants it sent: no silence holds it back, nor does it wait for its turn behind what is new. */
  insists: boolean
  /** Whether it is in the table, or will be with the next commit. */
  hasRow: boolean
  attempts: number
  /** Failures that say something about this alert, and not just that the destination is away. */
  strikes: number
  next_at: number
  reason: string
  created: number
  /** Deliveries of the destination when the first strike fell: more since then prove that it works. */
  delivered_then: number
  /** The last try, masked, until it is written. */
  request: string | null
  answer: string | null
}

/** An alert that was just taken from the log. */
export function newJob(
  line: string,
  ticket: Ticket | undefined,
  key: string | undefined,
  now: number,
  incident?: IncidentPart,
): Job {
  const counts = { attempts: 0, strikes: 0, next_at: 0, created: now, delivered_then: 0 }
  const texts = { reason: '', request: null, answer: null }
  return {
    id: undefined,
    line,
    ticket,
    key,
    incident,
    state: 'new',
    insists: false,
    hasRow: false,
    ...counts,
    ...texts,
  }
}

/** One that was waiting when the last run ended, or that a person wants tried again. */
export function restoredJob(row: StoredDelivery): Job {
  const incident = row.incident === null ? undefined : (JSON.parse(row.incident) as IncidentPart)
  const { id, order_key, attempts, strikes, next_at, created, reason, insists } = row
  const counts = { attempts, strikes, next_at, created, delivered_then: 0 }
  const texts = { reason, request: null, answer: null }
  return {
    id,
    line: undefined,
    ticket: undefined,
    key: order_key ?? undefined,
    incident,
    state: 'waiting',
    insists: insists === 1,
    hasRow: true,
    ...counts,
    ...texts,
  }
}
