/**
 * Silences: what destinations are not told for a while, by whose wish and why. Each is a row in state.db from the moment it was asked for.
 *
 *   add ──▶ planned ──(since)──▶ in force ──(until, or ended by hand)──▶ over ──(kept for people)──▶ forgotten
 *
 * - A silence holds back what happened in its time, and what is still to be sent in its time. So what comes late, after an outage, is held back by the
 *   silence under which it happened, and what waits already is held back by one that begins now.
 * - What was held back is counted in the transaction that moves the cursor past it. After a kill some may be counted twice; none is counted never.
 */
import type { Alert } from '../alert.ts'
import { parseTimestamp } from '../clock.ts'
import type { Migration, State } from '../durable/state.ts'
import { ExpressionError } from '../expression.ts'
import type { Log } from '../log.ts'
import { didYouMean } from '../nearest.ts'
import { compileSilence, describeMatch, SilenceError, type SilenceMatch, type SilenceTest } from '../silence.ts'
import type { Result } from './types.ts'

export const migrations: Migration[] = [
  {
    name: 'silences-1',
    // Times are milliseconds since 1970. `match` is JSON of SilenceMatch. `told`: its end is in the log.
    sql: `
      CREATE TABLE silence (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        match TEXT NOT NULL,
        reason TEXT NOT NULL,
        by TEXT NOT NULL,
        created INTEGER NOT NULL,
        since INTEGER NOT NULL,
        until INTEGER NOT NULL,
        told INTEGER NOT NULL DEFAULT 0,
        ended_by TEXT,
        ended_why TEXT
      ) STRICT;
      CREATE TABLE silence_held (
        silence INTEGER NOT NULL REFERENCES silence (id) ON DELETE CASCADE,
        destination TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (silence, destination)
      ) STRICT, WITHOUT ROWID;`,
  },
]

export interface SilenceWish extends SilenceMatch {
  /** Milliseconds since 1970; default: now. */
  since?: number
  /** How long, from its beginning. */
  seconds: number
  reason: string
  by: string
}

export interface Silence {
  id: string
  match: SilenceMatch
  /** The match in words. */
  what: string
  state: 'planned' | 'in force' | 'over'
  created: number
  since: number
  until: number
  by: string
  reason: string
  /** Alerts it held back, by destination. */
  held: Record<string, number>
  /** Of one that was ended by hand. */
  ended_by?: string
  ended_why?: string
}

export interface SilenceAudit {
  at: number
  by: string
  what: 'added' | 'ended'
  silence: string
  match: string
  reason: string
}

export interface Silences {
  /** Whether a silence holds it back from this destination, and counts it if so. */
  hold(alert: Alert, destination: string): boolean
  /** Writes the counts; to be called within a transaction. The returned function is called when that is committed. */
  flush(): () => void
  /** Newest first; `all`: also those that are over. */
  list(all: boolean): Silence[]
  add(wish: SilenceWish): Result<Silence>
  /** Ends it now. */
  end(id: string, manual: { reason: string; by: string }): Result<Silence>
  /** What people did, newest first. */
  audit(limit: number): SilenceAudit[]
  start(): void
  stop(): void
}

export interface SilencesConfig {
  state: State
  now(): number
  /** Calls back after so many milliseconds; the returned function cancels. */
  schedule(ms: number, run: () => void): () => void
  log: Log
  /** Names that there are. */
  destinations: readonly string[]
  /** Seconds that a silence may last at most; undefined: no limit. */
  longest?: number
}

/** How long those that are over are kept. */
const history_ms = 90 * 86_400_000
const longest_timer_ms = 86_400_000

interface Row {
  id: number
  match: string
  reason: string
  by: string
  created: number
  since: number
  until: number
  told: number
  ended_by: string | null
  ended_why: string | null
}

interface Known extends Row {
  test: SilenceTest
  /** By destination, what is on the disk and what is not yet. */
  held: Map<string, number>
  changed: Set<string>
}

