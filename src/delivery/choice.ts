/** Which alerts a destination is tried with next, from what waits and from the log, and which go to its fallback instead. */
import { parseAlert } from './attempt.ts'
import type { Backlog } from './backlog.ts'
import { CatchUp } from './catch-up.ts'
import type { Health } from './health.ts'
import type { DueMessage, IncidentPart, Incidents } from './incidents.ts'
import { type Intake, quiet_ms } from './intake.ts'
import { type Job, newJob } from './job.ts'
import type { QueueSettings } from './queue-settings.ts'
import type { Item } from './send.ts'
import type { Summaries } from './summaries.ts'

/** Jobs in memory that wait behind another of their key. */
const most_behind = 1000

/** A job that may be tried, with its alert. */
export interface Candidate extends Item {
  job: Job
}

interface Parts {
  settings: QueueSettings
  health: Health
  backlog: Backlog
  intake: Intake
  /** Only where alerts are grouped. */
  incidents: Incidents | undefined
  /** Only where there are summaries. */
  summaries: Summaries | undefined
  /** Looks again in so many milliseconds. */
  wakeIn(ms: number): void
}

export class Choice {
  /** Whether the last request held all that one can. */
  wasFull = true
  private readonly settings: QueueSettings
  private readonly health: Health
  private readonly backlog: Backlog
  private readonly intake: Intake
  private readonly incidents: Incidents | undefined
  private readonly summaries: Summaries | undefined
  private readonly catchUp: CatchUp | undefined
  private readonly wakeIn: (ms: number) => void
  /** In file order, whatever happens: with one try at a time there is one key for all. */
  private readonly isStrict: boolean
  /** What waits and what is new take turns. */
  private lastWasWaiting = false

  constructor({ settings, health, backlog, intake, incidents, summaries, wakeIn }: Parts) {
    this.settings = settings
    this.health = health
    this.backlog = backlog
    this.intake = intake
    this.incidents = incidents
    this.summaries = summaries
    this.wakeIn = wakeIn
    this.isStrict = settings.destination.concurrency === 1
    if (settings.catch_up !== undefined)
      this.catchUp = new CatchUp(settings.catch_up, (message) => this.isStrict || settings.log.info(message))
  }

  /** All that goes into the next request; undefined: nothing now, and a wake-up is asked for where one is known. */
  next(now: number): Candidate[] | undefined {
    const first = this.first(now)
    return first && this.fill(first, now)
  }

  private first(now: number): Candidate | undefined {
    this.digest(now)
    const isProbe = this.isProbing
    if (this.lastWasWaiting) {
      this.lastWasWaiting = false
      const fresh = this.fromLog()
      if (fresh) return fresh
    }
    const waiting = this.fromBacklog(now, isProbe)
    if (waiting) {
      this.lastWasWaiting = true
      return waiting
    }
    const fresh = this.fromLog() ?? (this.catchUp && this.fromBacklog(now, isProbe))
    if (fresh) return fresh
    for (const next of [this.backlog.next(), this.incidents?.next(), this.summaries?.next()])
      if (next !== undefined) this.wakeIn(next - now)
    return undefined
  }

  /** Whether the next try is made to see if the destination is there again. */
  private get isProbing(): boolean {
    return this.health.isAway || this.health.paused !== undefined
  }

  /** All that goes into one request with the first. */
  private fill(first: Candidate, now: number): Candidate[] {
    const { batch } = this.settings.sender
    const chosen = [first]
    first.job.state = 'trying'
    if (!batch || this.isProbing) return chosen
    let bytes = first.line.length
    const hasRoom = ({ line }: Candidate) => chosen.length < batch.max_count && bytes + line.length <= batch.max_bytes
    const add = (one: Candidate) => {
      one.job.state = 'trying'
      bytes += one.line.length
      chosen.push(one)
    }
    let isFull = false
    for (const job of [...this.backlog.followers(first.job)]) {
      if (chosen.length >= batch.max_count) break
      const one = this.load(job)
      if (!one) continue
      isFull = !hasRoom(one)
      if (isFull) break
      add(one)
    }
    // In file order, what is next in the file comes after all that stand behind the first, and not before what waits for its own time.
    if (this.isStrict && first.job.key === undefined && this.backlog.hasKeys) isFull = true
    while (!isFull && chosen.length < batch.max_count) {
      const one = (this.isStrict ? undefined : this.fromBacklog(now, false)) ?? this.fromLog('more')
      if (!one) break
      isFull = !hasRoom(one)
      if (isFull) this.backlog.putBack(one.job)
      else add(one)
    }
    this.wasFull = isFull || chosen.length >= batch.max_count
    return chosen
  }

  private fromBacklog(now: number, isProbe: boolean): Candidate | undefined {
    for (;;) {
      // A probe does not wait for an alert's own time.
      const job = this.backlog.take(now) ?? (isProbe ? this.backlog.takeEarly() : undefined)
      const found = job && this.load(job)
      if (!job || (found && (isProbe || this.hasTurn(found, now)))) return found
    }
  }

  /** False: it is late, and waits for a turn of its own. */
  private hasTurn({ job, alert, line }: Candidate, now: number): boolean {
    if (!this.catchUp || job.insists || job.incident?.is_over || job.incident?.is_summary) return true
    const turn = this.catchUp.turnOf(job, alert, now)
    if (turn === undefined) return true
    // What comes from the log waits in any case: there may be something new behind it.
    if (turn <= now && job.hasRow) {
      this.catchUp.taken(job)
      return true
    }
    job.next_at = turn
    if (job.state === 'waiting') this.backlog.wait(job)
    else {
      job.line = line
      job.reason = this.catchUp.reason
      this.backlog.keep(job, false)
      this.settings.changed()
    }
    return false
  }

