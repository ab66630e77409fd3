/** Wishes become leases here; a wish for what is there already becomes a later end of it. */
import { randomInt } from 'node:crypto'
import type { State } from '../durable/state.ts'
import type { Desk } from './desk.ts'
import type { Lease, LeaseStore } from './lease.ts'
import type { Intent } from './plan.ts'

export interface BookConfig {
  state: State
  store: LeaseStore
  desk: Desk
  now(): number
  dryRun(lease: Lease): string | undefined
}

export type Book = ReturnType<typeof createBook>

export function createBook({ state, store, desk, now, dryRun }: BookConfig) {
  function record(intents: readonly Intent[]): void {
    if (intents.length === 0) return
    state.transaction(() => {
      for (const intent of intents) if (intent.refusal || join(intent) === undefined) insert(intent)
    })
  }

  /** A lease that is there already and covers it, is extended; its id. */
  function join(intent: Intent): string | undefined {
    const { seconds } = intent
    const open = store.openByKey(intent.key) ?? store.dryRunByKey(intent.key, now())
    // The same script under two commands may have other arguments; the same definition is the same.
    if (!open || (open.definition === undefined && open.response !== intent.response)) return undefined
    if (open.state === 'planned' || open.state === 'asking') {
      // What a script acts on is known only when it has named its keys: two alerts of one address may mean two accounts to it.
      if (open.definition === undefined && open.call?.dialect !== 'ossec') return undefined
      const longest = seconds === 0 || open.seconds === 0 ? 0 : Math.max(seconds, open.seconds)
      store.update(open.id, { hits: open.hits + 1, seconds: longest })
      return open.id
    }
    if (open.state === 'dry run') {
      if (dryRun(open) === undefined) return undefined
      const until = seconds === 0 ? undefined : now() + seconds * 1000
      store.update(open.id, { hits: open.hits + 1, until })
      return open.id
    }
    const isKnown = open.definition !== undefined || open.silent || open.call?.dialect === 'ossec'
    if (!isKnown || (open.definition === undefined && seconds === 0)) return undefined
    desk.extend(open, desk.secondsFor(intent, intent.key))
    return open.id
  }

  function insert(intent: Intent): string {
    const { refusal, manual, ...known } = intent
    const lease: Lease = {
      ...known,
      id: newId(),
      state: 'planned',
      silent: false,
      redo: false,
      approved: manual ?? false,
      hits: 1,
      since: now(),
      acted: undefined,
      until: undefined,
      applied_until: undefined,
      due: refusal ? undefined : now(),
      attempts: 0,
      ended: undefined,
      outcome: undefined,
      guard: undefined,
      note: undefined,
    }
    store.insert(lease)
    if (refusal) desk.refuse(lease, refusal)
    return lease.id
  }

  return { record, join, insert }
}

/** Short enough to be typed; a million of them have no two alike but once in a thousand million times. */
function newId(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
  return Array.from({ length: 12 }, () => letters[randomInt(letters.length)]).join('')
}