export function createSilences({ state, now, schedule, log, destinations, longest }: SilencesConfig): Silences {
  const { db } = state
  let known = load(state)
  let cancelTimer = () => {}
  let isStopped = true

  const find = (id: string) => known.find((one) => String(one.id) === id)
  const shown = (one: Known) => toSilence(one, now())
  const words = (one: Known) => `silence ${one.id} (${describeMatch(JSON.parse(one.match))}; ${one.reason}, ${one.by})`

  /** Tells of beginnings and ends in the log. */
  function look(): void {
    cancelTimer()
    if (isStopped) return
    const at = now()
    for (const one of known) {
      if (one.told === 1 || one.until > at) continue
      one.told = 1
      db.prepare('UPDATE silence SET told = 1 WHERE id = ?').run(one.id)
      log.info(`${words(one)} is over: it held back ${heldWords(one.held)}`, {
        silence: String(one.id),
        held: Object.fromEntries(one.held),
      })
    }
    forget(at)
    const next = Math.min(...known.filter(({ told }) => told === 0).map(({ until }) => until))
    if (Number.isFinite(next))
      cancelTimer = schedule(Math.min(longest_timer_ms, Math.max(1, next - at)), () => {
        try {
          look()
        } catch (error) {
          log.error(`silences: ${(error as Error).message}; trying again in a minute`)
          cancelTimer = schedule(60_000, look)
        }
      })
  }

  function forget(at: number): void {
    if (!known.some(({ until }) => until < at - history_ms)) return
    db.prepare('DELETE FROM silence WHERE until < ?').run(at - history_ms)
    known = known.filter(({ until }) => until >= at - history_ms)
  }

  return {
    hold(alert, destination) {
      if (known.length === 0) return false
      const one = covering(known, alert, destination, now())
      if (!one) return false
      one.held.set(destination, (one.held.get(destination) ?? 0) + 1)
      one.changed.add(destination)
      return true
    },
    flush() {
      const written: (() => void)[] = []
      for (const one of known) {
        for (const destination of one.changed) {
          db.prepare('INSERT OR REPLACE INTO silence_held (silence, destination, count) VALUES (?, ?, ?)').run(
            one.id,
            destination,
            one.held.get(destination)!,
          )
          written.push(() => one.changed.delete(destination))
        }
      }
      return () => {
        for (const done of written) done()
      }
    },
    list: (all) =>
      known
        .filter(({ until }) => all || until > now())
        .map(shown)
        .sort((a, b) => Number(b.id) - Number(a.id)),
    add({ since = now(), seconds, reason, by, ...match }) {
      const refusal = refuse(match, since, seconds)
      if (refusal) return { ok: false, status: 400, ...refusal }
      const created = now()
      const until = since + Math.round(seconds * 1000)
      const text = JSON.stringify(match)
      let id: number
      try {
        const insert = 'INSERT INTO silence (match, reason, by, created, since, until) VALUES (?, ?, ?, ?, ?, ?)'
        id = Number(db.prepare(insert).run(text, reason, by, created, since, until).lastInsertRowid)
      } catch (error) {
        return unwritten(error)
      }
      const row = { id, match: text, reason, by, created, since, until, told: 0 }
      const one = toKnown({ ...row, ended_by: null, ended_why: null }, new Map())
      known.push(one)
      look()
      return { ok: true, value: shown(one) }
    },
    end(id, { reason, by }) {
      const one = find(id)
      if (!one)
        return { ok: false, status: 404, error: `there is no silence "${id}"`, hint: 'see: outrider silences list' }
      const at = now()
      if (one.until <= at)
        return {
          ok: false,
          status: 409,
          error: `silence ${id} is over already`,
          hint: 'see: outrider silences list --all',
        }
      // One that has not begun never does.
      const since = Math.min(one.since, at)
      const update = 'UPDATE silence SET since = ?, until = ?, ended_by = ?, ended_why = ? WHERE id = ?'
      try {
        db.prepare(update).run(since, at, by, reason, one.id)
      } catch (error) {
        return unwritten(error)
      }
      Object.assign(one, { since, until: at, ended_by: by, ended_why: reason })
      look()
      return { ok: true, value: shown(one) }
    },
    audit: (limit) =>
      known
        .flatMap((one) => {
          const silence = String(one.id)
          const match = describeMatch(JSON.parse(one.match))
          const added = { at: one.created, by: one.by, what: 'added' as const, silence, match, reason: one.reason }
          if (one.ended_by === null) return [added]
          const ended = { at: one.until, by: one.ended_by, what: 'ended' as const, silence, match }
          return [added, { ...ended, reason: one.ended_why ?? '' }]
        })
        .sort((a, b) => b.at - a.at)
        .slice(0, limit),
    start() {
      isStopped = false
      look()
    },
    stop() {
      isStopped = true
      cancelTimer()
    },
  }

  function refuse(match: SilenceMatch, since: number, seconds: number): { error: string; hint?: string } | undefined {
    if (since < now() - 60_000)
      return { error: 'a silence cannot begin in the past', hint: 'leave the beginning out: it begins now' }
    if (longest !== undefined && seconds > longest)
      return {
        error: `a silence may last ${durationWords(longest)} at most, and this one lasts ${durationWords(seconds)}`,
        hint: 'make it shorter, or raise silences.longest in outrider.yaml',
      }
    const unknown = match.destinations?.find((name) => !destinations.includes(name))
    if (unknown !== undefined)
      return {
        error: `there is no destination "${unknown}"`,
        hint: didYouMean(unknown, [...destinations]) ?? `configured are: ${destinations.join(', ') || 'none'}`,
      }
    try {
      compileSilence(match)
      return undefined
    } catch (error) {
      if (error instanceof ExpressionError)
        return { error: `where: ${error.message} (column ${error.column})`, hint: error.hint }
      if (error instanceof SilenceError) return { error: error.message, hint: error.hint }
      throw error
    }
  }
}

