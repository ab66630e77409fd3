/**
 * The alerts of one destination that were taken from the log and are neither delivered nor given up: who may be tried next, who stands behind another, and
 * which have a row in the table.
 */
import type { FileCursor } from '../durable/follow.ts'
import { Due } from './due.ts'
import type { IncidentPart, Incidents } from './incidents.ts'
import { type Job, restoredJob } from './job.ts'
import { Ledger } from './ledger.ts'
import { Order } from './order.ts'
import type { Reading } from './reading.ts'
import type { Store, StoredDelivery } from './store.ts'

export class Backlog {
  /** Those with a row that wait, also the one that is being tried again. */
  waiting = 0
  rejected: number
  /** Why the last one waits or was rejected. */
  lastReason: string | undefined
  private readonly store: Store
  private readonly ledger: Ledger
  private readonly order = new Order()
  private readonly due = new Due()
  /** Freed from behind another, or put back, to be tried before anything else. */
  private ready: Job[] = []
  private readonly settled: (job: Job) => void
  /** Ends of incidents whose name at the destination is not known yet. */
  private readonly endings = new Map<string, Job>()

  /** @param settled is told of each job that the cursor may pass: it is delivered, or will be in the table with the next commit */
  constructor(destination: string, store: Store, settled: (job: Job) => void) {
    this.store = store
    this.ledger = new Ledger(destination, store)
    this.rejected = store.rejectedCount(destination)
    this.settled = settled
    for (const job of inOrder(store.waiting(destination).map(restoredJob))) this.restore(job)
  }

  // ------------------------------------------------------------------------------------------------------------- what to try next

  /** How many stand behind another of their key. */
  get behind(): number {
    return this.order.behind
  }

  /** All that were taken from the log and are neither delivered nor given up, save those that are being tried for the first time. */
  get held(): number {
    return this.waiting + this.order.withoutRow
  }

  /** Whether any alert with a key is under way. */
  get hasKeys(): boolean {
    return !this.order.isEmpty
  }

  /** True when it may be tried; otherwise {@link take} gives it when its turn has come. */
  enter(job: Job): boolean {
    return this.order.enter(job)
  }

  /** One that may be tried: it was behind another, or its time has come. */
  take(now: number): Job | undefined {
    for (;;) {
      const job = this.ready.shift() ?? this.due.take(now)
      // It may have been dropped, or tried by hand, since it was put there.
      if (!job || job.state === 'waiting' || job.state === 'new') return job
    }
  }

  /** Of those that wait, the one whose time comes first. */
  takeEarly(): Job | undefined {
    return this.due.take(Number.POSITIVE_INFINITY)
  }

  /** It was taken and not tried: it is the next again. One that stands behind another stays there. */
  putBack(job: Job): void {
    if (this.order.isFirst(job)) this.ready.unshift(job)
  }

  /** Those that stand behind it, in their order. */
  followers(job: Job): readonly Job[] {
    return this.order.followers(job)
  }

  /** When the next one's time comes. */
  next(): number | undefined {
    return this.due.next()
  }

  /** The alert of a job, a byte string; undefined when its row is gone. */
  lineOf(job: Job): string | undefined {
    return job.line ?? (job.id === undefined ? undefined : this.store.get(job.id)?.alert)
  }

  // --------------------------------------------------------------------------------------------------------------- what became of it

  /** A message that does not come from the log; it is in the table at once. */
  add(job: Job, now: number): void {
    job.next_at = now
    job.state = 'waiting'
    job.hasRow = true
    this.waiting++
    this.ledger.note(job)
    this.noteEnding(job)
    if (this.order.enter(job)) this.due.add(job)
  }

  /** The destination's own name for the incident of a message: what waits of it may be tried when the incident is over and forgotten. */
  named(job: Job, part: IncidentPart, ref: string): void {
    const { key, since } = part
    const ending = this.endings.get(endingOf(part))
    for (const other of [...(ending ? [ending] : []), ...this.order.followers(job)]) {
      const { incident } = other
      if (incident?.key !== key || incident.since !== since || incident.ref !== undefined) continue
      other.incident = { ...incident, ref }
      if (other.hasRow) this.ledger.note(other)
    }
    this.endings.delete(endingOf(part))
  }

