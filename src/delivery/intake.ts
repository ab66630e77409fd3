/** The alerts of the log that a destination wants, one by one; asks for more lines when it has none. */
import type { Alert } from '../alert.ts'
import { parseTimestamp } from '../clock.ts'
import type { Lines } from '../durable/follow.ts'
import type { Route } from '../routes.ts'
import { parseAlert } from './attempt.ts'
import { Reading, type Ticket } from './reading.ts'

export interface IntakeSettings {
  route: Route
  /** Whether a silence holds this alert back. */
  silenced(alert: Alert): boolean
  /** The next lines of the log; undefined when closed. */
  read(): Promise<Lines | undefined>
  /** A line of the log that is no alert. */
  bad_line(line: string): void
  /** The place in the log has changed. */
  moved(): void
  /** There may be something to take again. */
  ready(): void
  now(): number
  failed(error: Error): void
}

/** More is read before the last line was taken, so that nobody waits for the disk. */
const few_lines = 64
/** Of 64 KiB each. One alert that hangs keeps in memory all that was read after it; beyond that the log holds it. */
const most_batches = 256
/** Who has waited so long for more lines has read all that were there. The file is looked at several times a second. */
export const quiet_ms = 10_000

export class Intake {
  readonly reading = new Reading()
  private readonly settings: IntakeSettings
  private isReading = false
  private isClosed = false
  /** The last that was taken, wanted or not. */
  private last: Alert | undefined
  /** Since when there is nothing more. */
  private quietSince: number | undefined

  constructor(settings: IntakeSettings) {
    this.settings = settings
  }

  /** `ends`: it only ends the incident of its group. Undefined: nothing now; `ready` is called when there may be. */
  next(): { line: string; alert: Alert; ticket: Ticket; ends: boolean } | undefined {
    for (;;) {
      const found = this.reading.next()
      if (this.reading.left < few_lines) this.readMore()
      if (!found) {
        this.quietSince ??= this.settings.now()
        return undefined
      }
      const { line, ticket } = found
      const alert = parseAlert(line)
      this.last = alert ?? this.last
      this.quietSince = undefined
      const { route, silenced } = this.settings
      if (alert && route.ends(alert)) return { line, alert, ticket, ends: true }
      if (alert && route.matches(alert) && !silenced(alert)) return { line, alert, ticket, ends: false }
      if (!alert) this.settings.bad_line(line)
      this.reading.settle(ticket)
      this.settings.moved()
    }
  }

  /** Whether all has been taken that was in the log at that time: what is taken now is newer, or nothing has come for a while. */
  isPast(time: number, now: number): boolean {
    if (this.quietSince !== undefined) return now - Math.max(time, this.quietSince) >= quiet_ms
    return this.last !== undefined && (parseTimestamp(this.last.timestamp) ?? 0) > time
  }

  close(): void {
    this.isClosed = true
  }

  private readMore(): void {
    if (this.isReading || this.isClosed || this.reading.held > most_batches) return
    this.isReading = true
    const { read, moved, ready, failed } = this.settings
    read().then(
      (lines) => {
        this.isReading = false
        if (!lines) return
        this.reading.add(lines)
        moved()
        ready()
      },
      (error: Error) => {
        this.isReading = false
        this.quietSince = undefined
        failed(error)
      },
    )
  }
}
