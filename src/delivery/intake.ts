/** The alerts of the log that a destination wants, one by one; asks for more lines when it has none. */
import type { Alert } from '../alert.ts'
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
  failed(error: Error): void
}

/** More is read before the last line was taken, so that nobody waits for the disk. */
const few_lines = 64
/** Of 64 KiB each. One alert that hangs keeps in memory all that was read after it; beyond that the log holds it. */
const most_batches = 256

export class Intake {
  readonly reading = new Reading()
  private readonly settings: IntakeSettings
  private isReading = false
  private isClosed = false

  constructor(settings: IntakeSettings) {
    this.settings = settings
  }

  /** `ends`: it only ends the incident of its group. Undefined: nothing now; `ready` is called when there may be. */
  next(): { line: string; alert: Alert; ticket: Ticket; ends: boolean } | undefined {
    for (;;) {
      const found = this.reading.next()
      if (this.reading.left < few_lines) this.readMore()
      if (!found) return undefined
      const { line, ticket } = found
      const alert = parseAlert(line)
      const { route, silenced } = this.settings
      if (alert && route.ends(alert)) return { line, alert, ticket, ends: true }
      if (alert && route.matches(alert) && !silenced(alert)) return { line, alert, ticket, ends: false }
      if (!alert) this.settings.bad_line(line)
      this.reading.settle(ticket)
      this.settings.moved()
    }
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
        failed(error)
      },
    )
  }
}
