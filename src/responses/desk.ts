/** The steps of a lease's life that are the same for scripts and definitions. Each is called within a transaction. */
import { isIP } from 'node:net'
import type { Log } from '../log.ts'
import { type Escalation, escalate } from './escalation.ts'
import type { Guards, Refusal } from './guards.ts'
import type { Lease, LeaseStore, Try } from './lease.ts'

export interface DeskConfig {
  store: LeaseStore
  guards: Guards
  log: Log
  now(): number
  mask(text: string): string
  /** Why nothing may be done for real; undefined when it may. */
  dryRun(lease: Lease): string | undefined
  escalation: Omit<Escalation, 'list'>
  max_per_minute: number
  /** Commands that block nothing: the guards are not asked. */
  unguarded: readonly string[]
  /** A block that was in force is over. */
  undone?(lease: Lease): void
  /** Over the limit: refuse, or ask a person, for so long and with that answer when nobody gives one. */
  over_limit: { kind: 'refuse' } | { kind: 'ask'; seconds: number; otherwise: 'refuse' | 'act' }
  /** Told of what begins to wait for a person; gives the link to answer it with. */
  asked(lease: Lease, until: number): string | undefined
}

/** Tries of an `add` before it is given up. */
const mostAdds = 5

export type Desk = ReturnType<typeof createDesk>

