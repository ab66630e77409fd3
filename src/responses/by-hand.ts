/** What people do: add, remove, extend, approve, allow. Each needs a reason, which is kept with who and when. */
import type { State } from '../durable/state.ts'
import type { Log } from '../log.ts'
import type { Book } from './book.ts'
import type { Desk } from './desk.ts'
import { type Guards, isCountry } from './guards.ts'
import type { Allowed, AuditEntry, Lease, LeaseStore } from './lease.ts'
import type { Intent, ManualTarget } from './plan.ts'
import { firstOf, formatRange, lastOf, overlaps, parseRange } from './ranges.ts'

/** What became of a person's wish; refused ones say why. `status` is the HTTP status that says the same. */
export type Result<T = Record<string, never>> =
  | { ok: true; value: T }
  | { ok: false; status: 400 | 403 | 404 | 409; error: string; hint?: string }

export interface Manual {
  reason: string
  /** `console`, `cli:root`. */
  by: string
}

export interface ByHand {
  add(wish: ManualTarget): Result<{ id: string }>
  /** Undoes it now. One whose undo has failed is given up. */
  remove(id: string, manual: Manual): Result
  /** Adds seconds to its end. */
  extend(id: string, seconds: number, manual: Manual): Result<{ until: number }>
  /** For what waits for a person. */
  answer(id: string, approve: boolean, manual: Manual): Result
  /** For all that wait, and were wanted by `until` (milliseconds since 1970); `count` is how many. */
  answerAll(approve: boolean, manual: Manual, until?: number): Result<{ count: number }>
  /**
   * Puts an address, a network, a host name, an account or a country (`country:DE`) out of reach of all responses, for so many seconds (0 is for ever), and undoes what is in
   * force on it. `undone` is how many.
   */
  allow(entry: string, seconds: number, manual: Manual): Result<{ undone: number }>
  disallow(entry: string, manual: Manual): Result
  allowed(): Allowed[]
  /** Newest first. */
  audit(limit: number): AuditEntry[]
}

export interface ByHandConfig {
  state: State
  store: LeaseStore
  desk: Desk
  guards: Guards
  book: Book
  log: Log
  now(): number
  kick(): void
  /** ISO code of the country of an address; undefined where there is no database to look in. */
  country?: ((address: string) => string | undefined) | undefined
  /** The intent, or why there can be none. */
  intentOf(wish: ManualTarget): Intent | string
}

