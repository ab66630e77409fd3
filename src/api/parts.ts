/**
 * What the API looks at and acts on, as plain functions. The daemon supplies them from the real feed, delivery runner, responder and so on; a
 * part that this daemon does not have is left out, and its paths answer 404 with the reason.
 *
 * Times are milliseconds since 1970. Whatever a part returns may be shown: secrets are masked by the part, and once more by {@link Parts.mask}.
 */
import type { Delivery, Verdict } from '../define.ts'
import type { Silence, SilenceAudit, SilenceWish } from '../delivery/silences.ts'
import type { DeliveryDetail, DeliverySummary, DestinationStatus } from '../delivery/types.ts'
import type { Problem } from '../problem.ts'
import type { Block } from '../responses/block.ts'
import type { Allowed, AuditEntry, LeaseState } from '../responses/lease.ts'

export type { Allowed, AuditEntry, Block, DeliveryDetail, DeliverySummary, DestinationStatus, Silence, SilenceAudit }

type Maybe<T> = T | Promise<T>

/** What became of an action. Refused ones name the reason and the mend; `status` is the HTTP status that says the same. */
export type Result<T = Record<string, never>> =
  | { ok: true; value: T }
  | { ok: false; status: 400 | 403 | 404 | 409 | 429 | 503; error: string; hint?: string }

/** Who acts and why; every change made by hand is recorded with it. */
export interface Manual {
  reason: string
  /** `console`, `api`, or as a program with the token calls itself: `cli:root`. */
  by: string
}

export interface Parts {
  /** Replaces every secret value in a text; sees each answer before it leaves. */
  mask(text: string): string
  status(): Maybe<Status>
  alerts?: AlertSource
  /** Everything the readers of the configuration found wrong, and what went wrong since. */
  problems?(): Maybe<Problem[]>
  engine?(): Maybe<EngineStatus>
  inputs?(): Maybe<InputStatus[]>
  destinations?(): Maybe<DestinationStatus[]>
  deliveries?: Deliveries
  silences?: Silences
  blocks?: Blocks
  /** What guards refused to block, newest first. */
  refusals?(): Maybe<Refusal[]>
  /** The list of this name for firewalls, and the token that they have to show; undefined when there is none or it has no token. */
  blocklist?(name: string): { keys: readonly string[]; token: string } | undefined
  /** The links with which people approve. */
  approvals?: Approvals
  receivers?: Receivers
  logtest?: Logtest
}

export interface Status {
  version: string
  /** When this daemon started. */
  started: number
  home: string
  engine: 'embedded' | 'beside'
  /** False: responses only say what they would do. */
  responses_enabled: boolean
  /** What to do next on a machine where nothing happened yet, with a command that can be pasted into a shell. */
  next_step?: { text: string; command: string }
}

/** `GET /api/overview`: all that the console shows besides alerts. Parts that are absent are null. */
export interface Overview {
  now: number
  status: Status
  engine: EngineStatus | null
  inputs: InputStatus[] | null
  problems: Problem[] | null
  destinations: DestinationStatus[] | null
  has_deliveries: boolean
  /** Those that are not over. */
  silences: Silence[] | null
  blocks: Block[] | null
  /** Responses that can be used by hand. */
  block_responses: string[] | null
  /** Other machines they can be used on. */
  block_hosts: string[] | null
  refusals: Refusal[] | null
}

// ---------------------------------------------------------------------------------------------------------------------- alerts

/** One alert of the ring: its JSON as one line, and the little that filters need without parsing it. */
export interface AlertEntry {
  /** Counts up by one within an epoch. */
  seq: number
  level: number
  rule: string
  line: string
}

/** The newest alerts and those to come; `AlertFeed` in alert-feed.ts is one. */
export interface AlertSource {
  /** Differs between two runs of the daemon, so that a client's place in the ring of a former run is not mistaken for one in this. */
  readonly epoch: string
  /** `seq` of the oldest and the newest entry that is held; `first` is `last + 1` when there is none. */
  readonly first: number
  readonly last: number
  get(seq: number): AlertEntry | undefined
  /** Calls the listener after each new alert until the returned function is called. The listener never throws and returns at once. */
  subscribe(listener: () => void): () => void
}

// ------------------------------------------------------------------------------------------------------------- what runs and how

export interface EngineStatus {
  rules: number
  decoders: number
  lists: number
  /** Events and alerts since the start. */
  events: number
  alerts: number
}

export interface InputStatus {
  /** File path, wodle tag or receiver name. */
  name: string
  kind: 'file' | 'wodle' | 'receiver' | 'alerts'
  state: 'ok' | 'waiting' | 'failing'
  /** Events since the start. */
  events: number
  last_event?: number
  /** Why it waits or fails, or what it does. */
  detail?: string
}