export function createDesk(config: DeskConfig) {
  const { store, guards, log, mask } = config
  /** When actions of the last minute were begun. Read from the leases after a restart. */
  let begun: number[] | undefined
  /** Where those of the last minute begin in it. */
  let first = 0

  function isOverLimit(now: number): boolean {
    begun ??= store.begunSince(now - 60_000)
    while (first < begun.length && begun[first]! <= now - 60_000) first++
    if (first > 10_000) {
      begun = begun.slice(first)
      first = 0
    }
    return begun.length - first >= config.max_per_minute
  }

  /** @param target what it is about to act on, where that is not what the lease says */
  function guardOf(
    { response, acts_on, target }: Pick<Lease, 'response' | 'acts_on' | 'target'>,
    named: string = target,
  ): Refusal | undefined {
    if (config.unguarded.includes(response)) return undefined
    if (acts_on === 'address' || isIP(named)) return guards.address(named)
    return acts_on === 'account' ? guards.account(named) : undefined
  }

  /**
   * Asks the guards, the dry run and the limit. False: the lease went another way.
   *
   * @returns true when it may be begun; the place under the limit is then taken
   */
  function admit(lease: Lease): boolean {
    // It has its place already, and waits only for a host that could not be reached.
    const isAgain = lease.attempts > 0
    const now = config.now()
    const refusal = guardOf(lease)
    if (refusal) {
      refuse(lease, refusal)
      return false
    }
    const dry = config.dryRun(lease)
    if (dry !== undefined) {
      const until = lease.seconds === 0 ? undefined : now + lease.seconds * 1000
      store.update(lease.id, { state: 'dry run', acted: undefined, until, note: dry })
      log.info(`${lease.response}: would act on ${lease.target}, but only says so: ${dry}`, fieldsOf(lease))
      return false
    }
    if (isAgain) return true
    if (!lease.approved && isOverLimit(now)) {
      const reason = `more than ${config.max_per_minute} new ones within a minute`
      if (config.over_limit.kind === 'ask') ask(lease, reason, now + config.over_limit.seconds * 1000)
      else refuse(lease, { guard: 'rate', reason })
      return false
    }
    begun?.push(now)
    return true
  }

  /** It turned out to be nothing new: its place under the limit is free again. */
  function release(): void {
    begun?.pop()
  }

  function ask(lease: Lease, reason: string, due: number): void {
    const change = { state: 'asking', due, note: `waits for approval: ${reason}` } as const
    store.update(lease.id, change)
    const approve = config.asked({ ...lease, ...change }, due)
    log.warn(`${lease.response} ${lease.target}: waits for approval: ${reason}`, { ...fieldsOf(lease), approve })
  }

  /** Nobody answered in time. */
  function unanswered(lease: Lease): void {
    if (config.over_limit.kind === 'ask' && config.over_limit.otherwise === 'act')
      store.update(lease.id, { state: 'planned', approved: true, due: config.now() })
    else refuse(lease, { guard: 'rate', reason: 'nobody approved it in time' })
  }

  /** The same refusal again within an hour is counted, not repeated. */
  function refuse(lease: Lease, { guard, reason }: Refusal): void {
    const now = config.now()
    const former = store.refusedByKey(lease.key, guard, now - 3_600_000)
    if (former && former.id !== lease.id) {
      store.update(former.id, { hits: former.hits + lease.hits, note: reason, ended: now })
      store.remove(lease.id)
      return
    }
    store.update(lease.id, { state: 'refused', guard, note: reason, ended: now, due: undefined, acted: undefined })
    log.warn(`${lease.response} ${lease.target}: refused (${guard}): ${reason}`, fieldsOf(lease))
  }

  /** How long it shall hold this time; counts the time for `repeated_offenders`. */
  function secondsFor({ seconds, offenders }: Pick<Lease, 'seconds' | 'offenders'>, key: string): number {
    if (seconds === 0) return 0
    const now = config.now()
    const next = escalate(store.offender(key), seconds, now, { list: offenders, ...config.escalation })
    store.setOffender(key, next.count, now)
    return next.seconds
  }

  /** The same again: one hit more, and a later end. Never an earlier one. */
  function extend(lease: Lease, seconds: number): void {
    const now = config.now()
    const isForEver = lease.until === undefined && lease.acted !== undefined
    const until = seconds === 0 || isForEver ? undefined : Math.max(lease.until ?? 0, now + seconds * 1000)
    const change = { hits: lease.hits + 1, until }
    // A definition's kernel must be told; a script's end is ours alone. One that is at work right now is looked at when it is done.
    const due = lease.definition === undefined ? until : now
    store.update(lease.id, lease.state === 'in force' ? { ...change, due } : change)
  }

  /** A definition is about to act. */
  function begin(lease: Lease): void {
    const seconds = secondsFor(lease, lease.key)
    const until = seconds === 0 ? undefined : config.now() + seconds * 1000
    store.update(lease.id, { state: 'adding', acted: config.now(), until })
  }

  function note(lease: Lease, what: Try['what'], failure: string | undefined, output = ''): void {
    store.addTry(lease.id, { at: config.now(), what, failure: failure && mask(failure), output: mask(output) })
  }

  /** @param applied the end that the firewall was told */
  function inForce(lease: Lease, applied: number | undefined, remark?: string): void {
    const due = lease.until === applied ? lease.until : config.now()
    const change = { applied_until: applied, attempts: 0, due, note: remark && mask(remark), redo: false }
    store.update(lease.id, { state: 'in force', ...change })
  }

  /** @param isPatient who acts for us cannot be reached: it is tried again as long as the block would last; what is without end, for a day */
  function addFailed(lease: Lease, failure: string, isPatient = false): void {
    const now = config.now()
    const attempts = lease.attempts + 1
    const last = lease.until ?? (isPatient ? lease.since + 86_400_000 : Number.POSITIVE_INFINITY)
    const again = now + backoff(attempts)
    const reason = mask(failure)
    if (lease.state === 'in force') {
      store.update(lease.id, { attempts, due: Math.min(again, lease.until ?? again), note: reason })
      log.warn(`${lease.response} ${lease.target}: cannot be kept in force: ${reason}`, fieldsOf(lease))
    } else if ((isPatient || attempts < mostAdds) && again < last) {
      store.update(lease.id, { attempts, due: again, note: reason })
      log[attempts >= mostAdds ? 'error' : 'warn'](
        `${lease.response} ${lease.target}: ${reason}; will be tried again`,
        fieldsOf(lease),
      )
    } else {
      // What half of it may have been done is taken back.
      store.update(lease.id, { state: 'undoing', outcome: 'failed', attempts: 0, due: now, note: reason })
      log.error(`${lease.response} ${lease.target}: failed after ${attempts} tries: ${reason}`, fieldsOf(lease))
    }
  }

  /**
   * Another host could not be reached, or the way to it was lost. It is tried again as long as the block would last; what is without end, for a day.
   *
   * @param redo nobody knows how far it came: it is undone before it is done again
   */
  function unreached(lease: Lease, failure: string, redo: boolean): void {
    const now = config.now()
    const attempts = lease.attempts + 1
    const wait = backoff(attempts)
    const reason = mask(failure)
    const last = lease.until ?? lease.since + (lease.seconds || 86_400) * 1000
    const again = `next try in ${Math.round(wait / 1000)} s`
    const isLast = now + wait >= last
    if (!isLast) store.update(lease.id, { state: 'planned', redo, attempts, due: now + wait, note: reason })
    else if (redo) store.update(lease.id, { state: 'undoing', outcome: 'failed', attempts: 0, due: now, note: reason })
    else end(lease, 'failed', `given up after ${attempts} tries: ${reason}`)
    const text = `not done yet after ${attempts} ${attempts === 1 ? 'try' : 'tries'}: ${reason}`
    const loud = isLast || attempts >= 3
    log[loud ? 'error' : 'warn'](
      `${lease.response} ${lease.target}: ${text}; ${isLast ? 'given up' : again}`,
      fieldsOf(lease),
    )
  }

  function end(lease: Lease, state: 'ended' | 'failed', remark: string | undefined = lease.note): void {
    store.update(lease.id, { state, ended: config.now(), due: undefined, note: remark && mask(remark) })
  }

  function undone(lease: Lease): void {
    if (lease.outcome === 'failed') end(lease, 'failed')
    else if (lease.outcome === 'planned')
      store.update(lease.id, { state: 'planned', outcome: undefined, attempts: 0, due: config.now(), note: undefined })
    else {
      end(lease, 'ended', lease.attempts > 0 ? `undone after ${lease.attempts} failed tries` : lease.note)
      config.undone?.(lease)
    }
  }

  function undoFailed(lease: Lease, failure: string): void {
    const now = config.now()
    const attempts = lease.attempts + 1
    const wait = backoff(attempts)
    const late = Math.round((now - (lease.until ?? now)) / 1000)
    const reason = mask(failure)
    const text = `not undone yet after ${attempts} ${attempts === 1 ? 'try' : 'tries'}: ${reason}`
    store.update(lease.id, { state: 'undoing', attempts, due: now + wait, note: text })
    const loud = attempts >= 3 || late >= 60
    log[loud ? 'error' : 'warn'](
      `${lease.response} ${lease.target}: ${text}; ${late} s overdue, next try in ${Math.round(wait / 1000)} s`,
      fieldsOf(lease),
    )
  }

  return {
    admit,
    release,
    unanswered,
    refuse,
    guardOf,
    secondsFor,
    extend,
    begin,
    note,
    inForce,
    addFailed,
    unreached,
    end,
    undone,
    undoFailed,
  }
}

/** 1 s, 2 s, 4 s … at most five minutes. */
function backoff(attempts: number): number {
  return Math.min(300_000, 1000 * 2 ** (attempts - 1))
}

export function fieldsOf({ id, host, alert, rule, by }: Lease): Record<string, unknown> {
  return { lease: id, host, alert, rule, by: rule === undefined ? by : undefined }
}
