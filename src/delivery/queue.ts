/**
 * The life of one destination: takes alerts from the log in order, tries them, keeps those that must wait, and knows where the cursor may stand.
 *
 *   log ──▶ route ──▶ try ──▶ delivered: settled
 *            │         ├────▶ retry: a row that waits; settled, since the row and the cursor are committed together
 *            │         └────▶ rejected: a row for people; settled
 *            └─ not for it: settled
 *
 * Nothing here waits for the disk: rows that changed are gathered and written by {@link DestinationQueue.flush}, in one transaction with the cursor.
 *
 * Order: alerts with the same key are tried one after the other. One that must wait holds those behind it, unless it failed several times by its own fault
 * (`strikes`): then it steps aside, for one bad alert must not stop all.
 *
 * Batches: a destination that takes many alerts in a request gets the first at once; while it is on its way others gather for a short time. What becomes of
 * each is its own. Alerts of one key may share a request, in their order; only where the destination refuses one of them by itself is that one passed.
 */
import type { Outcome } from '../define.ts'
import type { FileCursor } from '../durable/follow.ts'
import type { Attempt } from './attempt.ts'
import { Backlog } from './backlog.ts'
import type { RateLimit } from './backoff.ts'
import type { NotedEnd } from './block-ends.ts'
import { type Candidate, Choice } from './choice.ts'
import { Health } from './health.ts'
import { Incidents, incidentSettings } from './incidents.ts'
import { Intake } from './intake.ts'
import type { Job } from './job.ts'
import { nextTry } from './next-try.ts'
import type { QueueSettings } from './queue-settings.ts'
import { Summaries } from './summaries.ts'
import type { DestinationStatus } from './types.ts'

/** An alert that failed so often by its own fault no longer holds back those behind it. */
const strikes_that_hold = 4
/** Rejections in a row after which the destination is paused: something is wrong with all of them. */
const rejections_to_pause = 100
/** While a request is on its way, so long do alerts gather for the next one that is not full. */
const linger_ms = 20

export class DestinationQueue {
  readonly name: string
  private readonly settings: QueueSettings
  private readonly health: Health
  private readonly rate: RateLimit | undefined
  private readonly intake: Intake
  private readonly backlog: Backlog
  private readonly choice: Choice
  /** Only where alerts are grouped. */
  private readonly incidents: Incidents | undefined
  private readonly summaries: Summaries | undefined
  private rejectedInARow = 0
  /** Requests. */
  private inFlight = 0
  /** When the last one began. */
  private began = 0
  private delivered = 0
  /** Of those, what the destination really got. */
  private taken = 0
  private lastDelivered: number | undefined
  private state: 'idle' | 'running' | 'held' | 'stopping' = 'idle'
  private cancelWake: (() => void) | undefined
  private wakeAt = Number.POSITIVE_INFINITY
  private readonly abort = new AbortController()
  private idle: (() => void) | undefined

  constructor(settings: QueueSettings) {
    const { destination, store, tuning } = settings
    this.settings = settings
    this.name = destination.name
    this.health = new Health({
      concurrency: destination.concurrency,
      base_ms: tuning.backoff_base_ms,
      breaker_failures: tuning.breaker_failures,
      random: settings.random,
    })
    this.rate = settings.rate
    this.intake = new Intake({
      route: settings.route,
      silenced: settings.silenced,
      read: settings.read,
      bad_line: settings.bad_line,
      moved: settings.changed,
      ready: () => this.pump(),
      now: settings.now,
      failed: (error) => {
        settings.log.warn(`alerts cannot be read, tried again: ${error.message}`)
        this.wakeIn(1000)
      },
    })
    if (destination.group_by !== undefined)
      this.incidents = new Incidents(incidentSettings(destination, destination.group_by), store.incidents(this.name))
    this.backlog = new Backlog(this.name, store, (job) => this.unticket(job))
    const counted = store.summary(this.name)
    // What was counted is told although the configuration wants no summaries any more.
    if (destination.digest || destination.storm || counted !== undefined)
      this.summaries = new Summaries(destination, counted, settings.log)
    const { health, backlog, intake, incidents, summaries } = this
    this.choice = new Choice({
      settings,
      health,
      backlog,
      intake,
      incidents,
      summaries,
      wakeIn: (ms) => this.wakeIn(ms),
    })
  }

