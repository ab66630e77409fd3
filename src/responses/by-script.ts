/**
 * Leases that scripts carry out. Scripts of one target run one after the other, of different targets at the same time, a limited number of each
 * script: one that hangs holds up its own target.
 *
 * Where a script's contract leaves a gap, this fills it:
 *
 * - It says nothing (execd forgets it, and its block stays for ever): it is undone after the timeout like any other; what is the same is told by the
 *   script's name and the address or account, and the same again prolongs the lease without running it once more.
 * - It prints something else than its keys (execd takes it for an answer, and files all targets under one key): treated as if it had said nothing.
 * - It says that it has no keys (`"keys":[]`): one lease for all of them, as with execd.
 * - It ends with an error, or not in time: nobody knows how far it came, so it counts as in force, with a remark, and is undone on time.
 * - It runs on another host, and the way there was cut while it ran: it is undone, and done again, when the host can be reached.
 */
import { setMaxListeners } from 'node:events'
import { fromBytes } from '../alert.ts'
import type { HostSetting } from '../config.ts'
import type { State } from '../durable/state.ts'
import type { Log } from '../log.ts'
import type { Answer } from '../wazuh/execd.ts'
import { type Desk, fieldsOf } from './desk.ts'
import type { Refusal } from './guards.ts'
import { createLanes } from './lanes.ts'
import type { Lease, LeaseStore } from './lease.ts'
import { keyOn } from './plan.ts'
import { runAdd, runDelete, type ScriptOptions, type ScriptRun } from './script.ts'

export interface ByScriptConfig {
  state: State
  store: LeaseStore
  desk: Desk
  log: Log
  now(): number
  kick(): void
  script: Omit<ScriptOptions, 'env' | 'on_line' | 'host' | 'hang_up'>
  hosts: readonly HostSetting[]
  /** How many of one script run at the same time. Undos have as many places of their own. */
  places: number
}

/** Why the script is told to abort. */
type Verdict = { refusal: Refusal } | { end: string }

