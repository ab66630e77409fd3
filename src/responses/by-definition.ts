/**
 * Leases that our own definitions carry out. One change at a time per definition, and whatever came meanwhile goes into the next one together: a burst
 * of ten thousand costs a handful of processes, a single one does not wait.
 *
 * What came of it is kept without waiting for the disk: a power cut takes it back, and then it is done again, which definitions bear.
 */
import type { State } from '../durable/state.ts'
import type { Log } from '../log.ts'
import type { Actor, Failures } from './actor.ts'
import { type Desk, fieldsOf } from './desk.ts'
import type { Glance, Lease, LeaseStore } from './lease.ts'

export interface ByDefinitionConfig {
  state: State
  store: LeaseStore
  desk: Desk
  actors: ReadonlyMap<string, Actor>
  unusable: ReadonlyMap<string, string>
  log: Log
  now(): number
  /** Something is due that was not before. */
  kick(): void
}

interface Queue {
  adds: string[]
  deletes: string[]
  compare: boolean
  busy: Promise<void> | undefined
}

export function createByDefinition({ state, store, desk, actors, unusable, log, now, kick }: ByDefinitionConfig) {
  const queues = new Map<string, Queue>()

  function queueOf(name: string): Queue {
    let queue = queues.get(name)
    if (!queue) queues.set(name, (queue = { adds: [], deletes: [], compare: false, busy: undefined }))
    return queue
  }

  function work(name: string): void {
    const queue = queueOf(name)
    queue.busy ??= run(name, queue)
      .catch((error) => {
        log.error(`${name}: ${error instanceof Error ? error.message : error}`)
        // A full disk, a locked database: what it was at is taken up again, as after a crash.
        again(name)
      })
      .finally(() => {
        queue.busy = undefined
        kick()
      })
  }

  function again(name: string): void {
    try {
      store.retry(name, now() + 5000)
    } catch {
      // Then at the next start.
    }
  }

  async function run(name: string, queue: Queue): Promise<void> {
    // Whoever queues in the same turn goes together.
    await Promise.resolve()
    while (queue.deletes.length > 0 || queue.adds.length > 0 || queue.compare) {
      const actor = actors.get(name)
      if (!actor) {
        const reason = unusable.get(name) ?? `there is no response "${name}" any more`
        const fail = (ids: string[], how: (lease: Lease) => void) => store.getAll(ids).forEach(how)
        state.transaction(() => {
          fail(queue.deletes.splice(0), (lease) => desk.undoFailed(lease, reason))
          fail(queue.adds.splice(0), (lease) => desk.addFailed(lease, reason))
        })
        queue.compare = false
        continue
      }
      // Deletes first: a key that is undone and wanted again is to be in force in the end.
      if (queue.deletes.length > 0) await remove(actor, queue.deletes.splice(0))
      if (queue.adds.length > 0) await add(actor, queue.adds.splice(0))
      if (queue.compare) {
        queue.compare = false
        await compare(actor)
      }
    }
  }

  async function add(actor: Actor, ids: string[]): Promise<void> {
    const started = now()
    // Something may have happened to them while they waited here.
    const leases = store.glance(ids).filter(({ state }) => state === 'adding' || state === 'in force')
    const late = leases.filter(({ until }) => until !== undefined && until <= started)
    const wanted = leases.filter(({ until }) => until === undefined || until > started)
    const seconds = (until: number | undefined) => (until === undefined ? 0 : Math.ceil((until - started) / 1000))
    const failures =
      wanted.length === 0
        ? (new Map() as Failures)
        : await actor.add(wanted.map(({ target, until }) => ({ key: target, seconds: seconds(until) })))
    const took = now() - started
    const what = ({ state }: Glance) => (state === 'in force' ? 'prolong' : 'add')
    state.transaction(() => {
      for (const { id } of late) store.update(id, { state: 'undoing', due: now() })
      const { delete: one, deleteMany } = actor.definition
      const isUndoable = one !== undefined || deleteMany !== undefined
      const isInForce = ({ target }: Glance) => isUndoable && !failures.has(target)
      const lasting = wanted.filter(isInForce)
      store.inForceAll(
        lasting.map((lease) => ({ id: lease.id, applied: lease.until, what: what(lease) })),
        now(),
      )
      for (const before of wanted) {
        if (isInForce(before)) continue
        const failure = failures.get(before.target)
        const lease = store.get(before.id)!
        desk.note(lease, what(before), failure?.reason)
        if (lease.state !== 'adding' && lease.state !== 'in force') continue
        if (!failure) desk.end(lease, 'ended', 'done; there is nothing to undo')
        else if (failure.kind === 'nothing to do' && lease.state === 'adding') desk.end(lease, 'ended', failure.reason)
        else desk.addFailed(lease, failure.reason, failure.kind === 'not now')
      }
    }, 'lazy')
    const done = wanted.filter(({ target, state }) => state === 'adding' && !failures.has(target))
    if (done.length > 20) log.info(`${actor.definition.name}: acted on ${done.length} targets in ${took} ms`)
    else
      for (const lease of store.getAll(done.map(({ id }) => id)))
        log.info(`${lease.response}: acted on ${lease.target} in ${took} ms`, { ...fieldsOf(lease), why: lease.why })
  }

  async function remove(actor: Actor, ids: string[]): Promise<void> {
    const leases = store.getAll(ids).filter((lease) => lease.state === 'undoing')
    if (leases.length === 0) return
    const failures = await actor.remove([...new Set(leases.map(({ target }) => target))])
    const isUndone = ({ target }: Lease) => !failures.has(target) || failures.get(target)!.kind === 'nothing to do'
    state.transaction(() => {
      for (const lease of store.getAll(leases.map(({ id }) => id))) {
        const failure = failures.get(lease.target)
        desk.note(lease, 'delete', failure?.reason)
        if (isUndone(lease)) desk.undone(lease)
        else desk.undoFailed(lease, failure!.reason)
      }
    }, 'lazy')
    const undone = leases.filter(isUndone)
    if (undone.length > 20) log.info(`${actor.definition.name}: ${undone.length} targets undone`)
    else for (const lease of undone) log.info(`${lease.response} ${lease.target}: undone`, fieldsOf(lease))
  }

  /** What should be with what is; mends both ways. */
  async function compare(actor: Actor): Promise<void> {
    const { name } = actor.definition
    const listed = await actor.list()
    if (listed === undefined) return
    if ('failure' in listed) {
      log.warn(`${name}: what is in force cannot be listed: ${listed.failure}`)
      return
    }
    const found = new Set(listed.keys)
    const at = now()
    const wanted = store.inForce(name)
    const missing = wanted.filter(({ target, until }) => !found.has(target) && (until === undefined || until > at))
    const known = new Set(
      [...wanted, ...store.inState('adding'), ...store.inState('undoing')].map(({ target }) => target),
    )
    const extra = actor.definition.list!.shared ? [] : listed.keys.filter((key) => !known.has(key))
    if (missing.length > 0) {
      log.warn(
        `${name}: ${missing.length} in force by our book were gone, put back: ${some(missing.map((l) => l.target))}`,
      )
      state.transaction(() => {
        for (const lease of missing) desk.note(lease, 'mend', 'it was gone')
      })
      await add(
        actor,
        missing.map(({ id }) => id),
      )
    }
    if (extra.length > 0) {
      const failures = await actor.remove(extra)
      const rest = failures.size === 0 ? '' : ` (${failures.size} could not: ${[...failures.values()][0]!.reason})`
      log.warn(`${name}: ${extra.length} in force that nobody asked for, removed: ${some(extra)}${rest}`)
    }
  }

  return {
    add(lease: Lease): void {
      queueOf(lease.definition!).adds.push(lease.id)
      work(lease.definition!)
    },
    remove(lease: Lease): void {
      queueOf(lease.definition!).deletes.push(lease.id)
      work(lease.definition!)
    },
    compare(name: string): void {
      queueOf(name).compare = true
      work(name)
    },
    async idle(): Promise<void> {
      for (let busy = true; busy; ) {
        const all = [...queues.values()].map((queue) => queue.busy).filter((promise) => promise !== undefined)
        await Promise.all(all)
        busy = all.length > 0
      }
    },
  }
}

function some(keys: readonly string[]): string {
  return keys.length <= 10 ? keys.join(', ') : `${keys.slice(0, 10).join(', ')} and ${keys.length - 10} more`
}
