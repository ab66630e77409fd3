/**
 * Leases: one row for each response, from the wish to the end. What is not in this table was never done; what is, will be undone.
 *
 * ```
 *                ┌─▶ refused     a guard said no
 *                ├─▶ dry run     only what would have been done
 *   planned ─────┼─▶ asking ───▶ planned | refused     a person decides
 *                └─▶ adding ──┬▶ in force ──▶ undoing ──▶ ended
 *                             └▶ undoing ───▶ failed
 * ```
 *
 * - The step to `adding` and `undoing` is written before anything is touched, the step out of it after the result is known. After a crash both
 *   are done again: definitions are safe to repeat, and a script is undone before it is run again. The wish, and a script's step to `adding`, are on
 *   disk before anything is touched; of definitions a power cut may take back the later steps. What then looks as if it had not begun is undone and asked
 *   for anew: another machine may have it, and the guards may now say no.
 * - `due` is when a row wants attention next; null while someone attends to it, or never. Whoever takes a row sets it to null in the same statement.
 * - `key` says what is the same: the script's or definition's name and the target, as execd builds it.
 * - Times are milliseconds since 1970; `until` is null for ever.
 */
import type { State } from '../durable/state.ts'
import type { ScriptCall } from '../wazuh/execd.ts'

export type LeaseState =
  | 'planned'
  | 'asking'
  | 'adding'
  | 'in force'
  | 'undoing'
  | 'ended'
  | 'failed'
  | 'refused'
  | 'dry run'

export interface Lease {
  id: string
  /** The command's name in the configuration, or the definition's. */
  response: string
  /** Our definition that acts; undefined for a script. */
  definition: string | undefined
  call: ScriptCall | undefined
  /** The name of the other machine it acts on; undefined: this one. */
  host: string | undefined
  acts_on: 'address' | 'account' | 'process' | 'other'
  target: string
  key: string
  state: LeaseState
  /** How long it was asked for, before any escalation; 0: for ever. */
  seconds: number
  /** `repeated_offenders`, in minutes. */
  offenders: number[]
  /** False: done once, nothing is kept in force. */
  undoable: boolean
  /** The script said nothing when it was run: it need not be run again to learn that the target is the same. */
  silent: boolean
  /** Undo first: it is not known how far the last try came. */
  redo: boolean
  approved: boolean
  why: string
  alert: string | undefined
  rule: string | undefined
  by: string
  /** How often it was asked for. */
  hits: number
  since: number
  /** When it was first begun. */
  acted: number | undefined
  until: number | undefined
  /** The end that the firewall was told. */
  applied_until: number | undefined
  due: number | undefined
  attempts: number
  ended: number | undefined
  /** What it becomes when it has been undone: `failed`, or `planned` once more; undefined: `ended`. */
  outcome: LeaseState | undefined
  guard: string | undefined
  /** What went wrong with the last try, or what is worth knowing. */
  note: string | undefined
}

export interface Try {
  at: number
  what: 'add' | 'delete' | 'prolong' | 'mend'
  /** Undefined: it went well. */
  failure: string | undefined
  output: string
}

export interface AuditEntry {
  at: number
  by: string
  what: string
  lease: string | undefined
  target: string
  reason: string
}

/** How a script behaved when it was last told to add. */
export interface ScriptHabit {
  /** `active-response/bin/x`. */
  program: string
  seen: number
  /** What it printed first: its keys, something else, or nothing. */
  answer: 'keys' | 'other' | 'nothing'
  reads_to_end: boolean
}

/** What a person has put out of reach of all responses, for a while or for ever. */
export interface Allowed {
  /** An address, a network, a host name or an account. */
  entry: string
  reason: string
  by: string
  since: number
  until: number | undefined
}

export type Glance = Pick<Lease, 'id' | 'state' | 'target' | 'until'>

type Row = Record<string, string | number | null>
const flags = new Set<string>(['undoable', 'silent', 'redo', 'approved'])
const json = new Set<string>(['call', 'offenders'])