  private load(job: Job): Candidate | undefined {
    const line = this.backlog.lineOf(job)
    const alert = line === undefined ? undefined : parseAlert(line)
    const { incident } = job
    const isWanted =
      job.insists || incident?.is_over || incident?.is_summary || (alert && !this.settings.silenced(alert))
    if (line !== undefined && alert && isWanted) return { job, alert, line }
    // A silence began while it waited; or its row is gone, or damaged by hand.
    this.backlog.remove(job)
    return undefined
  }

  /** An alert that the destination could not be given for a while goes to its fallback, save one to try it with. */
  divert(now: number): void {
    const { fallback, tuning, log } = this.settings
    const since = this.health.unhealthy_since
    if (!fallback || since === undefined) return
    if (now - since < tuning.fallback_ms) {
      this.wakeIn(since + tuning.fallback_ms - now)
      return
    }
    const why = `instead of "${this.settings.destination.name}": ${this.health.paused?.reason ?? this.health.reason ?? this.backlog.lastReason ?? 'it is away'}`
    let count = 0
    // Only who has the ticket can be told of its end.
    const ends: Job[] = []
    for (;;) {
      const row = this.backlog.waiting > 1 ? this.backlog.takeEarly() : undefined
      if (row?.incident?.is_over) {
        ends.push(row)
        row.state = 'trying'
        continue
      }
      const found = row ? this.load(row) : this.fromLog('divert')
      if (!found) {
        if (row) continue
        break
      }
      if (!fallback.take(found.line, why)) {
        if (row) this.backlog.wait(row)
        else this.backlog.putBack(found.job)
        break
      }
      this.backlog.remove(found.job)
      count++
    }
    for (const job of ends) {
      job.state = 'waiting'
      this.backlog.wait(job)
    }
    if (count > 0) log.warn(`${count} alerts go to "${fallback.name}" ${why}`)
  }

  /** Messages about alerts that were counted, and ends of incidents. */
  private digest(now: number): void {
    // That nothing more happens is no news for a chat.
    if (this.incidents) this.endEarly(this.incidents, now)
    for (const { line, part } of this.incidents?.due(now) ?? [])
      if (!part.is_over || this.settings.sender.resolves) this.enqueue(line, '', part)
    this.summarize(now)
  }

  /** Blocks that ended before their alerts were read and told of. */
  private endEarly(incidents: Incidents, now: number): void {
    this.end(incidents.endsThatWaited())
    if (incidents.early.isEmpty) return
    if (incidents.early.letGo((since) => this.intake.isPast(since, now))) this.settings.changed()
    if (!incidents.early.isEmpty) this.wakeIn(quiet_ms)
  }

  private summarize(now: number): void {
    for (const { line, part } of this.summaries?.due(now) ?? []) this.enqueue(line, '', part)
  }

  /** Tells of the end of incidents. */
  end(ends: readonly DueMessage[]): void {
    for (const { line, part } of ends) this.enqueue(line, '', part)
  }

  /** A message that does not come from the log. */
  enqueue(line: string, reason: string, incident?: IncidentPart): void {
    const now = this.settings.now()
    const job = newJob(line, undefined, this.isStrict ? '' : incident?.key, now, incident)
    job.reason = reason
    this.backlog.add(job, now)
    this.settings.changed()
  }

  /** @param purpose `more`: it goes into the same request as the ones before it */
  private fromLog(purpose: 'try' | 'more' | 'divert' = 'try'): Candidate | undefined {
    const { tuning } = this.settings
    const { backlog } = this
    if (purpose !== 'divert') {
      if (backlog.waiting >= tuning.max_waiting || backlog.behind >= most_behind) return undefined
      if (this.isStrict && backlog.hasKeys && purpose === 'try') return undefined
    }
    if (backlog.rejected >= tuning.max_rejected) {
      this.health.pause(
        `${backlog.rejected} alerts were rejected; see them with: outrider deliveries list`,
        this.settings.now(),
      )
      return undefined
    }
    for (;;) {
      const found = this.intake.next()
      if (!found) return undefined
      const { line, alert, ticket } = found
      const now = this.settings.now()
      if (found.ends) {
        const end = this.incidents?.end(alert, line)
        if (end) this.end([end])
        this.intake.reading.settle(ticket)
        this.settings.changed()
        continue
      }
      const part = this.incidents?.see(alert, line, now)
      if (this.incidents && !part) {
        this.intake.reading.settle(ticket)
        this.settings.changed()
        continue
      }
      // What goes to the fallback is not for this destination's summaries.
      if (purpose !== 'divert' && this.summaries?.take(alert, now)) {
        this.intake.reading.settle(ticket)
        if (part) this.incidents?.settled(part)
        this.settings.changed()
        // Written together: who is ended right now would know of the storm, and have told nobody.
        this.summarize(now)
        const next = this.summaries.next()
        if (next !== undefined) this.wakeIn(next - now)
        continue
      }
      const key = purpose === 'divert' ? undefined : this.isStrict ? '' : part?.key
      const job = newJob(line, ticket, key, now, part)
      const isFirst = backlog.enter(job)
      if (purpose !== 'divert' && !this.hasTurn({ job, alert, line }, now)) {
        if (backlog.waiting >= tuning.max_waiting) return undefined
        continue
      }
      if (isFirst || (this.isStrict && purpose === 'more')) return { job, alert, line }
    }
  }
}
