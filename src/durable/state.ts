/**
 * state.db: the one SQLite file for what the logs themselves cannot hold (cursors, waiting deliveries, leases, …).
 *
 * - What a committed transaction says is on disk: WAL with synchronous=FULL, so a power cut takes back nothing that was acknowledged. The exception is a `lazy`
 *   one, which survives a kill, and a power cut as soon as a later one that is not lazy does: the WAL keeps their order.
 * - Tables belong to the features. Each exports its own `migrations`; whoever opens the file passes all of them. Only {@link State.cursor} lives here.
 * - A migration is applied once, by name, and never edited afterwards: a change is a new migration.
 */
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** One step of a feature's tables, e.g. `{ name: 'leases-1', sql: 'CREATE TABLE lease (…) STRICT' }`. */
export interface Migration {
  name: string
  sql: string
}

/** A named JSON value that survives, for places in a file and the like. */
export interface Cursor<T> {
  get(): T | undefined
  /** Takes part in the transaction it is called in; by itself it is one. */
  set(value: T): void
  delete(): void
}

/** state.db cannot be used. The message names the file; `hint` says how to mend it. */
export class StateError extends Error {
  override name = 'StateError'
  hint: string
  constructor(message: string, hint: string, cause?: unknown) {
    super(message, { cause })
    this.hint = hint
  }
}

export interface State {
  readonly path: string
  /** For statements of one's own. Writes outside {@link transaction} each cost one disk sync. */
  readonly db: DatabaseSync
  /**
   * Runs `work` as one transaction: committed when it returns, rolled back when it throws. Inside another transaction it joins that one. `work` must not
   * be async, since anything else that ran meanwhile would fall into the same transaction.
   *
   * @param durability `lazy` costs no disk sync: for what is merely done again when a power cut takes it back
   */
  transaction<T>(work: () => T, durability?: 'full' | 'lazy'): T
  cursor<T>(name: string): Cursor<T>
  /** All cursors whose name begins with `prefix`. */
  cursors<T>(prefix: string): { name: string; value: T }[]
  close(): void
  [Symbol.dispose](): void
}

const own: Migration[] = [
  { name: 'durable-1', sql: 'CREATE TABLE cursor (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID' },
]

/**
 * Opens (and creates, mode 0600) the database and brings its tables up to date, all in one transaction.
 *
 * @param migrations of every feature; within one feature the order counts
 * @throws StateError when the file is not a database, cannot be written, is locked for longer than five seconds, or was written by a newer version
 */
export function openState(path: string, migrations: Migration[] = []): State {
  let db: DatabaseSync | undefined
  try {
    if (path !== ':memory:') createPrivate(path)
    db = new DatabaseSync(path, { timeout: 5000, enableForeignKeyConstraints: true })
    db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL')
    const state = stateOf(path, db)
    state.transaction(() => migrate(state, [...own, ...migrations]))
    return state
  } catch (error) {
    db?.close()
    throw error instanceof StateError ? error : explain(path, error)
  }
}

function createPrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // The -wal and -shm files take over the mode of the database.
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
}

function stateOf(path: string, db: DatabaseSync): State {
  function transaction<T>(work: () => T, durability: 'full' | 'lazy' = 'full'): T {
    if (db.isTransaction) return work()
    if (durability === 'full') return commit(work)
    db.exec('PRAGMA synchronous=NORMAL')
    try {
      return commit(work)
    } finally {
      db.exec('PRAGMA synchronous=FULL')
    }
  }

  function commit<T>(work: () => T): T {
    // IMMEDIATE: taking the write lock later could fail half-way, which no busy timeout helps against.
    db.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      if (result instanceof Promise) throw new TypeError('a transaction must not be async')
      db.exec('COMMIT')
      return result
    } catch (error) {
      // Some errors (disk full, I/O) make SQLite roll back by itself.
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
  }

  function cursor<T>(name: string): Cursor<T> {
    return {
      get() {
        const row = db.prepare('SELECT value FROM cursor WHERE name = ?').get(name)
        return row === undefined ? undefined : (JSON.parse(row.value as string) as T)
      },
      set(value) {
        db.prepare(
          'INSERT INTO cursor (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
        ).run(name, JSON.stringify(value))
      },
      delete() {
        db.prepare('DELETE FROM cursor WHERE name = ?').run(name)
      },
    }
  }

  function cursors<T>(prefix: string): { name: string; value: T }[] {
    const rows = db
      .prepare('SELECT name, value FROM cursor WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name')
      .all(prefix)
    return rows.map((row) => ({ name: row.name as string, value: JSON.parse(row.value as string) as T }))
  }

  const close = (): void => {
    if (db.isOpen) db.close()
  }
  return { path, db, transaction, cursor, cursors, close, [Symbol.dispose]: close }
}

function migrate({ path, db }: State, migrations: Migration[]): void {
  db.exec('CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID')
  const known = new Set(migrations.map(({ name }) => name))
  if (known.size < migrations.length) throw new TypeError('two migrations have the same name')
  const applied = new Set(
    db
      .prepare('SELECT name FROM migration')
      .all()
      .map((row) => row.name as string),
  )
  const unknown = [...applied].filter((name) => !known.has(name))
  if (unknown.length > 0)
    throw new StateError(
      `${path}: written by a newer version (it knows "${unknown.join('", "')}", this one does not)`,
      'start the newer version, or put back the state.db saved before the update',
    )
  const note = db.prepare('INSERT INTO migration (name) VALUES (?)')
  for (const { name, sql } of migrations) {
    if (applied.has(name)) continue
    db.exec(sql)
    note.run(name)
  }
}

/** SQLite's primary result codes, https://www.sqlite.org/rescode.html. */
function explain(path: string, error: unknown): Error {
  const { errcode, code, message } = error as { errcode?: number; code?: string; message: string }
  const whose = 'the file and its folder must be writable by the user that runs outrider'
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new StateError(`${path}: cannot be written (${code})`, whose, error)
  if (code === 'ENOSPC') return new StateError(`${path}: the disk is full`, 'make room', error)
  switch (errcode === undefined ? undefined : errcode & 0xff) {
    case 5:
    case 6:
      return new StateError(`${path}: locked by another process`, 'is another outrider running? stop it first', error)
    case 8:
      return new StateError(`${path}: cannot be written (read-only)`, whose, error)
    case 11:
    case 26:
      return new StateError(
        `${path}: not a database, or damaged (${message})`,
        'move it away (and the -wal and -shm files beside it) and put back a copy, or start without: places in files and leases are then forgotten',
        error,
      )
    case 13:
      return new StateError(`${path}: the disk is full`, 'make room', error)
    case 10:
    case 14:
      return new StateError(`${path}: cannot be opened (${message})`, whose, error)
    default:
      return code === undefined || code === 'ERR_SQLITE_ERROR'
        ? (error as Error)
        : new StateError(`${path}: ${message}`, whose, error)
  }
}
