/** What look-ups keep in state.db: answers, for as long as they are good, and how much of each quota is used. */
import type { Migration, State } from '../durable/state.ts'

export const migrations: Migration[] = [
  {
    name: 'lookups-1',
    // Times are milliseconds since 1970, days are days since 1970. `fields` is JSON, null for what the service does not know.
    sql: `
      CREATE TABLE lookup_answer (key TEXT PRIMARY KEY, fields TEXT, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      CREATE INDEX lookup_answer_by_until ON lookup_answer (until);
      CREATE TABLE lookup_quota (
        account TEXT PRIMARY KEY,
        day INTEGER NOT NULL,
        used INTEGER NOT NULL,
        recent TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;`,
  },
]

export type Fields = Record<string, unknown>

// -------------------------------------------------------------------------------------------------------------------- answers

export interface Answers {
  /** Undefined: not asked, or too long ago. Null: the service does not know it. */
  get(key: string, now: number): Fields | null | undefined
  put(key: string, fields: Fields | null, until: number): void
  /** Writes what is new. */
  flush(now: number): void
}

/** Beyond this the answers that end first are forgotten. */
const most_answers = 100_000
/** Larger ones are asked for again. */
const most_characters = 64 * 1024

export function openAnswers(state: State): Answers {
  const { db } = state
  const find = db.prepare('SELECT fields, until FROM lookup_answer WHERE key = ?')
  const insert = db.prepare('INSERT OR REPLACE INTO lookup_answer (key, fields, until) VALUES (?, ?, ?)')
  const expire = db.prepare('DELETE FROM lookup_answer WHERE until <= ?')
  const count = db.prepare('SELECT count(*) AS n FROM lookup_answer')
  const shrink = db.prepare(
    'DELETE FROM lookup_answer WHERE key IN (SELECT key FROM lookup_answer ORDER BY until LIMIT ?)',
  )
  // Written together: an answer that a crash takes is asked for again.
  const fresh = new Map<string, { fields: string | null; until: number }>()
  return {
    get(key, now) {
      const found = fresh.get(key) ?? (find.get(key) as { fields: string | null; until: number } | undefined)
      if (!found || found.until <= now) return undefined
      return found.fields === null ? null : (JSON.parse(found.fields) as Fields)
    },
    put(key, fields, until) {
      const text = fields === null ? null : JSON.stringify(fields)
      if (text === null || text.length <= most_characters) fresh.set(key, { fields: text, until })
    },
    flush(now) {
      if (fresh.size === 0) return
      state.transaction(() => {
        for (const [key, { fields, until }] of fresh) insert.run(key, fields, until)
        expire.run(now)
        const over = Number(count.get()!.n) - most_answers
        if (over > 0) shrink.run(over)
      })
      fresh.clear()
    },
  }
}

// --------------------------------------------------------------------------------------------------------------------- quotas

export interface Limits {
  /** 0 is no limit. */
  per_minute: number
  /** Of the day in UTC, as the services count. 0 is no limit. */
  per_day: number
}

export interface Quotas {
  /** Takes one request of an account's quota; or says for how long there is none, and why. */
  take(account: string, limits: Limits, now: number): { wait_ms: number; reason: string } | undefined
}

const minute = 60_000
const day = 86_400_000

/** Counted before the request is sent, and on disk by then: a restart gives nobody a second quota. */
export function openQuotas({ db }: State): Quotas {
  const find = db.prepare('SELECT day, used, recent FROM lookup_quota WHERE account = ?')
  const save = db.prepare('INSERT OR REPLACE INTO lookup_quota (account, day, used, recent) VALUES (?, ?, ?, ?)')
  return {
    take(account, { per_minute, per_day }, now) {
      if (per_minute === 0 && per_day === 0) return undefined
      const row = find.get(account) as { day: number; used: number; recent: string } | undefined
      const today = Math.floor(now / day)
      const used = row?.day === today ? row.used : 0
      // What lies ahead comes from a clock that was put back.
      const recent = (JSON.parse(row?.recent ?? '[]') as number[]).filter((at) => at > now - minute && at <= now)
      if (per_day > 0 && used >= per_day)
        return {
          wait_ms: (today + 1) * day - now,
          reason: `the quota of ${per_day} requests a day is used up until 00:00 UTC`,
        }
      if (per_minute > 0 && recent.length >= per_minute)
        return {
          wait_ms: recent[recent.length - per_minute]! + minute - now,
          reason: `the quota of ${per_minute} requests a minute is used up`,
        }
      save.run(account, today, used + 1, JSON.stringify(per_minute > 0 ? [...recent, now] : []))
      return undefined
    },
  }
}