export function createByHand({
  state,
  store,
  desk,
  guards,
  book,
  log,
  now,
  kick,
  country,
  intentOf,
}: ByHandConfig): ByHand {
  function audited(what: string, lease: Pick<Lease, 'id' | 'target'>, { reason, by }: Manual): void {
    store.audit({ at: now(), by, what, lease: lease.id, target: lease.target, reason })
    log.info(`${by} ${what} ${lease.target}: ${reason}`, { lease: lease.id })
  }

  const unknown = (id: string) => ({ ok: false, status: 404, error: `there is no block "${id}"` }) as const
  const needsReason = { ok: false, status: 400, error: 'a reason is needed: it is kept with the change' } as const

  function add(wish: ManualTarget): Result<{ id: string }> {
    if (wish.reason.trim() === '') return needsReason
    const intent = intentOf(wish)
    if (typeof intent === 'string') return { ok: false, status: 400, error: intent }
    const refusal = desk.guardOf(intent)
    const id = state.transaction(() => {
      const lease = (refusal ? undefined : book.join(intent)) ?? book.insert({ ...intent, refusal })
      audited(
        refusal ? `refused to add ${intent.response}` : `added ${intent.response}`,
        { id: lease, target: intent.target },
        wish,
      )
      return lease
    })
    kick()
    if (refusal) return { ok: false, status: 403, error: `refused (${refusal.guard}): ${refusal.reason}` }
    return { ok: true, value: { id } }
  }

  function remove(id: string, manual: Manual): Result {
    if (manual.reason.trim() === '') return needsReason
    const lease = store.get(id)
    if (!lease) return unknown(id)
    const remark = `removed by ${manual.by}: ${manual.reason}`
    const done = state.transaction(() => {
      // Interrupted on the way to another host: it may be in force there.
      if (lease.state === 'planned' && lease.redo)
        store.update(id, { state: 'undoing', until: now(), attempts: 0, due: now(), note: remark })
      else if (lease.state === 'planned' || lease.state === 'asking' || lease.state === 'dry run')
        desk.end(lease, 'ended', remark)
      else if (lease.state === 'in force') store.update(id, { until: now(), due: now(), note: remark })
      // It is at work: when that is done it is undone.
      else if (lease.state === 'adding')
        store.update(id, { until: now(), note: remark, ...(lease.due !== undefined && { due: now() }) })
      else if (lease.state === 'undoing' && lease.attempts > 0) desk.end(lease, 'failed', `${remark}; ${lease.note}`)
      else return false
      audited('removed', lease, manual)
      return true
    })
    kick()
    if (!done)
      return {
        ok: false,
        status: 409,
        error: `block ${id} is ${lease.state === 'undoing' ? 'being undone' : lease.state}`,
      }
    return { ok: true, value: {} }
  }

  function extend(id: string, seconds: number, manual: Manual): Result<{ until: number }> {
    if (manual.reason.trim() === '') return needsReason
    if (!(seconds > 0)) return { ok: false, status: 400, error: 'seconds must be more than 0' }
    const lease = store.get(id)
    if (!lease) return unknown(id)
    if (lease.state !== 'in force')
      return { ok: false, status: 409, error: `block ${id} is ${lease.state}, not in force` }
    if (lease.until === undefined)
      return { ok: false, status: 409, error: `block ${id} has no end that could be moved` }
    const until = lease.until + seconds * 1000
    state.transaction(() => {
      store.update(id, { until, due: lease.definition === undefined ? until : now() })
      audited('extended', lease, manual)
    })
    kick()
    return { ok: true, value: { until } }
  }

  function answer(id: string, approve: boolean, manual: Manual): Result {
    if (manual.reason.trim() === '') return needsReason
    const lease = store.get(id)
    if (!lease) return unknown(id)
    if (lease.state !== 'asking')
      return { ok: false, status: 409, error: `block ${id} waits for no approval: it is ${lease.state}` }
    state.transaction(() => decide(lease, approve, manual))
    kick()
    return { ok: true, value: {} }
  }

  function answerAll(approve: boolean, manual: Manual, until = Number.POSITIVE_INFINITY): Result<{ count: number }> {
    if (manual.reason.trim() === '') return needsReason
    const count = state.transaction(() => {
      const asking = store.inState('asking').filter(({ since }) => since <= until)
      for (const lease of asking) decide(lease, approve, manual)
      return asking.length
    })
    kick()
    return { ok: true, value: { count } }
  }

  function decide(lease: Lease, approve: boolean, manual: Manual): void {
    if (approve) store.update(lease.id, { state: 'planned', approved: true, due: now(), note: undefined })
    else desk.refuse(lease, { guard: 'approval', reason: `${manual.by}: ${manual.reason}` })
    audited(approve ? 'approved' : 'denied', lease, manual)
  }

  /** The one spelling of an entry. */
  function nameOf(entry: string): string {
    const range = parseRange(entry)
    if (range) return formatRange(range)
    return isCountry(entry) ? `country:${entry.slice(-2).toUpperCase()}` : entry
  }

  const isIn = (address: string, name: string) => `country:${country?.(address)}` === name

  function allow(entry: string, seconds: number, manual: Manual): Result<{ undone: number }> {
    if (manual.reason.trim() === '') return needsReason
    const range = parseRange(entry)
    const name = nameOf(entry)
    if (/^country:/i.test(entry) && !isCountry(entry))
      return { ok: false, status: 400, error: `"${entry}" is no country`, hint: 'write two letters, as in country:DE' }
    if (isCountry(entry) && !country)
      return {
        ok: false,
        status: 409,
        error: 'the country of an address cannot be told without a GeoIP database',
        hint: 'set geoip in outrider.yaml',
      }
    if (name === '' || /\s/.test(name))
      return { ok: false, status: 400, error: `"${entry}" is no address, network, host name or account` }
    const until = seconds > 0 ? now() + seconds * 1000 : undefined
    const undone = state.transaction(() => {
      store.allow({ entry: name, reason: manual.reason, by: manual.by, since: now(), until })
      store.audit({ at: now(), by: manual.by, what: 'allowed', lease: undefined, target: name, reason: manual.reason })
      const affected = store.current(now()).filter((lease) => {
        const target = parseRange(lease.target)
        if (isCountry(entry)) return target && [firstOf(target), lastOf(target)].some((one) => isIn(one, name))
        return range && target ? overlaps(range, target) : lease.target.toLowerCase() === name.toLowerCase()
      })
      return affected.filter(({ id }) => remove(id, manual).ok).length
    })
    guards.changed()
    return { ok: true, value: { undone } }
  }

  function disallow(entry: string, { reason, by }: Manual): Result {
    if (reason.trim() === '') return needsReason
    const name = nameOf(entry)
    if (!store.disallow(name))
      return { ok: false, status: 404, error: `"${entry}" is not on the list of what is allowed` }
    store.audit({ at: now(), by, what: 'no longer allowed', lease: undefined, target: name, reason })
    guards.changed()
    return { ok: true, value: {} }
  }

  return {
    add,
    remove,
    extend,
    answer,
    answerAll,
    allow,
    disallow,
    allowed: () => store.allowed(now()),
    audit: (limit) => store.audits(limit),
  }
}
