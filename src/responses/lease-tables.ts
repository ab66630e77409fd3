/** The tables of leases, and how they came to be. What they mean: lease.ts. */
import type { Migration } from '../durable/state.ts'

export const migrations: Migration[] = [
  {
    name: 'responses-1',
    sql: `
      CREATE TABLE lease (
        id TEXT PRIMARY KEY,
        response TEXT NOT NULL,
        definition TEXT,
        call TEXT,
        acts_on TEXT NOT NULL,
        target TEXT NOT NULL,
        key TEXT NOT NULL,
        state TEXT NOT NULL,
        seconds INTEGER NOT NULL,
        offenders TEXT NOT NULL,
        undoable INTEGER NOT NULL,
        silent INTEGER NOT NULL DEFAULT 0,
        redo INTEGER NOT NULL DEFAULT 0,
        approved INTEGER NOT NULL DEFAULT 0,
        why TEXT NOT NULL,
        alert TEXT,
        rule TEXT,
        by TEXT NOT NULL,
        hits INTEGER NOT NULL DEFAULT 1,
        since INTEGER NOT NULL,
        acted INTEGER,
        until INTEGER,
        applied_until INTEGER,
        due INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0,
        ended INTEGER,
        outcome TEXT,
        guard TEXT,
        note TEXT
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX lease_due ON lease (due) WHERE due IS NOT NULL;
      CREATE INDEX lease_key ON lease (key, state);
      CREATE INDEX lease_state ON lease (state, since);
      CREATE TABLE lease_try (
        lease TEXT NOT NULL REFERENCES lease (id) ON DELETE CASCADE,
        at INTEGER NOT NULL,
        what TEXT NOT NULL,
        failure TEXT,
        output TEXT NOT NULL
      ) STRICT;
      CREATE INDEX lease_try_lease ON lease_try (lease);
      CREATE TABLE offender (key TEXT PRIMARY KEY, count INTEGER NOT NULL, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE response_audit (
        at INTEGER NOT NULL, by TEXT NOT NULL, what TEXT NOT NULL, lease TEXT, target TEXT NOT NULL, reason TEXT NOT NULL
      ) STRICT;
    `,
  },
  {
    name: 'responses-2',
    sql: `
      CREATE TABLE response_script (
        program TEXT PRIMARY KEY, seen INTEGER NOT NULL, answer TEXT NOT NULL, reads_to_end INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE allowed (
        entry TEXT PRIMARY KEY, reason TEXT NOT NULL, by TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER
      ) STRICT, WITHOUT ROWID;
    `,
  },
  { name: 'responses-3', sql: 'ALTER TABLE lease ADD COLUMN host TEXT' },
]
