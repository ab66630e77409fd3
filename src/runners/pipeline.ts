/**
 * Events to alerts, in batches that are safe as a whole:
 *
 *   sources ─▶ engine ─▶ alerts.log + alerts.json, fdatasync ─▶ one transaction: cursors of the sources, intents of responses ─▶ tell those who wait
 *
 * A crash before the transaction repeats the batch, so alerts are written at least once; a crash after it has lost nothing. Batches of all sources
 * that are there at the same time share one sync and one transaction.
 */
import type { Event } from '../alert.ts'
import type { State } from '../durable/state.ts'
import type { Decision, Session } from '../engine/index.ts'
import { sleep } from '../inputs/schedule.ts'
import type { Log } from '../log.ts'

export interface Batch {
  events: readonly Event[]
  /** Moves the source's cursor past these events; called inside the transaction. */
  commit(): void
}

/** Where events come from. Pulled: a source reads no further while its last batch is not safe. */
export interface Source {
  name: string
  /** Undefined when the source has ended. */
  next(signal: AbortSignal): Promise<Batch | undefined>
}

export interface AlertWriter {
  /** Resolves when the alerts are on disk, with their JSON lines as they were written (byte strings). */
  append(alerts: readonly { decision: Decision; at: number }[]): Promise<string[]>
}

export interface Pipeline {
  /** Reads a source until it ends or the signal comes. */
  run(source: Source, signal: AbortSignal): Promise<void>
  /** Events and alerts since the start, in all and by source. */
  counts(): { events: number; alerts: number; sources: Map<string, { events: number; last_event?: number }> }
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}

// How long to wait when nothing can be written, and how often to say so.
const retry_ms = 1000
const retries_per_message = 60

// Long enough to share the cost of a sync, short enough that the API and other timers do not notice.
const slice_ms = 20

export function createPipeline(parts: {
  session(): Session
  writer: AlertWriter
  state: State
  now(): number
  log: Log
  /**
   * Called for every decision that responses may look at, inside the batch's transaction.
   *
   * @param line its line of alerts.json as it was written; undefined when the rule's level is below what is written
   */
  respond(decision: Decision, line: string | undefined): void
  /** Writes what the engine remembers over restarts; called inside the batch's transaction, which may fail and be tried again. */
  save(): void
  /** That is safe now. */
  saved(): void
  /** Called with the alerts of a batch when they are on disk and committed. */
  published(lines: string[]): void
}): Pipeline {
  const { writer, state, now, log } = parts
  const waiting: { source: string; batch: Batch; done: () => void; failed: (error: unknown) => void }[] = []
  const sources = new Map<string, { events: number; last_event?: number }>()
  const counts = { events: 0, alerts: 0, sources }
  let working: Promise<void> | undefined
  const ending = new AbortController()

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const taken = waiting.splice(0)
      try {
        await process(taken)
        for (const { done } of taken) done()
      } catch (error) {
        for (const { failed } of taken) failed(error)
      }
    }
    working = undefined
  }

  async function process(taken: typeof waiting): Promise<void> {
    const alerts: { decision: Decision; at: number }[] = []
    const responding: { decision: Decision; written: number | undefined }[] = []
    let yielded = performance.now()
    for (const { source, batch } of taken) {
      for (const event of batch.events) {
        const at = now()
        const decision = decide(event, at)
        if (!decision) continue
        if (decision.alert) alerts.push({ decision, at })
        if (decision.respond) responding.push({ decision, written: decision.alert ? alerts.length - 1 : undefined })
        if (performance.now() - yielded > slice_ms) {
          await new Promise(setImmediate)
          yielded = performance.now()
        }
      }
      const count = sources.get(source) ?? { events: 0 }
      count.events += batch.events.length
      if (batch.events.length > 0) count.last_event = now()
      sources.set(source, count)
      counts.events += batch.events.length
    }
    const lines = alerts.length > 0 ? await append(alerts) : []
    await untilWritten('places in files', isDatabaseError, () =>
      state.transaction(() => {
        for (const { decision, written } of responding) {
          parts.respond(decision, written === undefined ? undefined : lines[written])
        }
        for (const { batch } of taken) batch.commit()
        parts.save()
      }),
    )
    parts.saved()
    counts.alerts += lines.length
    if (lines.length > 0 || responding.length > 0) parts.published(lines)
  }

  // One event that the engine cannot bear (a fault of ours) must not stop those behind it.
  function decide(event: Event, at: number): Decision | undefined {
    try {
      return parts.session().process(event, at)
    } catch (error) {
      const { stack } = error as Error
      log.error('an event could not be analysed; please report this', {
        location: event.location,
        log: event.log.slice(0, 500),
        stack,
      })
      return undefined
    }
  }

  const append = (alerts: { decision: Decision; at: number }[]) =>
    untilWritten(
      'alerts',
      () => true,
      () => writer.append(alerts),
    )

  // A full disk is waited for: reading stops, nothing is dropped, and it goes on by itself when there is room.
  async function untilWritten<T>(
    what: string,
    isPassing: (error: unknown) => boolean,
    write: () => T | Promise<T>,
  ): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        const result = await write()
        if (tries > 0) log.info(`${what} can be written again`)
        return result
      } catch (error) {
        if (ending.signal.aborted || !isPassing(error)) throw error
        if (tries % retries_per_message === 0) {
          log.error(`${what} cannot be written: ${(error as Error).message}`, {
            hint: 'make room or mend the permissions; nothing is lost meanwhile',
          })
        }
        await sleep(retry_ms, ending.signal)
      }
    }
  }

  return {
    async run(source, signal) {
      signal.addEventListener('abort', () => ending.abort(), { once: true })
      const next = () => untilWritten(`places of "${source.name}"`, isDatabaseError, () => source.next(signal))
      try {
        while (!signal.aborted) {
          const batch = await next()
          if (!batch) return
          await new Promise<void>((done, failed) => {
            waiting.push({ source: source.name, batch, done, failed })
            working ??= Promise.resolve().then(work)
          })
        }
      } catch (error) {
        // What could not be written is read again at the next start.
        if (!signal.aborted) throw error
      }
    },
    counts: () => counts,
    async idle() {
      while (working) await working
    },
  }
}

const isDatabaseError = (error: unknown) => (error as { code?: string }).code === 'ERR_SQLITE_ERROR'