  start(): void {
    if (this.state !== 'idle') return
    this.state = 'running'
    this.pump()
  }

  /** Stops beginning tries, because nothing can be written (disk full), or goes on. */
  hold(held: boolean): void {
    if (this.state === 'running' && held) this.state = 'held'
    else if (this.state === 'held' && !held) {
      this.state = 'running'
      this.pump()
    }
  }

  /** Waits for what is in flight, at most the grace time, then ends it; what was ended is tried again after the next start. */
  async stop(): Promise<void> {
    this.state = 'stopping'
    this.intake.close()
    this.cancelWake?.()
    if (this.inFlight > 0) {
      const ended = new Promise<void>((resolve) => (this.idle = resolve))
      const cancel = this.settings.schedule(this.settings.tuning.grace_ms, () => this.abort.abort())
      await ended
      cancel()
    }
    await this.settings.sender.close()
  }

  // ------------------------------------------------------------------------------------------------------------- what to try next

  private pump(): void {
    while (this.state === 'running') {
      const now = this.settings.now()
      this.choice.divert(now)
      const wait = Math.max(this.health.wait(this.inFlight, now), this.rate?.wait(now) ?? 0, this.linger(now))
      if (wait > 0) {
        if (wait < Number.POSITIVE_INFINITY) this.wakeIn(wait)
        return
      }
      const chosen = this.choice.next(now)
      if (chosen) void this.try(chosen)
      else {
        // Looking for one may have found a reason to pause.
        if (this.health.paused) this.wakeIn(this.health.wait(this.inFlight, now))
        return
      }
    }
  }

  /** Milliseconds until the next request of a destination that takes many alerts in one. */
  private linger(now: number): number {
    if (!this.settings.sender.batch || this.inFlight === 0 || this.choice.wasFull) return 0
    return Math.max(0, this.began + linger_ms - now)
  }

  /** Blocks that alerts have caused are over. */
  blocksEnded(ended: readonly NotedEnd[]): void {
    if (!this.settings.destination.resolve_with_block || !this.incidents) return
    this.choice.end(this.incidents.endOfBlocks(ended, this.settings.now()))
    this.pump()
  }

  /** Takes an alert of another destination over. */
  accept(line: string, reason: string): boolean {
    if (this.backlog.waiting >= this.settings.tuning.max_waiting * 2) return false
    this.choice.enqueue(line, reason)
    // Not at once: whoever hands it over is in the middle of something.
    this.wakeIn(0)
    return true
  }

  private wakeIn(ms: number): void {
    const at = this.settings.now() + ms
    if (this.wakeAt <= at) return
    this.cancelWake?.()
    this.wakeAt = at
    this.cancelWake = this.settings.schedule(Math.max(1, Math.min(ms, 2 ** 31 - 1)), () => {
      this.wakeAt = Number.POSITIVE_INFINITY
      this.pump()
    })
  }

  // ---------------------------------------------------------------------------------------------------------------------- trying

  /** One request. */
  private async try(chosen: Candidate[]): Promise<void> {
    const { sender, now } = this.settings
    this.inFlight++
    this.began = now()
    this.rate?.take()
    const epoch = this.health.begin()
    for (const one of chosen) {
      const { incident } = one.job
      if (incident) one.incident = { ref: this.incidents?.ref(incident), ...incident }
    }
    const { signal } = this.abort
    const [first] = chosen as [Candidate]
    const attempts = sender.batch ? await sender.batch.send(chosen, signal) : [await sender.send(first, signal)]
    this.inFlight--
    this.settle(chosen, attempts, epoch)
    this.settings.changed()
    if (this.inFlight === 0) this.idle?.()
    this.pump()
  }

