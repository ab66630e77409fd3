/**
 * The table of deliveries that wait or were rejected. Everything else is in the log: an alert that was delivered leaves no trace here, and one that was
 * not reached yet is behind its destination's cursor.
 */
import type { Migration, State } from '../durable/state.ts'
import type { StoredIncident } from './incidents.ts'

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
  {
    name: 'deliveries-2',
    // `incident` of a delivery: JSON of IncidentPart. The table holds the open incidents of destinations with `group_by`.
    sql: `
      ALTER TABLE delivery ADD COLUMN incident TEXT;
      CREATE TABLE incident (
        destination TEXT NOT NULL,
        key TEXT NOT NULL,
        opened INTEGER NOT NULL,
        sent_at INTEGER NOT NULL,
        more INTEGER NOT NULL,
        last BLOB NOT NULL,
        ref TEXT,
        PRIMARY KEY (destination, key)
      ) STRICT, WITHOUT ROWID;`,
  },
  {
    name: 'deliveries-3',
    // `alerts`: JSON of the alerts' names, see incidents.ts. `block_end`: blocks that are over, until the incidents of their alerts have been ended.
    sql: `
      ALTER TABLE incident ADD COLUMN alerts TEXT NOT NULL DEFAULT '[]';
      CREATE TABLE block_end (
        id INTEGER PRIMARY KEY AUTOINCREMENT, alert TEXT NOT NULL, rule TEXT NOT NULL, target TEXT NOT NULL
      ) STRICT;`,
  },
  {
    name: 'deliveries-4',
    sql: 'CREATE TABLE summary (destination TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT, WITHOUT ROWID',
  },
  {
    name: 'deliveries-5',
    // 1: a person asked for it to be sent, so no silence holds it back.
    sql: 'ALTER TABLE delivery ADD COLUMN insists INTEGER NOT NULL DEFAULT 0',
  },
]

export type DeliveryState = 'waiting' | 'rejected'

/** A row without the alert, as destinations keep it in memory. */
export interface StoredDelivery {
  id: number
  destination: string
  state: DeliveryState
  order_key: string | null
  /** JSON of IncidentPart. */
  incident: string | null
  attempts: number
  /** Failures that say something about this alert and not about the destination being away. */
  strikes: number
  next_at: number
  reason: string
  created: number
  updated: number
  /** 1: a person wants it sent. */
  insists: 0 | 1
}

/** A row as it is shown. */
export interface FullDelivery extends StoredDelivery {
  /** Byte string. */
  alert: string
  request: string | null
  answer: string | null
}

export type NewDelivery = Omit<FullDelivery, 'id' | 'insists'>

const columns =
  'id, destination, state, order_key, incident, attempts, strikes, next_at, reason, created, updated, insists'

export interface Store {
  waiting(destination: string): StoredDelivery[]
  rejectedCount(destination: string): number
  get(id: number): FullDelivery | undefined
  list(filter: { destination?: string; state?: DeliveryState; limit: number }): FullDelivery[]
  idsOf(destination: string, state: DeliveryState): number[]
  insert(row: NewDelivery): number
  /** Null as `request` or `answer` leaves what is there. */
  update(row: Omit<FullDelivery, 'destination' | 'alert' | 'created' | 'insists'>): void
  /** A person wants them sent now; one that was rejected waits again. On the disk when it returns. */
  insist(ids: readonly number[], now: number): void
  delete(id: number): void
  incidents(destination: string): StoredIncident[]
  putIncident(destination: string, incident: StoredIncident): void
  deleteIncident(destination: string, key: string): void
  /** JSON, see summaries.ts. */
  summary(destination: string): string | undefined
  putSummary(destination: string, state: string): void
}

export function openStore(state: State): Store {
  const { db } = state
  const one = db.prepare(`SELECT ${columns}, alert, request, answer FROM delivery WHERE id = ?`)
  const waiting = db.prepare(`SELECT ${columns} FROM delivery WHERE destination = ? AND state = 'waiting' ORDER BY id`)
  const rejected = db.prepare(`SELECT count(*) AS n FROM delivery WHERE destination = ? AND state = 'rejected'`)
  const ids = db.prepare('SELECT id FROM delivery WHERE destination = ? AND state = ? ORDER BY id')
  const list = db.prepare(
    `SELECT ${columns}, alert, request, answer FROM delivery
     WHERE (?1 IS NULL OR destination = ?1) AND (?2 IS NULL OR state = ?2) ORDER BY id DESC LIMIT ?3`,
  )
  const insert = db.prepare(
    `INSERT INTO delivery (destination, state, order_key, incident, alert, attempts, strikes, next_at, reason, request, answer, created, updated)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const update = db.prepare(
    `UPDATE delivery SET state = ?, attempts = ?, strikes = ?, next_at = ?, reason = ?,
     order_key = ?, incident = ?, request = coalesce(?, request), answer = coalesce(?, answer), updated = ? WHERE id = ?`,
  )
  // The turn of one that was rejected has passed: it holds nobody back.
  const insist = db.prepare(
    `UPDATE delivery SET insists = 1, state = 'waiting', next_at = ?, strikes = iif(state = 'rejected', 0, strikes),
     order_key = iif(state = 'rejected', NULL, order_key) WHERE id = ?`,
  )
  const remove = db.prepare('DELETE FROM delivery WHERE id = ?')
  const incidents = db.prepare(
    'SELECT key, opened, sent_at, more, last, ref, alerts FROM incident WHERE destination = ?',
  )
  const put = db.prepare(
    'INSERT OR REPLACE INTO incident (destination, key, opened, sent_at, more, last, ref, alerts) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const putSummary = db.prepare('INSERT OR REPLACE INTO summary (destination, state) VALUES (?, ?)')
  const forget = db.prepare('DELETE FROM incident WHERE destination = ? AND key = ?')

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
          row.incident,
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
        row.incident,
        row.request,
        row.answer,
        row.updated,
        row.id,
      ),
    insist: (ids, now) => state.transaction(() => ids.forEach((id) => void insist.run(now, id))),
    delete: (id) => void remove.run(id),
    incidents: (destination) =>
      incidents
        .all(destination)
        .map(
          (row) =>
            ({ ...row, last: bytesOf(row.last), alerts: JSON.parse(String(row.alerts)) }) as unknown as StoredIncident,
        ),
    putIncident: (destination, { key, opened, sent_at, more, last, ref, alerts }) =>
      void put.run(destination, key, opened, sent_at, more, Buffer.from(last, 'latin1'), ref, JSON.stringify(alerts)),
    deleteIncident: (destination, key) => void forget.run(destination, key),
    summary: (destination) =>
      db.prepare('SELECT state FROM summary WHERE destination = ?').get(destination)?.state as string | undefined,
    putSummary: (destination, summary) => void putSummary.run(destination, summary),
  }
}

function full(row: Record<string, unknown> | undefined): FullDelivery | undefined {
  return row && ({ ...row, alert: bytesOf(row.alert) } as unknown as FullDelivery)
}

/** The byte string of a BLOB. */
function bytesOf(blob: unknown): string {
  const { buffer, byteOffset, byteLength } = blob as Uint8Array
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
}
