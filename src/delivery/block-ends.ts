/**
 * Blocks that are over, for the incidents of the alerts that have caused them (`resolve_with_block`). Each is a note in state.db, written in the transaction that
 * ends the block and removed in the one that holds the ends of its incidents: a kill between the two costs nothing.
 */
import type { State } from '../durable/state.ts'

/** A block that an alert has caused, and that is over. */
export interface EndedBlock {
  /** Id of the alert. */
  alert: string
  rule: string
  /** What was blocked. */
  target: string
}

/** To be called in the transaction that ends the block. */
export function noteBlockEnd({ db }: State, { alert, rule, target }: EndedBlock): void {
  db.prepare('INSERT INTO block_end (alert, rule, target) VALUES (?, ?, ?)').run(alert, rule, target)
}

export class BlockEnds {
  private readonly state: State
  /** The newest that was taken and whose note is still there. */
  private taken: number | undefined

  constructor(state: State) {
    this.state = state
  }

  /** Those that were not taken yet, oldest first. */
  take(): EndedBlock[] {
    const select = 'SELECT id, alert, rule, target FROM block_end WHERE id > ? ORDER BY id'
    const rows = this.state.db.prepare(select).all(this.taken ?? 0) as unknown as (EndedBlock & { id: number })[]
    this.taken = rows.at(-1)?.id ?? this.taken
    return rows
  }

  /** Removes the notes of those that were taken; to be called within a transaction. The returned function is called when that is committed. */
  flush(): () => void {
    const { taken } = this
    if (taken === undefined) return () => {}
    this.state.db.prepare('DELETE FROM block_end WHERE id <= ?').run(taken)
    return () => {
      if (this.taken === taken) this.taken = undefined
    }
  }
}
