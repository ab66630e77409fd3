/**
 * Active response as a whole: alerts in, leases out, and every one of them ended on time.
 *
 * ```
 * plan(alert) ──▶ record(intents) ──▶ kick() ──▶ take what is due ──┬─▶ by-definition.ts ──▶ steps
 *                 (the caller's         ▲                           └─▶ by-script.ts ──────▶ execd's contract
 *                  transaction)         └── a timer for the next one
 * ```
 */
import { createBinding } from '../wazuh/response-binding.ts'
import { toBlock } from './block.ts'
import { createBook } from './book.ts'
import { createByDefinition } from './by-definition.ts'
import { createByHand } from './by-hand.ts'
import { createByScript } from './by-script.ts'
import { createDesk } from './desk.ts'
import { createGuards } from './guards.ts'
import { createLeaseStore, type Lease } from './lease.ts'
import { loadActors } from './load.ts'
import { readNetworkFacts } from './network.ts'
import { createPlanner } from './plan.ts'
import { endOrphans } from './script.ts'
import { wayTo } from './ssh.ts'
import type { Responder, ResponderOptions, ResponderTuning } from './types.ts'

const defaults: ResponderTuning = {
  answer_ms: 1000,
  places: 16,
  max_memory_bytes: undefined,
  widest: { ipv4: 24, ipv6: 48 },
  escalation: { factor: 1, longest: 86_400, decay_ms: 30 * 86_400_000 },
  over_limit: { kind: 'refuse' },
  compare_ms: 60_000,
  history_ms: 90 * 86_400_000,
  grace_ms: 5000,
  undo_on_stop: false,
}

/** How long it may take to end what waits for a host. */
const hang_up_ms = 500

