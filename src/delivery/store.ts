/**
 * The table of deliveries that wait or were rejected. Everything else is in the log: an alert that was delivered leaves no trace here, and one that was
 * not reached yet is behind its destination's cursor.
 */
import type { Migration, State } from '../durable/state.ts'

export const migrations: Migration[] = [
  {
    name: 'deliveries-1',
    // Times are milliseconds since 1970. `alert` is the line of alerts.json, byte for byte. `place` orders what came from the log. `request`
    // and `answer` are for people: the last try, secrets masked.
    sql: `
      CREATE TABLE delivery (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        destination TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'rejected')),
        order_key TEXT,
        alert BLOB NOT NULL,
        attempts INTEGER NOT NULL,
        strikes INTEGER NOT NULL,
        next_at INTEGER NOT NULL,
        reason TEXT NOT NULL,
        request TEXT,
        answer TEXT,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX delivery_by_destination ON delivery (destination, state, id);`,
  },
]

export type DeliveryState = 'waiting' | 'rejected'

/** A row without the alert, as destinations keep it in memory. */
export interface StoredDelivery {
  id: number
  destination: string
  state: DeliveryState
  order_key: string | null
  attempts: number
  /** Failures that say something about this alert and not about the destination being away. */
  strikes: number
  next_at: number
  reason: string
  created: number
  updated: number
}

/** A row as it is shown. */
export interface FullDelivery extends StoredDelivery {
  /** Byte string. */
  alert: string
  request: string | null
  answer: string | null
}

export type NewDelivery = Omit<FullDelivery, 'id'>

const columns = 'id, destination, state, order_key, attempts, strikes, next_at, reason, created, updated'

export interface Store {
  waiting(destination: string): StoredDelivery[]
  rejectedCount(destination: string): number
  get(id: number): FullDelivery | undefined
  list(filter: { destination?: string; state?: DeliveryState; limit: number }): FullDelivery[]
  idsOf(destination: string, state: DeliveryState): number[]
  insert(row: NewDelivery): number
  /** Null as `request` or `answer` leaves what is there. */
  update(row: Omit<FullDelivery, 'destination' | 'alert' | 'created'>): void
  delete(id: number): void
}

export function openStore({ db }: State): Store {
  const one = db.prepare(`SELECT ${columns}, alert, request, answer FROM delivery WHERE id = ?`)
  const waiting = db.prepare(`SELECT ${columns} FROM delivery WHERE destination = ? AND state = 'waiting' ORDER BY id`)
  const rejected = db.prepare(`SELECT count(*) AS n FROM delivery WHERE destination = ? AND state = 'rejected'`)
  const ids = db.prepare('SELECT id FROM delivery WHERE destination = ? AND state = ? ORDER BY id')
  const list = db.prepare(
    `SELECT ${columns}, alert, request, answer FROM delivery
     WHERE (?1 IS NULL OR destination = ?1) AND (?2 IS NULL OR state = ?2) ORDER BY id DESC LIMIT ?3`,
  )
  const insert = db.prepare(
    `INSERT INTO delivery (destination, state, order_key, alert, attempts, strikes, next_at, reason, request, answer, created, updated)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const update = db.prepare(
    `UPDATE delivery SET state = ?, attempts = ?, strikes = ?, next_at = ?, reason = ?,
     order_key = ?, request = coalesce(?, request), answer = coalesce(?, answer), updated = ? WHERE id = ?`,
  )
  const remove = db.prepare('DELETE FROM delivery WHERE id = ?')

  return {
    waiting: (destination) => waiting.all(destination) as unknown as StoredDelivery[],
    rejectedCount: (destination) => Number(rejected.get(destination)!.n),
    get: (id) => full(one.get(id)),
    list: ({ destination, state, limit }) =>
      list.all(destination ?? null, state ?? null, limit).map((row) => full(row)!),
    idsOf: (destination, state) => ids.all(destination, state).map((row) => Number(row.id)),
    insert: (row) =>
      Number(
        insert.run(
          row.destination,
          row.state,
          row.order_key,
          Buffer.from(row.alert, 'latin1'),
          row.attempts,
          row.strikes,
          row.next_at,
          row.reason,
          row.request,
          row.answer,
          row.created,
          row.updated,
        ).lastInsertRowid,
      ),
    update: (row) =>
      void update.run(
        row.state,
        row.attempts,
        row.strikes,
        row.next_at,
        row.reason,
        row.order_key,
        row.request,
        row.answer,
        row.updated,
        row.id,
      ),
    delete: (id) => void remove.run(id),
  }
}

function full(row: Record<string, unknown> | undefined): FullDelivery | undefined {
  if (!row) return undefined
  const alert = row.alert as Uint8Array
  return {
    ...row,
    alert: Buffer.from(alert.buffer, alert.byteOffset, alert.byteLength).toString('latin1'),
  } as unknown as FullDelivery
}
