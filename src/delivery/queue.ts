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
 */
import type { Alert } from '../alert.ts'
import type { FileCursor } from '../durable/follow.ts'
import { type Attempt, parseAlert } from './attempt.ts'
import type { RateLimit } from './backoff.ts'
import { Due } from './due.ts'
import { Health } from './health.ts'
import { type IncidentPart, Incidents } from './incidents.ts'
import { Intake } from './intake.ts'
import { type Job, newJob, restoredJob } from './job.ts'
import { Ledger } from './ledger.ts'
import { nextTry } from './next-try.ts'
import { Order } from './order.ts'
import type { QueueSettings } from './queue-settings.ts'
import type { DestinationStatus } from './types.ts'

/** An alert that failed so often by its own fault no longer holds back those behind it. */
const strikes_that_hold = 4
/** Rejections in a row after which the destination is paused: something is wrong with all of them. */
const rejections_to_pause = 100
/** Jobs in memory that wait behind another of their key. */
const most_behind = 1000

export class DestinationQueue {
  readonly name: string
  private readonly settings: QueueSettings
  private readonly health: Health
  private readonly rate: RateLimit | undefined
  private readonly intake: Intake
  private readonly due = new Due()
  /** In file order, whatever happens: with one try at a time there is one key for all. */
  private readonly isStrict: boolean
  private readonly order = new Order()
  private readonly ledger: Ledger
  /** Only where alerts are grouped. */
  private readonly incidents: Incidents | undefined
  /** Freed from behind another, to be tried before anything else. */
  private ready: Job[] = []
  private waiting = 0
  private rejected: number
  private rejectedInARow = 0
  private inFlight = 0
  private delivered = 0
  /** Of those, what the destination really got. */
  private taken = 0
  private lastDelivered: number | undefined
  private lastReason: string | undefined
  private state: 'idle' | 'running' | 'held' | 'stopping' = 'idle'
  private cancelWake: (() => void) | undefined
  private wakeAt = Number.POSITIVE_INFINITY
  private readonly abort = new AbortController()
  private idle: (() => void) | undefined
  /** While the destination is away, tries alternate between what waits and what is new. */
  private lastWasWaiting = false