/** What a target needs attention for: these are not over. */
const open = "('planned', 'asking', 'adding', 'in force')"

export type LeaseStore = ReturnType<typeof createLeaseStore>

export function createLeaseStore({ db }: Pick<State, 'db'>) {
  const statements = new Map<string, ReturnType<typeof db.prepare>>()
  function sql(text: string) {
    let statement = statements.get(text)
    if (!statement) statements.set(text, (statement = db.prepare(text)))
    return statement
  }
  const rows = (text: string, ...values: (string | number | null)[]) =>
    sql(text)
      .all(...values)
      .map((row) => fromRow(row as Row))
  const one = (text: string, ...values: (string | number | null)[]) => rows(text, ...values)[0]

  return {
    insert(lease: Lease): void {
      const row = toRow(lease)
      const names = Object.keys(row)
      sql(`INSERT INTO lease (${names.join()}) VALUES (${names.map(() => '?').join()})`).run(...Object.values(row))
    },
    update(id: string, change: Partial<Lease>): void {
      const row = toRow(change)
      const set = Object.keys(row).map((name) => `${name} = ?`)
      sql(`UPDATE lease SET ${set.join()} WHERE id = ?`).run(...Object.values(row), id)
    },
    remove(id: string): void {
      sql('DELETE FROM lease WHERE id = ?').run(id)
    },
    /** In any order. */
    getAll: (ids: readonly string[]) =>
      rows('SELECT * FROM lease WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(ids)),
    /** What is needed of each in a burst, where a whole row costs several times as much. */
    glance: (ids: readonly string[]): Glance[] =>
      sql('SELECT id, state, target, until FROM lease WHERE id IN (SELECT value FROM json_each(?))')
        .all(JSON.stringify(ids))
        .map((row) => ({ ...row, until: row.until ?? undefined }) as Glance),
    /** What {@link Desk.inForce} and {@link addTry} do, for what went well. */
    inForceAll(done: readonly { id: string; applied: number | undefined; what: Try['what'] }[], now: number): void {
      const tried = sql(`INSERT INTO lease_try VALUES (?, ?, ?, NULL, '')`)
      const kept = sql(
        `UPDATE lease SET state = 'in force', applied_until = ?1, attempts = 0, note = NULL, redo = 0,
           due = CASE WHEN until IS ?1 THEN until ELSE ?2 END
         WHERE id = ?3 AND state IN ('adding', 'in force')`,
      )
      for (const { id, applied, what } of done) {
        tried.run(id, now, what)
        kept.run(applied ?? null, now, id)
      }
    },
    get: (id: string) => one('SELECT * FROM lease WHERE id = ?', id),
    /** Takes what is due, oldest first: their `due` is null from then on. */
    take: (now: number, limit: number) =>
      rows(
        'UPDATE lease SET due = NULL WHERE id IN (SELECT id FROM lease WHERE due <= ? ORDER BY due, since LIMIT ?) RETURNING *',
        now,
        limit,
      ).sort((a, b) => a.since - b.since),
    nextDue: () => sql('SELECT min(due) AS due FROM lease WHERE due IS NOT NULL').get()!.due as number | null,

    /** The lease of a key that is not over, the furthest one first. */
    openByKey: (key: string) =>
      one(`SELECT * FROM lease WHERE key = ? AND state IN ${open} ORDER BY acted IS NULL, since LIMIT 1`, key),
    /** The one that was told to act and is not being undone. */
    actingByKey: (key: string, except: string) =>
      one(
        `SELECT * FROM lease WHERE key = ? AND id <> ? AND (state = 'in force' OR state = 'adding' AND acted IS NOT NULL) LIMIT 1`,
        key,
        except,
      ),
    dryRunByKey: (key: string, now: number) =>
      one(`SELECT * FROM lease WHERE key = ? AND state = 'dry run' AND (until IS NULL OR until > ?) LIMIT 1`, key, now),
    refusedByKey: (key: string, guard: string, after: number) =>
      one(
        `SELECT * FROM lease WHERE key = ? AND state = 'refused' AND guard = ? AND ended > ? LIMIT 1`,
        key,
        guard,
        after,
      ),
    inState: (state: LeaseState) => rows('SELECT * FROM lease WHERE state = ? ORDER BY since', state),
    targetsInForce: (response: string): string[] =>
      sql(`SELECT target FROM lease WHERE (response = ?1 OR definition = ?1) AND state = 'in force' ORDER BY target`)
        .all(response)
        .map((row) => row.target as string),
    inForce: (definition: string) =>
      rows(`SELECT * FROM lease WHERE definition = ? AND state = 'in force'`, definition),
    /** Definitions that have something to undo, some day. */
    definitionsInUse: () =>
      sql(
        `SELECT DISTINCT definition FROM lease WHERE definition IS NOT NULL AND state IN ('adding', 'in force', 'undoing')`,
      )
        .all()
        .map((row) => row.definition as string),
    /** Whose end has come, and which may still be in force. */
    overdue: (now: number) =>
      rows(`SELECT * FROM lease WHERE state IN ('adding', 'in force', 'undoing') AND until < ?`, now),
    /** All that is not over, and what failed or would have been done a short while ago. */
    current: (now: number) =>
      rows(
        `SELECT * FROM lease WHERE state IN ('planned', 'asking', 'adding', 'in force', 'undoing')
           OR state = 'failed' AND ended > ?
           OR state = 'dry run' AND (until IS NULL OR until > ?)
         ORDER BY since DESC, id`,
        now - 86_400_000,
        now,
      ),
    history: (limit: number) =>
      rows(
        `SELECT * FROM lease WHERE state IN ('ended', 'failed', 'refused', 'dry run') ORDER BY since DESC, id LIMIT ?`,
        limit,
      ),
    refusals: (limit: number) => rows(`SELECT * FROM lease WHERE state = 'refused' ORDER BY ended DESC LIMIT ?`, limit),
    begunSince: (at: number) =>
      sql('SELECT acted FROM lease WHERE acted > ? ORDER BY acted')
        .all(at)
        .map((row) => row.acted as number),

    addTry(lease: string, { at, what, failure, output }: Try): void {
      sql('INSERT INTO lease_try VALUES (?, ?, ?, ?, ?)').run(lease, at, what, failure ?? null, output.slice(0, 4096))
    },
    tries: (lease: string): Try[] =>
      sql('SELECT at, what, failure, output FROM lease_try WHERE lease = ? ORDER BY at, rowid')
        .all(lease)
        .map((row) => ({ ...row, failure: row.failure ?? undefined }) as Try),

    offender: (key: string) =>
      sql('SELECT count, last FROM offender WHERE key = ?').get(key) as { count: number; last: number } | undefined,
    setOffender(key: string, count: number, last: number): void {
      sql(
        'INSERT INTO offender VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET count = excluded.count, last = excluded.last',
      ).run(key, count, last)
    },

    audit({ at, by, what, lease, target, reason }: AuditEntry): void {
      sql('INSERT INTO response_audit VALUES (?, ?, ?, ?, ?, ?)').run(at, by, what, lease ?? null, target, reason)
    },
    audits: (limit: number): AuditEntry[] =>
      sql('SELECT * FROM response_audit ORDER BY at DESC, rowid DESC LIMIT ?')
        .all(limit)
        .map((row) => ({ ...row, lease: row.lease ?? undefined }) as AuditEntry),

    noteHabit({ program, seen, answer, reads_to_end }: ScriptHabit): void {
      sql('INSERT OR REPLACE INTO response_script VALUES (?, ?, ?, ?)').run(program, seen, answer, reads_to_end ? 1 : 0)
    },
    habits: (): ScriptHabit[] =>
      sql('SELECT * FROM response_script ORDER BY program')
        .all()
        .map((row) => ({ ...row, reads_to_end: row.reads_to_end === 1 }) as ScriptHabit),

    allow({ entry, reason, by, since, until }: Allowed): void {
      sql('INSERT OR REPLACE INTO allowed VALUES (?, ?, ?, ?, ?)').run(entry, reason, by, since, until ?? null)
    },
    disallow: (entry: string): boolean => sql('DELETE FROM allowed WHERE entry = ?').run(entry).changes > 0,
    allowed: (now: number): Allowed[] =>
      sql('SELECT * FROM allowed WHERE until IS NULL OR until > ? ORDER BY entry')
        .all(now)
        .map((row) => ({ ...row, until: row.until ?? undefined }) as Allowed),

    /** Makes everything due that a former run was at, see the top. After a start of the machine, what scripts did may be gone. */
    recover(now: number, rebooted: boolean): void {
      sql(
        `UPDATE lease SET state = 'undoing' WHERE (state = 'adding' OR state = 'planned' AND redo) AND until <= ?`,
      ).run(now)
      sql(
        `UPDATE lease SET state = 'failed', ended = ?, due = NULL, note = 'interrupted: nobody knows how far it came'
         WHERE state = 'adding' AND definition IS NULL AND seconds = 0 AND NOT undoable`,
      ).run(now)
      sql(`UPDATE lease SET state = 'planned', redo = 1 WHERE state = 'adding' AND definition IS NULL`).run()
      if (rebooted)
        sql(
          `UPDATE lease SET state = 'planned', redo = 1
           WHERE state = 'in force' AND definition IS NULL AND host IS NULL AND (until IS NULL OR until > ?)`,
        ).run(now)
      if (rebooted)
        sql(
          `UPDATE lease SET state = 'undoing', outcome = 'planned' WHERE state = 'planned' AND definition IS NOT NULL`,
        ).run()
      sql(`UPDATE lease SET due = ?1 WHERE state IN ('planned', 'adding', 'undoing')`).run(now)
      sql(`UPDATE lease SET due = until WHERE state = 'in force'`).run()
    },
    /** Makes what a definition was at, and has not finished, due again. */
    retry(definition: string, due: number): void {
      sql(
        `UPDATE lease SET due = ? WHERE definition = ? AND due IS NULL
           AND (state IN ('adding', 'undoing') OR state = 'in force' AND until IS NOT NULL)`,
      ).run(due, definition)
    },
    /** Everything in force ends now; what is not begun is not begun any more. */
    endAll(now: number): void {
      sql(`UPDATE lease SET until = ?1, due = ?1 WHERE state = 'in force'`).run(now)
      sql(`UPDATE lease SET state = 'undoing', until = ?1, due = ?1 WHERE state = 'planned' AND redo`).run(now)
      sql(`UPDATE lease SET state = 'ended', ended = ?, due = NULL WHERE state IN ('planned', 'asking')`).run(now)
      sql(`UPDATE lease SET outcome = NULL WHERE state = 'undoing' AND outcome = 'planned'`).run()
    },

    /** Forgets what was over before that moment. */
    prune(before: number): void {
      sql(`DELETE FROM lease WHERE ended < ?1 OR state = 'dry run' AND until < ?1`).run(before)
      sql('DELETE FROM offender WHERE last < ?').run(before)
      sql('DELETE FROM response_audit WHERE at < ?').run(before)
      sql('DELETE FROM allowed WHERE until < ?').run(before)
    },
  }
}

function toRow(lease: Partial<Lease>): Row {
  return Object.fromEntries(
    Object.entries(lease).map(([name, value]) => {
      if (value === undefined) return [name, null]
      if (flags.has(name)) return [name, value ? 1 : 0]
      return [name, json.has(name) ? JSON.stringify(value) : (value as string | number)]
    }),
  )
}

/** In place: a burst reads tens of thousands of rows. */
function fromRow(row: Row): Lease {
  const lease: Record<string, unknown> = row
  for (const name in row) if (row[name] === null) lease[name] = undefined
  for (const name of flags) lease[name] = row[name] === 1
  for (const name of json) if (typeof row[name] === 'string') lease[name] = JSON.parse(row[name])
  return lease as unknown as Lease
}