  private settle(chosen: Candidate[], attempts: Attempt[], epoch: number): void {
    const ended: { job: Job; line: string; attempt: Attempt }[] = []
    for (const [n, { job, line }] of chosen.entries()) {
      const attempt = attempts[n]!
      // Ended by us: as if it had not been tried.
      if (this.abort.signal.aborted && attempt.outcome.kind !== 'delivered') job.state = job.hasRow ? 'waiting' : 'new'
      else ended.push({ job, line, attempt })
    }
    for (const { job, attempt } of ended) this.reconsider(job, attempt)
    this.judge(ended, epoch)
    // The same for all of a request, so that they come again together.
    const at = { now: this.settings.now(), random: this.settings.random() }
    for (const { job, line, attempt } of ended) {
      job.line = line
      job.attempts++
      this.settleOne(job, attempt, at)
    }
  }

  /** Others got through since it paused the destination, so it is this alert: a web application firewall, say, that takes it for an attack. */
  private reconsider(job: Job, attempt: Attempt): void {
    const { outcome } = attempt
    if (outcome.kind === 'paused' && job.strikes > 0 && this.taken > job.delivered_then)
      attempt.outcome = { kind: 'retry', reason: outcome.reason }
  }

  /** What a request says about the destination: once, however many alerts it held. */
  private judge(ended: { job: Job; attempt: Attempt }[], epoch: number): void {
    const now = this.settings.now()
    let isTaken = false
    let isRejected = false
    let paused: string | undefined
    let failed: { job: Job; outcome: Extract<Outcome, { kind: 'retry' }> } | undefined
    for (const { job, attempt } of ended) {
      const { outcome, unsent } = attempt
      if (unsent) continue
      if (outcome.kind === 'delivered') isTaken = true
      else if (outcome.kind === 'rejected') isRejected = true
      else if (outcome.kind === 'paused') paused ??= outcome.reason
      else failed ??= { job, outcome }
    }
    if (isTaken) {
      this.rejectedInARow = 0
      if (this.health.delivered(epoch)) this.backlog.hurry(now)
    }
    if (paused !== undefined) {
      const reason = this.settings.mask(paused)
      if (!this.health.paused) this.settings.log.warn(`paused: ${reason}`)
      this.health.pause(reason, now)
      return
    }
    if (failed) {
      const { outcome, job } = failed
      this.health.failed(job, epoch, now, { ...outcome, reason: this.settings.mask(outcome.reason) })
    } else if (!isTaken && isRejected) this.health.answered()
  }

  private settleOne(job: Job, attempt: Attempt, { now, random }: { now: number; random: number }): void {
    const { outcome } = attempt
    if (outcome.kind === 'delivered') {
      this.delivered++
      this.lastDelivered = now
      if (!attempt.unsent) this.taken++
      if (job.incident && outcome.ref && !job.incident.is_over) {
        this.incidents?.delivered(job.incident, outcome.ref)
        this.backlog.named(job, job.incident, outcome.ref)
      }
      this.backlog.remove(job)
      return
    }
    job.reason = this.settings.mask(outcome.reason)
    job.request = this.settings.mask(attempt.request?.() ?? '')
    job.answer = this.settings.mask(attempt.answer ?? '')
    switch (outcome.kind) {
      case 'rejected':
        this.reject(job)
        return
      case 'paused':
        if (job.strikes++ === 0) job.delivered_then = this.taken
        job.next_at = now
        this.backlog.keep(job, false)
        return
      case 'retry': {
        const { tuning } = this.settings
        const { taken: delivered, health } = this
        const next = nextTry(job, outcome, { now, tuning, random, delivered, isAway: health.isAway })
        if (next === 'give up') {
          job.reason = `given up after ${job.attempts} tries: ${job.reason}`
          this.reject(job)
          return
        }
        job.next_at = next
        this.backlog.keep(job, job.strikes >= strikes_that_hold)
      }
    }
  }