  private noteEnding(job: Job): void {
    const { incident } = job
    if (incident?.is_over && incident.ref === undefined) this.endings.set(endingOf(incident), job)
  }

  /** It waits until `next_at`. `stepsAside`: without holding up those behind it. */
  keep(job: Job, stepsAside: boolean): void {
    job.state = 'waiting'
    this.lastReason = job.reason
    if (!job.hasRow) this.waiting++
    job.hasRow = true
    this.settled(job)
    this.ledger.note(job)
    if (stepsAside) {
      this.leave(job)
      job.key = undefined
    }
    if (this.order.isFirst(job)) this.due.add(job)
  }

  reject(job: Job): void {
    job.state = 'rejected'
    this.lastReason = job.reason
    if (job.hasRow) this.waiting--
    job.hasRow = true
    this.rejected++
    this.settled(job)
    this.ledger.note(job)
    this.leave(job)
  }

  /** It is delivered, or was dropped. */
  remove(job: Job): void {
    job.state = 'gone'
    if (job.incident?.is_over) this.endings.delete(endingOf(job.incident))
    if (job.hasRow) {
      this.waiting--
      this.ledger.note(job)
    }
    this.settled(job)
    this.leave(job)
  }

  /** The next of its key may go. */
  private leave(job: Job): void {
    const next = this.order.leave(job)
    if (next?.state === 'new') this.ready.push(next)
    else if (next?.state === 'waiting') this.due.add(next)
    // One that is being tried in the same request sees for itself how it ends.
  }

  /** The destination is back: what waited because it was away need not wait for its own time. */
  hurry(now: number): void {
    this.due.all((job) => {
      if (job.strikes === 0 && job.next_at > now) this.due.add(job, now)
    })
  }

  // ------------------------------------------------------------------------------------------------------------------- on the disk

  private restore(job: Job): Job {
    this.waiting++
    this.ledger.restore(job)
    this.noteEnding(job)
    if (job.reason !== '') this.lastReason = job.reason
    if (this.order.enter(job)) this.due.add(job)
    return job
  }

  /** @see Ledger.flush */
  flush(
    reading: Reading,
    incidents: Incidents | undefined,
    now: number,
    save: (cursor: FileCursor) => void,
  ): () => void {
    return this.ledger.flush(reading, incidents, now, save)
  }

  /** When the oldest waiting one was first tried. */
  oldest(): number | undefined {
    return this.ledger.oldest()
  }

  // --------------------------------------------------------------------------------------------------------------------- by hand

  /** The waiting job of a row; everything must have been committed just before. */
  get(id: number): Job | undefined {
    return this.ledger.get(id)
  }

  /** Ids of all that wait. */
  ids(): number[] {
    return this.ledger.ids()
  }

  /** Lets one that waits be tried at that time; if it stands behind another, not before that one. */
  wait(job: Job, at = job.next_at): void {
    if (job.state !== 'waiting') return
    if (this.order.isFirst(job)) this.due.add(job, at)
    else job.next_at = at
  }

  /** The one that must be tried before it, or itself. */
  firstOf(job: Job): Job {
    return this.order.firstOf(job)
  }

  /** Takes one up that was rejected, and waits again. */
  revive(row: StoredDelivery): Job {
    this.rejected--
    return this.restore(restoredJob(row))
  }

  /** A rejected one that is not wanted any more. */
  forget(id: number): void {
    this.store.delete(id)
    this.rejected--
  }
}

/** The end of an incident may have got its row while a message before it was still on its way, and got its own only then. */
function inOrder(jobs: Job[]): Job[] {
  const lastOf = new Map<string, Job>()
  for (const job of jobs) if (job.incident && !job.incident.is_over) lastOf.set(endingOf(job.incident), job)
  const seen = new Set<Job>()
  const held = new Map<Job, Job[]>()
  const ordered: Job[] = []
  for (const job of jobs) {
    const before = job.incident?.is_over ? lastOf.get(endingOf(job.incident)) : undefined
    if (before && !seen.has(before)) held.set(before, [...(held.get(before) ?? []), job])
    else ordered.push(job, ...(held.get(job) ?? []))
    seen.add(job)
  }
  return ordered
}

const endingOf = ({ key, since }: IncidentPart): string => `${key} ${since}`
