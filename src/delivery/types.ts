/** What the delivery runner is told and what it answers. The daemon composes it; the API and the command line show it. */
import type { Alert } from '../alert.ts'
import type { Destination } from '../config.ts'
import type { Subject } from '../define.ts'
import type { History } from '../durable/history.ts'
import type { Notices } from '../durable/notices.ts'
import type { State } from '../durable/state.ts'
import type { Log } from '../log.ts'
import type { Problem } from '../problem.ts'
import type { Sender } from './send.ts'
import type { Silences } from './silences.ts'

export interface DeliverySettings {
  /** Opened with {@link migrations} of `delivery/store.ts`. */
  state: State
  /** Absolute path of alerts.json. */
  alerts_file: string
  /** Working folder of scripts, and the folder that holds `integrations/`. Absolute. */
  home: string
  destinations: Destination[]
  /** The alerts are those of the Wazuh whose place `home` is, so that what its scripts get is among them. */
  follows_wazuh?: boolean
  /** Milliseconds since 1970. */
  now(): number
  /** From 0 to below 1. */
  random(): number
  log: Log
  /** Replaces every secret in a text. */
  mask(text: string): string
  /** Senders of destinations that are no integrations but work like one: look-ups. Undefined: it is none of those. May throw. */
  sender?(destination: Destination): Promise<Sender | undefined>
  /** Who asks the look-ups of these names, for destinations that want to be told what they say. */
  asker?(lookups: readonly string[]): AskLookups
  /** Where older alerts are after a rotation; default: what Wazuh, or logrotate, leaves. */
  history?: History
  /** Shared with others that follow the same file. */
  notices?: Notices
  /** Calls back after so many milliseconds; the returned function cancels. Default: a timer. */
  schedule?(ms: number, run: () => void): () => void
  /** What people do not want to hear of for a while. */
  silences?: Pick<Silences, 'hold' | 'flush'>
  tuning?: Partial<Tuning>
}

/**
 * Asks what is to be asked about an alert; nothing for most.
 *
 * @param only_known nobody is asked: only what is known already counts
 */
export type AskLookups = (alert: Alert, only_known: boolean) => Question[]

/** What a service is asked about an alert. */
export interface Question {
  /** Name of the service in `lookups`. */
  service: string
  /** As people know it. */
  title: string
  /** Undefined where it could not be worked out what to ask about. */
  about?: Subject
  /** Never rejects; at once where it is known already. */
  answer: Finding | Promise<Finding>
  /** Told that nobody waits for the answer any more. */
  missed(): void
}

/** `none`: there is no answer, for a reason in which no secret stands. */
export type Finding =
  | { kind: 'known'; said: Record<string, unknown>; words(language: 'en' | 'ru'): string[] }
  | { kind: 'unknown'; said: Record<string, unknown> }
  | { kind: 'none'; reason: string }

/** What has a good default and is turned by tests, and by people with unusual needs. */
export interface Tuning {
  /** Back-off: full jitter over base × 2^tries, at most cap. */
  backoff_base_ms: number
  backoff_cap_ms: number
  /** Alerts of one destination that may wait in state.db; beyond that its cursor stops and the log holds the rest. */
  max_waiting: number
  /** Rejected ones kept per destination; when there are more it pauses until a person has looked. */
  max_rejected: number
  /** An alert is given up after this many failed tries, if the destination took others meanwhile. */
  max_tries: number
  /** … or after this time, if the destination answers but never takes it. */
  give_up_ms: number
  /** Failures of different alerts in a row, after which only one try at a time is made until one succeeds. */
  breaker_failures: number
  /** How long a destination may be paused or away before its fallback gets the alerts. */
  fallback_ms: number
  /** Shortest time between two commits, and so the longest between a delivery and its own. */
  commit_ms: number
  /** How long {@link DeliveryRunner.stop} waits for tries in flight. */
  grace_ms: number
  /** How often alerts.json is looked at when the system does not tell of changes. */
  poll_ms: number
}

export interface DeliveryRunner {
  /** What was found wrong with the destinations (an unknown type, a broken `where:`, a missing script). Those with an error do not run. */
  readonly problems: Problem[]
  start(): Promise<void>
  /** Lets what is in flight end (within the grace time), commits and closes. The state stays open: it is the caller's. */
  stop(): Promise<void>
  status(): DestinationStatus[]
  list(filter: { destination?: string; state?: 'waiting' | 'rejected'; limit: number }): DeliverySummary[]
  show(id: string): DeliveryDetail | undefined
  /** Tries one again now. */
  retry(id: string, by: string): Result
  /** Tries all of a destination again now, waiting and rejected ones, also when it is paused. `all` means every destination. */
  retryAll(destination: string, by: string): Result<{ count: number }>
  /** Since when a destination follows the log: what happened from then on is in it, and will not be missed. Undefined: the log could not be read yet. */
  followingSince(destination: string): number | undefined
  /**
   * Takes an alert that was kept elsewhere; true when it cannot be lost any more. One that happened since the destination began to follow the log is in the
   * log, where its cursor has come by or will.
   */
  take(destination: string, line: string, reason: string): boolean
  /** Gives one up for good. */
  drop(id: string, manual: { reason: string; by: string }): Result
  /** Ends of blocks were noted in the state (`noteBlockEnd`): ends the incidents of their alerts, where that is wished for. */
  blocksEnded(): void
}

export type Result<T = Record<string, never>> =
  | { ok: true; value: T }
  | { ok: false; status: 400 | 404 | 409; error: string; hint?: string }

export interface DestinationStatus {
  name: string
  /** Name of the definition, or `script`. */
  type: string
  state: 'ok' | 'retrying' | 'paused'
  /** Alerts it should have and has not: in state.db, and in the log as far as it was read. */
  waiting: number
  /** Since when the oldest of them waits. */
  waiting_since?: number
  next_try?: number
  /** Deliveries it will never accept, kept until retried or dropped. */
  rejected: number
  /** Since the start. */
  delivered: number
  /** Since when there are too many alerts, and summaries instead. */
  storm_since?: number
  last_delivered?: number
  /** Why something waits, was rejected, or why it is paused, in one line. */
  reason?: string
  /** Bytes of alerts.json (and the files rotated away before it) that it has not read yet. */
  lag_bytes: number
}

export interface DeliverySummary {
  id: string
  destination: string
  state: 'waiting' | 'rejected'
  alert: { id: string; rule: string; level: number; description: string; timestamp: string }
  attempts: number
  since: number
  next_try?: number
  reason: string
}

export interface DeliveryDetail extends DeliverySummary {
  /** What was sent last, secrets masked: a request, or a command line. */
  request?: string
  /** What came back: status and the start of the body, or what the script printed. */
  answer?: string
}