  private reject(job: Job): void {
    const { attempts, reason } = job
    const { fallback, log } = this.settings
    if (fallback?.take(job.line!, `instead of "${this.name}", which rejected it: ${reason}`)) {
      log.warn(`an alert goes to "${fallback.name}", for it was rejected: ${reason}`)
      this.backlog.remove(job)
      return
    }
    this.backlog.reject(job)
    if (++this.rejectedInARow >= rejections_to_pause)
      this.health.pause(`the last ${this.rejectedInARow} alerts were all rejected: ${reason}`, this.settings.now())
    log.warn(`rejected an alert after ${attempts} ${attempts === 1 ? 'try' : 'tries'}: ${reason}`)
  }

  /** Its place in the log may be passed. */
  private unticket(job: Job): void {
    if (!job.ticket) return
    this.intake.reading.settle(job.ticket)
    job.ticket = undefined
    if (job.incident) this.incidents?.settled(job.incident)
  }

  /** @see Ledger.flush */
  flush(save: (cursor: FileCursor) => void): () => void {
    const written = this.backlog.flush(this.intake.reading, this.incidents, this.settings.now(), save)
    const told = this.summaries?.flush((state) => this.settings.store.putSummary(this.name, state))
    return () => {
      written()
      told?.()
    }
  }

  // --------------------------------------------------------------------------------------------------------------------- by hand

  /** Everything was committed just before, and what a person wants is on the disk when this returns. */
  retry(id: number): void {
    this.tryAgain([id])
  }

  retryAll(): number {
    const ids = [...this.backlog.ids(), ...this.settings.store.idsOf(this.name, 'rejected')]
    this.rejectedInARow = 0
    this.tryAgain(ids)
    return ids.length
  }

  private tryAgain(ids: readonly number[]): void {
    const now = this.settings.now()
    this.settings.store.insist(ids, now)
    for (const id of ids) {
      const job = this.backlog.get(id) ?? this.revive(id)
      if (!job) continue
      job.insists = true
      const first = this.backlog.firstOf(job)
      this.backlog.wait(job, now)
      if (first !== job) this.backlog.wait(first, now)
    }
    this.health.resume()
    this.pump()
  }

  private revive(id: number): Job | undefined {
    const row = this.settings.store.get(id)
    if (!row) return undefined
    this.rejectedInARow = 0
    return this.backlog.revive(row)
  }

  /** `busy`: it is being tried right now. */
  drop(id: number): 'dropped' | 'busy' | 'unknown' {
    const job = this.backlog.get(id)
    if (job?.state === 'trying') return 'busy'
    if (job) this.backlog.remove(job)
    else {
      if (this.settings.store.get(id)?.destination !== this.name) return 'unknown'
      this.backlog.forget(id)
      this.rejectedInARow = 0
      this.health.resume()
    }
    this.settings.changed()
    this.pump()
    return 'dropped'
  }

  status(): Omit<DestinationStatus, 'lag_bytes'> {
    const { paused, not_before } = this.health
    const { waiting, rejected, held } = this.backlog
    const now = this.settings.now()
    const since = this.backlog.oldest()
    const isHeld = not_before > now
    const next =
      (paused && Math.max(paused.probe_at, not_before)) ??
      (waiting > 0 || isHeld ? Math.max(not_before, this.backlog.next() ?? not_before) : undefined)
    return {
      name: this.name,
      type: this.settings.destination.type,
      state: paused ? 'paused' : isHeld || this.health.isAway || waiting > 0 ? 'retrying' : 'ok',
      waiting: held,
      ...(since !== undefined && { waiting_since: since }),
      ...(next !== undefined && { next_try: next }),
      rejected,
      delivered: this.delivered,
      ...(this.summaries?.storm_since !== undefined && { storm_since: this.summaries.storm_since }),
      ...(this.lastDelivered !== undefined && { last_delivered: this.lastDelivered }),
      ...((paused || isHeld || waiting > 0 || rejected > 0) && {
        reason: paused?.reason ?? (isHeld ? this.health.reason : undefined) ?? this.backlog.lastReason,
      }),
    }
  }
}