  constructor(settings: QueueSettings) {
    const { destination, store, tuning } = settings
    this.settings = settings
    this.name = destination.name
    this.isStrict = destination.concurrency === 1
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
      failed: (error) => {
        settings.log.warn(`alerts cannot be read, tried again: ${error.message}`)
        this.wakeIn(1000)
      },
    })
    if (destination.group_by !== undefined)
      this.incidents = new Incidents(
        destination.group_by,
        (destination.repeat ?? 3600) * 1000,
        store.incidents(this.name),
      )
    this.ledger = new Ledger(this.name, store)
    this.rejected = store.rejectedCount(this.name)
    for (const row of store.waiting(this.name)) this.restore(restoredJob(row))
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
      this.divert(now)
      const wait = Math.max(this.health.wait(this.inFlight, now), this.rate?.wait(now) ?? 0)
      if (wait > 0) {
        if (wait < Number.POSITIVE_INFINITY) this.wakeIn(wait)
        return
      }
      const job = this.nextJob(now)
      if (job) void this.try(job)
      else {
        // Looking for one may have found a reason to pause.
        if (this.health.paused) this.wakeIn(this.health.wait(this.inFlight, now))
        return
      }
    }
  }

  private nextJob(now: number): { job: Job; alert: Alert; line: string } | undefined {
    this.digest(now)
    const isProbe = this.health.isAway || this.health.paused !== undefined
    if (isProbe && this.lastWasWaiting) {
      this.lastWasWaiting = false
      const fresh = this.fromLog()
      if (fresh) return fresh
    }
    for (;;) {
      // A probe does not wait for an alert's own time.
      const job =
        this.ready.shift() ?? this.due.take(now) ?? (isProbe ? this.due.take(Number.POSITIVE_INFINITY) : undefined)
      if (!job) break
      // It may have been dropped, or tried by hand, since it was put there.
      if (job.state !== 'waiting' && job.state !== 'new') continue
      this.lastWasWaiting = true
      const found = this.load(job)
      if (found) return found
    }
    const fresh = this.fromLog()
    if (fresh) return fresh
    for (const next of [this.due.next(), this.incidents?.next()]) if (next !== undefined) this.wakeIn(next - now)
    return undefined
  }

  private load(job: Job): { job: Job; alert: Alert; line: string } | undefined {
    const line = job.line ?? (job.id === undefined ? undefined : this.settings.store.get(job.id)?.alert)
    const alert = line === undefined ? undefined : parseAlert(line)
    const isWanted = job.insists || job.incident?.is_over || (alert && !this.settings.silenced(alert))
    if (line !== undefined && alert && isWanted) return { job, alert, line }
    // A silence began while it waited; or its row is gone, or damaged by hand.
    this.remove(job)
    return undefined
  }

  /** An alert that the destination could not be given for a while goes to its fallback, save one to try it with. */
  private divert(now: number): void {
    const { fallback, tuning, log } = this.settings
    const since = this.health.unhealthy_since
    if (!fallback || since === undefined) return
    if (now - since < tuning.fallback_ms) {
      this.wakeIn(since + tuning.fallback_ms - now)
      return
    }
    const why = `instead of "${this.name}": ${this.health.paused?.reason ?? this.health.reason ?? this.lastReason ?? 'it is away'}`
    let count = 0
    for (;;) {
      const row = this.waiting > 1 ? this.due.take(Number.POSITIVE_INFINITY) : undefined
      const found = row ? this.load(row) : this.fromLog(true)
      if (!found) {
        if (row) continue
        break
      }
      if (!fallback.take(found.line, why)) {
        if (row) this.due.add(row)
        else this.ready.push(found.job)
        break
      }
      this.remove(found.job)
      count++
    }
    if (count > 0) log.warn(`${count} alerts go to "${fallback.name}" ${why}`)
  }

  /** Takes an alert of another destination over. */
  accept(line: string, reason: string): boolean {
    if (this.waiting >= this.settings.tuning.max_waiting * 2) return false
    this.enqueue(line, reason)
    // Not at once: whoever hands it over is in the middle of something.
    this.wakeIn(0)
    return true
  }

  /** Messages about alerts that were counted, and ends of incidents. */
  private digest(now: number): void {
    for (const { line, part } of this.incidents?.due(now) ?? [])
      if (!part.is_over || this.settings.sender.resolves) this.enqueue(line, '', part)
  }

  /** A message that does not come from the log, and is in the table at once. */
  private enqueue(line: string, reason: string, incident?: IncidentPart): void {
    const now = this.settings.now()
    const job = newJob(line, undefined, this.isStrict ? '' : incident?.key, now, incident)
    job.reason = reason
    job.next_at = now
    job.state = 'waiting'
    job.hasRow = true
    this.waiting++
    this.ledger.note(job)
    if (this.order.enter(job)) this.due.add(job)
    this.settings.changed()
  }

  private fromLog(isDiverting = false): { job: Job; alert: Alert; line: string } | undefined {
    const { tuning } = this.settings
    if (!isDiverting) {
      if (this.waiting >= tuning.max_waiting || this.order.behind >= most_behind) return undefined
      if (this.isStrict && !this.order.isEmpty) return undefined
    }
    if (this.rejected >= tuning.max_rejected) {
      this.health.pause(
        `${this.rejected} alerts were rejected; see them with: outrider deliveries list`,
        this.settings.now(),
      )
      return undefined
    }
    for (;;) {
      const found = this.intake.next()
      if (!found) return undefined
      const { line, alert, ticket } = found
      const now = this.settings.now()
      const part = this.incidents?.see(alert, line, now)
      if (this.incidents && !part) {
        this.intake.reading.settle(ticket)
        this.settings.changed()
        continue
      }
      const key = isDiverting ? undefined : this.isStrict ? '' : part?.key
      const job = newJob(line, ticket, key, now, part)
      if (this.order.enter(job)) return { job, alert, line }
    }
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

  private async try({ job, alert, line }: { job: Job; alert: Alert; line: string }): Promise<void> {
    job.state = 'trying'
    this.inFlight++
    this.rate?.take()
    const epoch = this.health.begin()
    const { incident } = job
    const part = incident && { ref: this.incidents?.ref(incident.key), ...incident }
    const attempt = await this.settings.sender.send(line, alert, this.abort.signal, part)
    this.inFlight--
    if (this.abort.signal.aborted && attempt.outcome.kind !== 'delivered') {
      // Ended by us: as if it had not been tried.
      job.state = job.hasRow ? 'waiting' : 'new'
    } else {
      job.line = line
      job.attempts++
      this.settle(job, attempt, epoch)
      this.settings.changed()
    }
    if (this.inFlight === 0) this.idle?.()
    this.pump()
  }

  private settle(job: Job, attempt: Attempt, epoch: number): void {
    const now = this.settings.now()
    let { outcome } = attempt
    if (outcome.kind === 'paused' && job.strikes > 0 && this.taken > job.delivered_then) {
      // Others got through since it paused the destination, so it is this alert: a web application firewall, say, that takes it for an attack.
      outcome = { kind: 'retry', reason: outcome.reason }
    }
    if (outcome.kind === 'delivered') {
      this.delivered++
      this.lastDelivered = now
      if (!attempt.unsent) {
        this.taken++
        this.rejectedInARow = 0
        if (this.health.delivered(epoch)) this.hurry(now)
      }
      if (job.incident) this.incidents?.delivered(job.incident.key, outcome.ref)
      this.remove(job)
      return
    }
    job.reason = this.settings.mask(outcome.reason)
    this.lastReason = job.reason
    job.request = this.settings.mask(attempt.request?.() ?? '')
    job.answer = this.settings.mask(attempt.answer ?? '')
    switch (outcome.kind) {
      case 'rejected':
        this.health.answered()
        this.reject(job)
        return
      case 'paused':
        if (!this.health.paused) this.settings.log.warn(`paused: ${job.reason}`)
        this.health.pause(job.reason, now)
        if (job.strikes++ === 0) job.delivered_then = this.taken
        job.next_at = now
        break
      case 'retry': {
        const { tuning, random } = this.settings
        this.health.failed(job, epoch, now, { ...outcome, reason: job.reason })
        const { taken: delivered, health } = this
        const next = nextTry(job, outcome, { now, tuning, random: random(), delivered, isAway: health.isAway })
        if (next === 'give up') {
          job.reason = `given up after ${job.attempts} tries: ${job.reason}`
          this.reject(job)
          return
        }
        job.next_at = next
      }
    }
    this.keep(job)
    if (outcome.kind === 'retry' && job.strikes >= strikes_that_hold && job.key !== undefined) {
      this.leave(job)
      job.key = undefined
    }
  }

  private keep(job: Job): void {
    job.state = 'waiting'
    if (!job.hasRow) this.waiting++
    job.hasRow = true
    this.unticket(job)
    this.due.add(job)
    this.ledger.note(job)
  }

  private reject(job: Job): void {
    const { attempts, reason } = job
    const { fallback, log } = this.settings
    if (fallback?.take(job.line!, `instead of "${this.name}", which rejected it: ${reason}`)) {
      log.warn(`an alert goes to "${fallback.name}", for it was rejected: ${reason}`)
      this.remove(job)
      return
    }
    job.state = 'rejected'
    if (job.hasRow) this.waiting--
    job.hasRow = true
    this.rejected++
    this.unticket(job)
    this.ledger.note(job)
    this.leave(job)
    if (++this.rejectedInARow >= rejections_to_pause)
      this.health.pause(`the last ${this.rejectedInARow} alerts were all rejected: ${reason}`, this.settings.now())
    log.warn(`rejected an alert after ${attempts} ${attempts === 1 ? 'try' : 'tries'}: ${reason}`)
  }

  /** It is delivered, or was dropped. */
  private remove(job: Job): void {
    job.state = 'gone'
    if (job.hasRow) {
      this.waiting--
      this.ledger.note(job)
    }
    this.unticket(job)
    this.leave(job)
  }

  /** The next of its key may go. */
  private leave(job: Job): void {
    const next = this.order.leave(job)
    if (next) this.ready.push(next)
  }

  private unticket(job: Job): void {
    if (!job.ticket) return
    this.intake.reading.settle(job.ticket)
    job.ticket = undefined
    if (job.incident) this.incidents?.settled(job.incident.key)
  }

  /** The destination is back: what waited because it was away need not wait for its own time. */
  private hurry(now: number): void {
    this.due.all((job) => {
      if (job.strikes === 0 && job.next_at > now) this.due.add(job, now)
    })
  }

  // ------------------------------------------------------------------------------------------------------------------- on the disk

  private restore(job: Job): void {
    this.waiting++
    this.ledger.restore(job)
    if (job.reason !== '') this.lastReason = job.reason
    if (this.order.enter(job)) this.due.add(job)
  }

  /** @see Ledger.flush */
  flush(save: (cursor: FileCursor) => void): () => void {
    return this.ledger.flush(this.intake.reading, this.incidents, this.settings.now(), save)
  }

  // --------------------------------------------------------------------------------------------------------------------- by hand

  /** Everything was committed just before. */
  retry(id: number): boolean {
    const job = this.ledger.get(id) ?? this.revive(id)
    if (!job) return false
    job.insists = true
    if (job.state === 'waiting') this.due.add(job, this.settings.now())
    this.health.resume()
    this.pump()
    return true
  }

  retryAll(): number {
    const ids = [...this.ledger.ids(), ...this.settings.store.idsOf(this.name, 'rejected')]
    this.rejectedInARow = 0
    for (const id of ids) this.retry(id)
    this.health.resume()
    this.pump()
    return ids.length
  }

  private revive(id: number): Job | undefined {
    const row = this.settings.store.get(id)
    if (row?.state !== 'rejected' || row.destination !== this.name) return undefined
    // Its turn has passed: it holds nobody back.
    const job = restoredJob({ ...row, strikes: 0, order_key: null })
    this.restore(job)
    this.rejected--
    this.rejectedInARow = 0
    this.ledger.note(job)
    this.settings.changed()
    return job
  }

  /** `busy`: it is being tried right now. */
  drop(id: number): 'dropped' | 'busy' | 'unknown' {
    const job = this.ledger.get(id)
    if (job?.state === 'trying') return 'busy'
    if (job) {
      this.due.forget(job)
      this.remove(job)
    } else {
      const row = this.settings.store.get(id)
      if (row?.destination !== this.name) return 'unknown'
      this.settings.store.delete(id)
      this.rejected--
      this.rejectedInARow = 0
      this.health.resume()
    }
    this.settings.changed()
    this.pump()
    return 'dropped'
  }

  status(): Omit<DestinationStatus, 'lag_bytes'> {
    const { paused, not_before } = this.health
    const now = this.settings.now()
    const since = this.ledger.oldest()
    const isHeld = not_before > now
    const next =
      paused?.probe_at ?? (this.waiting > 0 || isHeld ? Math.max(not_before, this.due.next() ?? not_before) : undefined)
    return {
      name: this.name,
      type: this.settings.destination.type,
      state: paused ? 'paused' : isHeld || this.health.isAway || this.waiting > 0 ? 'retrying' : 'ok',
      waiting: this.waiting + this.order.behind,
      ...(since !== undefined && { waiting_since: since }),
      ...(next !== undefined && { next_try: next }),
      rejected: this.rejected,
      delivered: this.delivered,
      ...(this.lastDelivered !== undefined && { last_delivered: this.lastDelivered }),
      ...((paused || isHeld || this.waiting > 0 || this.rejected > 0) && {
        reason: paused?.reason ?? (isHeld ? this.health.reason : undefined) ?? this.lastReason,
      }),
    }
  }
}
