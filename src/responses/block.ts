import type { Lease } from './lease.ts'

/** A lease, as people see it. */
export interface Block {
  id: string
  response: string
  key: string
  /** The other machine it acts on. */
  host?: string
  state: 'planned' | 'in force' | 'undoing' | 'failed'
  dry_run: boolean
  since: number
  /** Undefined: for ever. */
  until?: number
  why: string
  by: string
  alert?: string
  /** What went wrong with the last try, or what it waits for. */
  reason?: string
  /** It waits for a person, until then; approved, it holds for so many seconds (0: for ever). */
  asks?: { until: number; seconds: number }
}

export function toBlock(lease: Lease): Block {
  const { id, response, target, host, state, since, until, why, by, alert, note, seconds, due } = lease
  const shown =
    state === 'in force' || state === 'undoing' || state === 'failed'
      ? state
      : state === 'dry run'
        ? 'in force'
        : 'planned'
  return {
    id,
    response,
    key: target,
    host,
    state: shown,
    dry_run: state === 'dry run',
    since,
    until,
    why,
    by,
    alert,
    reason: note,
    ...(state === 'asking' && due !== undefined && { asks: { until: due, seconds } }),
  }
}
