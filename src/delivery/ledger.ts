/** The rows of one destination: what is to be written with the next commit, and which job belongs to which row. */
import type { FileCursor } from '../durable/follow.ts'
import type { Incidents } from './incidents.ts'
import type { Job } from './job.ts'
import type { Reading } from './reading.ts'
import type { Store } from './store.ts'

export class Ledger {
  private readonly destination: string
  private readonly store: Store
  private readonly changed = new Set<Job>()
  private readonly byId = new Map<number, Job>()
  private committed: string | undefined

  constructor(destination: string, store: Store) {
    this.destination = destination
    this.store = store
  }

  /** The waiting job of a row; everything must have been committed just before. */
  get(id: number): Job | undefined {
    return this.byId.get(id)
  }

  /** Ids of all waiting jobs. */
  ids(): number[] {
    return [...this.byId.keys()]
  }

  /** When the oldest waiting one was first tried. */
  oldest(): number | undefined {
    let oldest: number | undefined
    for (const { created } of this.byId.values()) if (oldest === undefined || created < oldest) oldest = created
    return oldest
  }

  restore(job: Job): void {
    this.byId.set(job.id!, job)
  }

  note(job: Job): void {
    this.changed.add(job)
  }

  /**
   * Writes what changed and the place in the log; to be called within a transaction. The returned function is to be called when that is committed: only
   * then do the jobs know of their rows.
   */
  flush(
    reading: Reading,
    incidents: Incidents | undefined,
    now: number,
    save: (cursor: FileCursor) => void,
  ): () => void {
    const jobs = [...this.changed]
    const ids = jobs.map((job) => this.write(job, now))
    const incidentsWritten = incidents?.flush(
      (incident) => this.store.putIncident(this.destination, incident),
      (key) => this.store.deleteIncident(this.destination, key),
    )
    const cursor = reading.cursor()
    const place = cursor && JSON.stringify(cursor)
    if (cursor && place !== this.committed) save(cursor)
    return () => {
      this.committed = place
      incidentsWritten?.()
      for (const [n, job] of jobs.entries()) this.written(job, ids[n])
    }
  }

  /** The id of its row from now on. */
  private write(job: Job, now: number): number | undefined {
    const { id, attempts, strikes, next_at, reason, request, answer } = job
    if (job.state === 'gone') {
      if (id !== undefined) this.store.delete(id)
      return undefined
    }
    // One that is being tried again is written as it was; its result comes with the next commit.
    const state = job.state === 'rejected' ? 'rejected' : 'waiting'
    const row = {
      state,
      attempts,
      strikes,
      next_at,
      reason,
      request,
      answer,
      order_key: job.key ?? null,
      incident: job.incident ? JSON.stringify(job.incident) : null,
      updated: now,
    } as const
    if (id === undefined)
      return this.store.insert({
        ...row,
        destination: this.destination,
        alert: job.line!,
        created: job.created,
      })
    this.store.update({ ...row, id })
    return id
  }

  private written(job: Job, id: number | undefined): void {
    this.changed.delete(job)
    job.request = null
    job.answer = null
    if (job.id !== undefined && id === undefined) this.byId.delete(job.id)
    job.id = id
    if (id === undefined) return
    job.line = undefined
    if (job.state === 'rejected') this.byId.delete(id)
    else this.byId.set(id, job)
  }
}