export function createByScript({ state, store, desk, log, now, kick, script, hosts, places }: ByScriptConfig) {
  // sshd refuses connections by chance when there are ten that have not signed in (MaxStartups).
  const lanes = createLanes((pool) => (/^\w+ @/.test(pool) ? 4 : places))
  /** Of its own for each host: one that is silent holds up nothing but itself. */
  const poolOf = (what: 'add' | 'delete', { host, call }: Lease) =>
    host === undefined ? `${what} ${call!.program}` : `${what} @${host}`
  const ending = new AbortController()
  // One for each run that is under way.
  setMaxListeners(0, ending.signal)
  /** Taken up at the next start. */
  const isTooLate = ({ host }: Lease) => host !== undefined && ending.signal.aborted
  const optionsFor = (lease: Lease) => ({
    ...script,
    hang_up: ending.signal,
    host: lease.host === undefined ? undefined : hosts.find(({ name }) => name === lease.host),
    env: { OUTRIDER_LEASE: lease.id },
  })
  /** Its host is not in the configuration any more. */
  const isHomeless = ({ host }: Lease) => host !== undefined && !hosts.some(({ name }) => name === host)
  const homeless = ({ host }: Lease) => `there is no host "${host}" any more in outrider.yaml`

  /** An error of our own (a full disk, a locked database) leaves the lease where it was; it is taken up again, as after a crash. */
  async function guarded(lease: Lease, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      log.error(`${lease.response} ${lease.target}: ${error instanceof Error ? error.message : error}`, fieldsOf(lease))
      try {
        const { state } = store.get(lease.id)!
        const again = state === 'adding' ? { state: 'planned' as const, redo: true } : {}
        store.update(lease.id, { ...again, due: now() + 5000 })
      } catch {
        // Then at the next start.
      }
    } finally {
      kick()
    }
  }

  async function add(id: string): Promise<void> {
    if (isTooLate(store.get(id)!)) return
    const begun = state.transaction(() => begin(store.get(id)!))
    if (!begun) return
    if (begun.redo && !store.actingByKey(begun.key, begun.id)) {
      // It was interrupted, or the machine was started anew: it may or may not be in force, and many a script would do it twice.
      const run = await runDelete(begun.call!, optionsFor(begun))
      desk.note(begun, 'delete', run.failure, outputOf(run))
      if (run.link) {
        state.transaction(() => desk.unreached(store.get(id)!, run.failure!, true))
        return
      }
    }
    let verdict: Verdict | undefined
    const run = await runAdd(begun.call!, {
      ...optionsFor(begun),
      decide(answer) {
        verdict = state.transaction(() => judge(store.get(id)!, answer))
        return verdict ? 'abort' : 'continue'
      },
    })
    state.transaction(() => finish(store.get(id)!, run, verdict))
  }

  /** Undefined when there is nothing to run any more. */
  function begin(lease: Lease): Lease | undefined {
    if (lease.state !== 'planned') return undefined
    if (isHomeless(lease)) {
      desk.end(lease, 'failed', homeless(lease))
      return undefined
    }
    const same = lease.redo ? undefined : knownToBeTheSame(lease)
    if (same) {
      desk.extend(same, desk.secondsFor(lease, lease.key))
      desk.end(lease, 'ended', `extended ${same.id}, which is in force already`)
      return undefined
    }
    if (!lease.redo && !desk.admit(lease)) return undefined
    store.update(lease.id, { state: 'adding' })
    return store.get(lease.id)
  }

  /** Without asking the script: it said nothing when it was asked, or is OSSEC's and never asked. */
  function knownToBeTheSame(lease: Lease): Lease | undefined {
    if (lease.seconds === 0) return undefined
    const other = store.actingByKey(lease.key, lease.id)
    const isSame = other?.response === lease.response && (other.silent || other.call?.dialect === 'ossec')
    return isSame ? other : undefined
  }

  /** The script has named its keys. Whatever is decided here is on disk before it hears of it; undefined lets it act. */
  function judge(lease: Lease, answer: Answer): Verdict | undefined {
    if (isRemoved(lease)) return { end: 'removed before it was done' }
    if (answer.kind === 'other') return undefined
    for (const named of answer.keys) {
      const refusal = desk.guardOf(lease, named)
      if (refusal) return { refusal }
    }
    const key = keyOn(lease.host, lease.call!.program, answer.keys)
    if (lease.redo && lease.acted !== undefined) return undefined
    const seconds = desk.secondsFor(lease, key)
    // execd does not look for repetitions of what has no timeout.
    const other = lease.seconds === 0 ? undefined : store.actingByKey(key, lease.id)
    if (other) {
      desk.release()
      desk.extend(other, seconds)
      return { end: `extended ${other.id}, which is in force already` }
    }
    const target = lease.target === '-' && answer.keys.length > 0 ? answer.keys.join(' ') : lease.target
    store.update(lease.id, { key, target, acted: now(), until: untilAfter(seconds, now()) })
    return undefined
  }

  function finish(lease: Lease, run: ScriptRun, verdict: Verdict | undefined): void {
    desk.note(lease, 'add', run.failure, outputOf(run))
    if (run.link && run.decision !== 'abort') {
      if (isRemoved(lease)) removed(lease, run.has_begun)
      else desk.unreached(lease, run.failure!, run.has_begun || lease.redo)
      return
    }
    if (lease.call!.dialect !== 'ossec' && run.has_begun) {
      const answer = run.answer?.kind ?? 'nothing'
      const program = lease.host === undefined ? lease.call!.program : `${lease.host}:${lease.call!.program}`
      store.noteHabit({ program, seen: now(), answer, reads_to_end: run.reads_to_end })
    }
    if (!run.has_begun && !verdict) {
      desk.end(lease, 'failed', run.failure)
      log.error(`${lease.response} ${lease.target}: ${run.failure}`, fieldsOf(lease))
    } else if (verdict && 'refusal' in verdict) desk.refuse(lease, verdict.refusal)
    else if (verdict) desk.end(lease, 'ended', verdict.end)
    else acted(lease, run)
  }

  /** A person took it back before the host was reached. */
  function removed(lease: Lease, mayHaveActed: boolean): void {
    if (mayHaveActed || lease.redo) store.update(lease.id, { state: 'undoing', attempts: 0, due: now() })
    else desk.end(lease, 'ended')
  }

  function acted(lease: Lease, run: ScriptRun): void {
    const remark = remarkOn(run)
    if (remark) log.warn(`${lease.response} ${lease.target}: ${remark}`, fieldsOf(lease))
    else log.info(`${lease.response}: acted on ${lease.target} in ${run.result.duration_ms} ms`, fieldsOf(lease))
    const acted = lease.acted ?? now()
    if (lease.seconds === 0) {
      const same = lease.undoable ? store.actingByKey(lease.key, lease.id) : undefined
      if (same) store.update(same.id, { hits: same.hits + 1 })
      if (same || !lease.undoable) {
        store.update(lease.id, { acted })
        desk.end(lease, run.failure ? 'failed' : 'ended', same ? `done again; ${same.id} is in force` : remark)
        return
      }
    }
    // Only now is it known that it does not name its keys. One that was removed meanwhile keeps the end it was given then.
    const until =
      lease.acted === undefined && !isRemoved(lease)
        ? untilAfter(desk.secondsFor(lease, lease.key), now())
        : lease.until
    const silent = lease.call!.dialect !== 'ossec' && run.answer?.kind !== 'keys'
    store.update(lease.id, { silent, acted, until })
    desk.inForce(store.get(lease.id)!, until, remark)
  }

  /** A person took it back while it was at work. */
  function isRemoved({ until }: Lease): boolean {
    return until !== undefined && until <= now()
  }

  async function remove(id: string): Promise<void> {
    const lease = store.get(id)!
    if (lease.state !== 'undoing' || isTooLate(lease)) return
    if (isHomeless(lease)) {
      desk.undoFailed(lease, homeless(lease))
      return
    }
    const run = await runDelete(lease.call!, optionsFor(lease))
    state.transaction(() => {
      desk.note(lease, 'delete', run.failure, outputOf(run))
      if (run.failure) desk.undoFailed(store.get(id)!, run.failure)
      else desk.undone(store.get(id)!)
    })
    if (!run.failure) log.info(`${lease.response} ${lease.target}: undone`, fieldsOf(lease))
  }

  return {
    add: (lease: Lease) => lanes.run(lease.key, poolOf('add', lease), () => guarded(lease, () => add(lease.id))),
    remove: (lease: Lease) =>
      lanes.run(lease.key, poolOf('delete', lease), () => guarded(lease, () => remove(lease.id))),
    idle: () => lanes.idle(),
    /** Hosts that have not been reached yet are waited for no longer. */
    hangUp: () => ending.abort(),
  }
}

function untilAfter(seconds: number, now: number): number | undefined {
  return seconds === 0 ? undefined : now + seconds * 1000
}

function remarkOn(run: ScriptRun): string | undefined {
  if (run.failure) return `${run.failure}; nobody knows how far it came`
  if (run.answer?.kind === 'other') return `it printed "${run.answer.line.slice(0, 80)}" where check_keys should stand`
  return undefined
}

function outputOf({ result }: ScriptRun): string {
  return fromBytes([result.output, result.stderr].filter((text) => text !== '').join('\n'))
}