const unwritten = (error: unknown): Result<never> => ({
  ok: false,
  status: 409,
  error: `state.db cannot be written: ${(error as Error).message}`,
  hint: 'make room on the disk, or mend the permissions',
})

/** The silences of a database, for those who look at what they do without doing it. */
export function readSilences(
  state: State,
  now: number,
): (alert: Alert, destination: string) => { silence: Silence; why: 'its time' | 'now' } | undefined {
  const known = load(state)
  return (alert, destination) => {
    const one = covering(known, alert, destination, now)
    if (!one) return undefined
    const at = parseTimestamp(alert.timestamp)
    const isItsTime = at !== undefined && one.since <= at && at < one.until
    return { silence: toSilence(one, now), why: isItsTime ? 'its time' : 'now' }
  }
}

/** The first that holds the alert back. */
function covering(known: Known[], alert: Alert, destination: string, now: number): Known | undefined {
  const at = parseTimestamp(alert.timestamp) ?? now
  return known.find(
    ({ since, until, test }) =>
      ((since <= now && now < until) || (since <= at && at < until)) && test.matches(alert, destination),
  )
}

function load({ db }: State): Known[] {
  const counts = db.prepare('SELECT destination, count FROM silence_held WHERE silence = ?')
  return (db.prepare('SELECT * FROM silence ORDER BY id').all() as unknown as Row[]).map((row) =>
    toKnown(
      row,
      new Map(counts.all(row.id).map(({ destination, count }) => [String(destination), Number(count)] as const)),
    ),
  )
}

function toKnown(row: Row, held: Map<string, number>): Known {
  let test: SilenceTest
  try {
    test = compileSilence(JSON.parse(row.match))
  } catch {
    // Written by another version, or by hand: it holds nothing back, and is seen in the list.
    test = { matches: () => false }
  }
  return { ...row, test, held, changed: new Set() }
}

function toSilence(
  { id, match, created, since, until, by, reason, held, ended_by, ended_why }: Known,
  now: number,
): Silence {
  const parsed = JSON.parse(match) as SilenceMatch
  return {
    id: String(id),
    match: parsed,
    what: describeMatch(parsed),
    state: until <= now ? 'over' : since > now ? 'planned' : 'in force',
    created,
    since,
    until,
    by,
    reason,
    held: Object.fromEntries(held),
    ...(ended_by !== null && { ended_by }),
    ...(ended_why !== null && { ended_why }),
  }
}

/** `12 alerts (slack 8, jira 4)`. */
function heldWords(held: ReadonlyMap<string, number>): string {
  if (held.size === 0) return 'nothing'
  const total = [...held.values()].reduce((sum, count) => sum + count, 0)
  const parts = [...held].map(([name, count]) => `${name} ${count}`)
  return `${total} ${total === 1 ? 'delivery' : 'deliveries'} (${parts.join(', ')})`
}

function durationWords(seconds: number): string {
  const [unit, factor] = [['d', 86_400] as const, ['h', 3600] as const, ['m', 60] as const].find(
    ([, size]) => seconds % size === 0,
  ) ?? ['s', 1]
  return `${seconds / factor}${unit}`
}
