/** What the engine remembers over restarts, where Wazuh has files: first-time-seen keys (`queue/fts/fts-queue`) and the last logs of `check_diff` rules (`queue/diff`). */
import type { Migration, State } from '../durable/state.ts'
import type { DiffStore } from '../engine/index.ts'

export const migrations: Migration[] = [
  {
    name: 'engine-1',
    sql: `CREATE TABLE engine_first_seen (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
          CREATE TABLE engine_diff (hostname TEXT NOT NULL, rule INTEGER NOT NULL, log TEXT NOT NULL, PRIMARY KEY (hostname, rule)) STRICT, WITHOUT ROWID`,
  },
]

export interface EngineMemory {
  /** Keys of former runs. */
  fts_seen: string[]
  on_fts(key: string): void
  diff: DiffStore
  /** Writes what is new; to be called in the transaction that moves the inputs' cursors, so that a repeated event finds the memory as it was. */
  save(): void
  /** That transaction is over. */
  saved(): void
}

export function openEngineMemory({ db }: State): EngineMemory {
  const addKey = db.prepare('INSERT OR IGNORE INTO engine_first_seen (key) VALUES (?)')
  const getLog = db.prepare('SELECT log FROM engine_diff WHERE hostname = ? AND rule = ?')
  const setLog = db.prepare(
    'INSERT INTO engine_diff (hostname, rule, log) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET log = excluded.log',
  )
  const keys: string[] = []
  const logs = new Map<string, { hostname: string; rule: number; log: string }>()

  return {
    fts_seen: db
      .prepare('SELECT key FROM engine_first_seen')
      .all()
      .map((row) => String(row.key)),
    on_fts: (key) => void keys.push(key),
    diff: {
      get: (hostname, rule) =>
        logs.get(`${rule} ${hostname}`)?.log ?? (getLog.get(hostname, rule)?.log as string | undefined),
      set: (hostname, rule, log) => void logs.set(`${rule} ${hostname}`, { hostname, rule, log }),
    },
    save() {
      for (const key of keys) addKey.run(key)
      for (const { hostname, rule, log } of logs.values()) setLog.run(hostname, rule, log)
    },
    saved() {
      keys.length = 0
      logs.clear()
    },
  }
}