export interface Deliveries {
  list(filter: { destination?: string; state?: 'waiting' | 'rejected'; limit: number }): Maybe<DeliverySummary[]>
  show(id: string): Maybe<DeliveryDetail | undefined>
  /** Tries one again now. */
  retry(id: string, by: string): Maybe<Result>
  /** Tries all of a destination again now, also one that is paused; `count` is how many. */
  retryAll(destination: string, by: string): Maybe<Result<{ count: number }>>
  /** Gives one up for good. */
  drop(id: string, manual: Manual): Maybe<Result>
}

// -------------------------------------------------------------------------------------------------------------------- silences

export interface Silences {
  /** Newest first; `all`: also those that are over. */
  list(all: boolean): Maybe<Silence[]>
  /** `fits`: so many of the newest alerts, of those that were looked at. */
  add(wish: SilenceWish): Maybe<Result<Silence & { fits: number; of: number }>>
  /** Ends it now. */
  end(id: string, manual: Manual): Maybe<Result<Silence>>
  /** What people did, newest first. */
  audit(limit: number): Maybe<SilenceAudit[]>
}

// ---------------------------------------------------------------------------------------------------------------------- blocks

export interface Blocks {
  /** All but the ended ones. */
  list(): Maybe<Block[]>
  /** Names of the responses that can be used by hand. */
  responses(): Maybe<string[]>
  /** Names of the other machines that scripts run on. */
  hosts(): Maybe<string[]>
  /** `seconds` 0 means for ever; `host` is another machine than this. Guards are asked here too. */
  add(block: { response: string; key: string; seconds: number; host?: string } & Manual): Maybe<Result<{ id: string }>>
  /** Undoes it now. */
  remove(id: string, manual: Manual): Maybe<Result>
  /** Adds seconds to its end. */
  extend(id: string, seconds: number, manual: Manual): Maybe<Result<{ until: number }>>
  /** Approves or refuses one that waits for a person. */
  answer(id: string, approve: boolean, manual: Manual): Maybe<Result>
  /** The same for all that wait, and were wanted by `until`: a person answers for what he has seen. */
  answerAll(approve: boolean, manual: Manual, until?: number): Maybe<Result<{ count: number }>>
  /** What is over or was only said, newest first. */
  history(limit: number): Maybe<PastBlock[]>
  /** What people did, newest first. */
  audit(limit: number): Maybe<AuditEntry[]>
  /** What people have put out of reach of all responses. */
  allowed(): Maybe<Allowed[]>
  /** `seconds` 0 means for ever. What is in force on it is undone; `undone` is how many. */
  allow(entry: string, seconds: number, manual: Manual): Maybe<Result<{ undone: number }>>
  disallow(entry: string, manual: Manual): Maybe<Result>
}

export interface Approvals {
  /** What the link with this token is for. */
  find(token: string): Maybe<{ kind: 'waits'; block: Block } | { kind: 'not ours' | 'expired' | 'answered' }>
  answer(id: string, approve: boolean, manual: Manual): Maybe<Result>
}

/** A block that is over, failed, was refused, or would have been. */
export interface PastBlock {
  id: string
  response: string
  key: string
  /** The other machine it acted on. */
  host?: string
  state: LeaseState
  since: number
  until?: number
  ended?: number
  why: string
  by: string
  alert?: string
  /** How often it was asked for. */
  hits: number
  /** The guard that refused it. */
  guard?: string
  /** What went wrong, or who removed it and why. */
  reason?: string
}

export interface Refusal {
  at: number
  response: string
  key: string
  guard: string
  reason: string
  alert?: string
}

// -------------------------------------------------------------------------------------------------------------------- webhooks

export interface Receivers {
  /** The receiver at exactly this path; `max_body` in bytes. */
  find(path: string): { name: string; max_body: number } | undefined
  /**
   * Judges one delivery and answers `accepted` only after its events are on disk (or were, for a repeat). `unavailable`: genuine perhaps, but
   * it could not be kept now (disk full); the sender is asked to come again.
   */
  receive(name: string, delivery: Delivery): Promise<Verdict | { kind: 'unavailable'; reason: string }>
}

// --------------------------------------------------------------------------------------------------------------------- logtest

/** The body of Wazuh's `PUT /logtest`; `token` names a session. */
export interface LogtestRequest {
  event: string
  log_format: string
  location: string
  token?: string
}

/** The `data` of Wazuh's answer, spec/api.md section 6.1. `codemsg`: 0 fine, 1 warnings, -1 errors. */
export interface LogtestAnswer {
  messages?: string[]
  token?: string
  output?: Record<string, unknown>
  alert?: boolean
  codemsg: number
}

export interface Logtest {
  run(request: LogtestRequest): Maybe<LogtestAnswer>
  /** Ends a session. */
  close(token: string): Maybe<LogtestAnswer>
}