export async function createResponder(options: ResponderOptions): Promise<Responder> {
  const { state, settings, now, log, mask, hosts = [] } = options
  const tuning = { ...defaults, ...options.tuning }
  const store = createLeaseStore(state)
  const binding = createBinding({ blocks: options.responses, white_list: options.white_list })
  const guards = createGuards({
    never: settings.never,
    manager: options.manager,
    hosts: (await Promise.all(hosts.map(wayTo))).flat(),
    country: options.country,
    whiteListed: binding.whiteListed,
    white_list: options.white_list,
    widest: tuning.widest,
    allowed: () => store.allowed(now()),
    facts: () => readNetworkFacts(options.system),
    resolve: options.resolve,
    now,
  })
  const deadline_ms = settings.deadline * 1000
  const { actors, unusable } = await loadActors(options.definitions, settings, { deadline_ms, http: options.http })
  const planner = createPlanner({
    ...options,
    blocks: options.responses,
    binding,
    actors,
    unusable,
    dialects: settings.dialect,
  })

  function dryRun({ response, definition }: Pick<Lease, 'definition'> & { response?: string }): string | undefined {
    if (!settings.enabled) return 'responses are not enabled'
    const named = settings.dry_run?.find((name) => name === response || name === definition)
    if (named !== undefined) return `responses.dry_run names ${named}`
    const needsRoot = definition !== undefined && actors.get(definition)?.definition.needs_root
    return needsRoot && !options.is_root ? `${definition} needs root` : undefined
  }
  const { max_per_minute } = settings
  const { escalation, over_limit } = tuning
  const unguarded = settings.unguarded ?? []
  const desk = createDesk({
    store,
    guards,
    log,
    now,
    mask,
    dryRun,
    escalation,
    max_per_minute,
    over_limit,
    unguarded,
    asked: (lease, until) => options.asked?.(toBlock(lease), until),
    undone: options.undone,
  })
  const common = { state, store, desk, log, now, kick }
  const byDefinition = createByDefinition({ ...common, actors, unusable })
  const { answer_ms, max_memory_bytes, places } = tuning
  const book = createBook({ state, store, desk, now, dryRun })
  const byHand = createByHand({ ...common, guards, book, country: options.country, intentOf: planner.manual })
  const script = { home: options.home, deadline_ms, answer_ms, max_memory_bytes }
  const byScript = createByScript({ ...common, script, hosts, places })

  // ---------------------------------------------------------------------------------------------------------------- what is due

  let running = false
  let isPumping = false
  let cancelTimer = () => {}
  let cancelPeriodic = () => {}

  function kick(): void {
    if (!running || isPumping) return
    isPumping = true
    // Not at once: what is recorded in the same turn goes together.
    setImmediate(() => {
      isPumping = false
      if (running) pump()
    })
  }

  function pump(): void {
    cancelTimer()
    try {
      // Lazy, because a packet more gets through in the time that a disk needs: the wish is on disk, and what a power cut takes back is begun anew from it.
      const taken = state.transaction(() => store.take(now(), 5000).map(advance), 'lazy')
      for (const act of taken) act?.()
      const due = store.nextDue()
      // Timers do not reach further than 24 days; the clock may be set meanwhile, so once a minute is looked anyway.
      if (due !== null) cancelTimer = options.setTimer(kick, Math.min(Math.max(0, due - now()), 86_400_000))
    } catch (error) {
      // A full disk, a locked database. Nothing was taken; it is all there the next time.
      log.error(`active response: ${error instanceof Error ? error.message : error}; trying again in 1 s`)
      cancelTimer = options.setTimer(kick, 1000)
    }
  }

  /** The next step of a lease that is due, and what is to be done once that is on disk. */
  function advance(lease: Lease): (() => void) | undefined {
    const by = lease.definition === undefined ? byScript : byDefinition
    const isOver = lease.until !== undefined && lease.until <= now()
    switch (lease.state) {
      case 'asking':
        desk.unanswered(lease)
        return undefined
      case 'planned':
        if (lease.definition === undefined) return () => byScript.add(lease)
        if (!desk.admit(lease)) return undefined
        desk.begin(lease)
        return () => byDefinition.add(lease)
      case 'adding':
        return () => by.add(lease)
      case 'in force':
        if (!isOver && lease.definition !== undefined) return () => byDefinition.add(lease)
        if (!isOver) {
          store.update(lease.id, { due: lease.until })
          return undefined
        }
        store.update(lease.id, { state: 'undoing', attempts: 0 })
        return () => by.remove(lease)
      case 'undoing': {
        // The same target is wanted again: to undo this one now would undo that one. Its own end will do for both.
        const other = store.actingByKey(lease.key, lease.id)
        if (!other) return () => by.remove(lease)
        desk.end(lease, lease.outcome === 'failed' ? 'failed' : 'ended', `${other.id} took its place`)
        return undefined
      }
      default:
        return undefined
    }
  }

  // ----------------------------------------------------------------------------------------------------------- start, minute, stop

  const bootCursor = state.cursor<string>('responses.boot')

  async function start(): Promise<void> {
    // A name server that does not answer must not keep what is overdue in force.
    await withinTime(guards.refresh(), 3000)
    const interrupted = [...store.inState('adding'), ...store.inState('undoing')]
    const orphans = endOrphans(new Set(interrupted.map(({ id }) => id)))
    if (orphans > 0) log.warn(`ended ${orphans} scripts that a former run had left behind`)
    const rebooted = options.boot_id !== undefined && ![undefined, options.boot_id].includes(bootCursor.get())
    state.transaction(() => {
      store.recover(now(), rebooted)
      if (options.boot_id !== undefined) bootCursor.set(options.boot_id)
    })
    running = true
    everyMinute()
    kick()
  }

  function everyMinute(): void {
    cancelPeriodic = options.setTimer(() => {
      everyMinute()
      kick()
      void guards.refresh()
      store.prune(now() - tuning.history_ms)
    }, tuning.compare_ms)
    for (const name of definitionsToCompare()) byDefinition.compare(name)
  }

  /** Those with something in force, and those that the configuration uses: what is there without a lease is then removed, too. */
  function definitionsToCompare(): Set<string> {
    const names = new Set(store.definitionsInUse())
    for (const name of planner.definitionsInUse()) if (dryRun({ definition: name }) === undefined) names.add(name)
    return new Set([...names].filter((name) => actors.get(name)?.definition.list !== undefined))
  }

  async function stop(): Promise<void> {
    if (tuning.undo_on_stop && running) {
      state.transaction(() => store.endAll(now()))
      pump()
    }
    running = false
    cancelTimer()
    cancelPeriodic()
    if (!tuning.undo_on_stop) byScript.hangUp()
    // What takes longer is taken up at the next start, as after a crash.
    await withinTime(atWork(), tuning.grace_ms)
    byScript.hangUp()
    await withinTime(atWork(), hang_up_ms)
  }

  async function withinTime(work: Promise<void>, ms: number): Promise<void> {
    const late = Promise.withResolvers<void>()
    const cancel = options.setTimer(late.resolve, ms)
    await Promise.race([work, late.promise])
    cancel()
  }

  async function atWork(): Promise<void> {
    await Promise.all([byDefinition.idle(), byScript.idle()])
  }

  async function settled(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (isPumping) round = -1
      await atWork()
    }
  }

  return {
    ...byHand,
    plan: planner.plan,
    record: book.record,
    kick,
    start,
    stop,
    settled,
    list: () => store.current(now()).map(toBlock),
    overdue: () => store.overdue(now()).map(toBlock),
    show(id) {
      const lease = store.get(id)
      return lease && { ...lease, tries: store.tries(id) }
    },
    block(id) {
      const lease = store.get(id)
      return lease && toBlock(lease)
    },
    history: (limit) => store.history(limit),
    refusals: (limit) =>
      store.refusals(limit).map((lease) => ({
        at: lease.ended ?? lease.since,
        response: lease.response,
        key: lease.target,
        guard: lease.guard ?? '',
        reason: lease.note ?? '',
        alert: lease.alert,
      })),
    responses: planner.responses,
    targets: (response) => store.targetsInForce(response),
    scripts: () => store.habits(),
    problems: [
      ...guards.problems,
      ...binding.problems.map(({ message }) => message),
      ...planner.definitionsInUse().flatMap((name) => unusable.get(name) ?? []),
    ],
  }
}
