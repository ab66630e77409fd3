/** One try of one alert at one destination: through a definition of `integrations/`, or through a script. Sending only; when and how often is queue.ts. */
import type { Alert } from '../alert.ts'
import type { Destination } from '../config.ts'
import type { Integration, TlsOptions } from '../define.ts'
import { runIntegration, type TempFiles } from '../wazuh/integratord.ts'
import { type Attempt, attempt, type Post, type Presentation, type Ship } from './attempt.ts'
import { createHttpClient } from './http.ts'
import type { IncidentPart } from './incidents.ts'
import { createTransports } from './transports.ts'

export interface Sender {
  /** Never rejects. `line` is the alert as a byte string. */
  send(line: string, alert: Alert, signal: AbortSignal, incident?: IncidentPart): Promise<Attempt>
  /** Whether it wants to know that an incident is over. */
  resolves: boolean
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
  const http = createHttpClient(concurrency, options as TlsOptions)
  const transports = createTransports(concurrency)
  const deadline_ms = destination.deadline * 1000
  return {
    resolves: integration.resolve !== undefined,
    async send(line, alert, signal, incident) {
      const post: Post = (request, wants_text) => http.send(request, deadline_ms, wants_text, signal)
      const ship: Ship = (outgoing) => transports.ship(outgoing, deadline_ms, signal)
      return attempt(integration, options, { destination: name, line, alert, now, incident, style }, post, ship)
    },
    async close() {
      await Promise.all([http.close(), transports.close()])
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
    async send(line, alert, signal) {
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
