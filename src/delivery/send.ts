/** One try at one destination, of one alert or of many in one request: through a definition of `integrations/`, or through a script. Sending only; when and how often is queue.ts. */
import type { Alert } from '../alert.ts'
import type { Destination } from '../config.ts'
import type { Batch, Fact, Integration, TlsOptions } from '../define.ts'
import { runIntegration, type TempFiles } from '../wazuh/integratord.ts'
import { type Attempt, attempt, type Given, type Post, type Presentation, type Ship } from './attempt.ts'
import { attemptBatch } from './batch.ts'
import { createHttpClient } from './http.ts'
import type { IncidentPart } from './incidents.ts'
import { openSessions } from './session.ts'
import { createTransports } from './transports.ts'

/** A line for each alert may stand in it, with a reason. */
const most_batch_answer_bytes = 4 << 20

/** A service that does not answer must not hold up our end. */
const goodbye_ms = 2000

/** An alert to be sent; lines are byte strings. */
export interface Item {
  line: string
  alert: Alert
  incident?: IncidentPart
  /** Where something was added to the alert: its line as it stands in the log, by which services know repeats. */
  original?: string
  /** What look-ups say of it, for people. */
  facts?: Fact[]
}

/** For destinations that take many alerts in one request. */
export interface BatchSender {
  /** Most alerts of a request, and most bytes of their lines; a longer one goes alone. */
  readonly max_count: number
  readonly max_bytes: number
  /** Never rejects. What became of each, in their order. */
  send(items: readonly Item[], signal: AbortSignal): Promise<Attempt[]>
}

export interface Sender {
  /** Never rejects. */
  send(item: Item, signal: AbortSignal): Promise<Attempt>
  /** Whether it wants to know that an incident is over. */
  resolves: boolean
  batch?: BatchSender
  close(): Promise<void>
}

/** @throws when the destination's CA file cannot be read */
export function createSender(
  destination: Destination,
  integration: Integration,
  now: () => number,
  style: Presentation = {},
): Sender {
  const { name, options, concurrency } = destination
  const { batch } = integration
  const http = createHttpClient(concurrency, options as TlsOptions, batch && most_batch_answer_bytes)
  const transports = createTransports(concurrency)
  const sessions = openSessions(integration)
  const deadline_ms = destination.deadline * 1000
  const postWith =
    (signal: AbortSignal): Post =>
    (request, wants_text) =>
      http.send(request, deadline_ms, wants_text, signal)
  const given = ({ line, alert, incident, original, facts }: Item, signal: AbortSignal): Given => ({
    destination: name,
    line,
    alert,
    now,
    incident,
    style: facts ? { ...style, found: facts } : style,
    signal,
    original,
  })
  return {
    resolves: integration.resolve !== undefined,
    send(item, signal) {
      const ship: Ship = (outgoing) => transports.ship(outgoing, deadline_ms, signal)
      const all = given(item, signal)
      return integration.session
        ? sessions.attempt(options, all, postWith(signal), ship)
        : attempt(integration, options, all, postWith(signal), ship)
    },
    ...(batch && { batch: batchSender({ ...integration, batch }, options, given, postWith) }),
    async close() {
      await sessions.close(options, (request, wants_text) => http.send(request, goodbye_ms, wants_text))
      await Promise.all([http.close(), transports.close()])
    },
  }
}

function batchSender(
  integration: Integration & { batch: Batch },
  options: Record<string, unknown>,
  given: (item: Item, signal: AbortSignal) => Given,
  postWith: (signal: AbortSignal) => Post,
): BatchSender {
  const { max_count } = integration.batch
  let { max_bytes } = integration.batch
  return {
    max_count,
    get max_bytes() {
      return max_bytes
    },
    async send(items, signal) {
      const alerts = items.map((item) => given(item, signal))
      const tooLarge = (bytes: number) => {
        // A proxy before it takes less than the service itself: learnt until the next start.
        max_bytes = Math.min(max_bytes, Math.ceil(bytes / 2))
      }
      return attemptBatch(integration, options, alerts, postWith(signal), { max_bytes, tooLarge })
    },
  }
}

export function createScriptSender(
  destination: Destination,
  { home, temp, now }: { home: string; temp: TempFiles; now(): number },
): Sender {
  const script = destination.script!
  return {
    resolves: false,
    async send({ line, alert }, signal) {
      const run = await runIntegration(script, line, alert, {
        home,
        deadline_ms: destination.deadline * 1000,
        temp,
        now: now(),
        signal,
      })
      return { outcome: run.outcome, request: () => run.request, answer: run.answer }
    },
    close: async () => {},
  }
}
