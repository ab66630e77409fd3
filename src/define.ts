/**
 * The five functions that a component's author reads. Definitions describe, runners act: a connector returns the request that would be sent, a
 * response the commands that would run; reading, sending, retrying, waiting, logging and counting are done once, for all of them.
 */
import type * as z from 'zod/mini'
import type { Alert } from './alert.ts'

// biome-ignore lint/suspicious/noExplicitAny: any schema of an object; each definition narrows it to its own.
type Schema = z.ZodMiniObject<any>
type Options<S extends Schema> = z.infer<S>

// ---------------------------------------------------------------------------------------------------------------- integrations

/** One HTTP request as a value. `json` sets the content type and the body. */
export interface HttpRequest {
  /** Default `POST`. */
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: string
  headers?: Record<string, string>
  json?: unknown
  body?: string | Uint8Array
}

/** Certificates of a server that speaks TLS. */
export interface TlsOptions {
  /** PEM file with the authority to trust, instead of the system's. */
  ca_file?: string
  /** False: any certificate is taken. */
  ssl_verify?: boolean
}

/** A line for a file on this machine. */
export interface FileLine {
  /** Absolute path. */
  file: string
  /** Without line end. */
  line: string
}

/** A text for a server that reads and does not answer, such as syslog; framed already. Connections are kept. */
export interface SocketText {
  host: string
  port: number
  transport: 'udp' | 'tcp' | 'tls'
  text: string
  tls?: TlsOptions
}

/** A mail and the server that takes it. */
export interface Mail {
  smtp: {
    host: string
    port: number
    /** `starttls` fails when the server does not offer it. */
    security: 'starttls' | 'tls' | 'none'
    user?: string
    password?: string
    tls?: TlsOptions
  }
  from: string
  to: string[]
  subject: string
  text: string
  headers: Record<string, string>
  message_id: string
}

/** Who we are to a broker. */
export interface BrokerLogin {
  user?: string
  password?: string
  tls?: TlsOptions
}

/** A message for a subject of NATS; the scheme of a server, `nats` or `tls`, says whether it must speak TLS. */
export interface NatsMessage {
  nats: BrokerLogin & {
    servers: string[]
    token?: string
    /** Seed of an nkey, `SU…`. */
    nkey_seed?: string
  }
  subject: string
  payload: string
  message_id: string
  /** Stored by JetStream before it counts as delivered, once for each `message_id`; else the server hands it to whoever listens now. */
  jetstream: boolean
}

/** An entry of a Redis stream; the scheme of the URL is `redis`, or `rediss` for TLS. */
export interface RedisEntry {
  redis: BrokerLogin & { url: string; database: number }
  stream: string
  fields: Record<string, string>
  /** Older entries are dropped when there are about so many; 0: never. */
  max_length: number
}

/** A message of MQTT with QoS 1; the scheme of the URL is `mqtt`, or `mqtts` for TLS. */
export interface MqttMessage {
  mqtt: BrokerLogin & { url: string; version: '5' | '3.1.1'; client_id?: string }
  topic: string
  payload: string
  retain: boolean
  /** Beside the payload, where the version knows such. */
  properties: Record<string, string>
}

/** What is no HTTP request. */
export type Shipment = FileLine | SocketText | Mail | NatsMessage | RedisEntry | MqttMessage

/** What a definition makes of an alert. */
export type Outgoing = HttpRequest | Shipment

/** What came back. `text` is at most 64 KiB of the body. */
export interface HttpResponse {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  text: string
}

/**
 * What became of one delivery. `delivered`: the destination has it (`ref` is its own name for it: a ticket key, a message id). `retry`: not now;
 * `after_ms` is what the destination asked for, and `busy` says that nothing is wrong with this alert: the destination takes none at all now
 * (too many requests, no connection). `rejected`: it will never take this one. `paused`: it takes nothing until a person mends
 * something (a revoked credential); the queue is kept.
 */
export type Outcome =
  | { kind: 'delivered'; ref?: string }
  | { kind: 'retry'; reason: string; after_ms?: number; busy?: boolean }
  | { kind: 'rejected'; reason: string }
  | { kind: 'paused'; reason: string }

/** How people at a destination want to read. */
export interface Style {
  /** Default English. */
  language?: 'en' | 'ru'
  /** IANA name; default: times as the manager wrote them. */
  timezone?: string
  /** What look-ups say of the alert, which {@link Integration.request} finds among its facts. */
  found?: readonly Fact[]
}

/** One line of a message. Foreign text is in it, in one line and not yet escaped. */
export interface Fact {
  name: string
  value: string
}

/** What a definition may know besides the alert and its options. */
export interface IntegrationContext {
  /** The same for every try of the same alert at the same destination; for services that know idempotency keys. */
  idempotency_key: string
  /** The alert as it stands in alerts.json, for destinations that take all of it: cheaper than writing it as JSON once more. */
  line: string
  /** Title and body as the destination's templates (or the defaults) render them, not yet escaped for the medium. */
  title: string
  body: string
  /** Milliseconds since 1970. */
  now: number
  /** What the service has given us for the credential, where {@link Integration.session} says that it does; else empty. */
  session: string
  /** For `facts` and the like of message.ts. */
  style?: Style
  /** Where alerts are grouped (`group_by`). */
  incident?: {
    /** The same for all messages of an incident. */
    key: string
    /** Alerts of it that were not sent since the message before; `title` and `body` tell of them. */
    more: number
    /** The destination's own name for it, from the outcome of its first message: a ticket, a thread. */
    ref?: string
    /** For `resolve`: the sentence that says why it is over, in the language of the destination. */
    why?: string
    /** Why it is over, for `resolve`: nothing more came for so many seconds, an alert says so, a block has ended; `title` and `body` tell of it. */
    over?: { by: 'quiet'; seconds: number } | { by: 'alert' } | { by: 'block'; target: string }
  }
}

/** Many alerts in one request, for services that take them so. Every alert is in one: none is left out. */
export interface Batch<S extends Schema = Schema> {
  /** Most alerts in a request … */
  max_count: number
  /** … and most bytes of their lines in alerts.json; a longer one goes alone. */
  max_bytes: number
  /** An alert's share of the body. One that throws is rejected by itself. */
  part(alert: Alert, options: Options<S>, context: IntegrationContext): string
  /** @param now milliseconds since 1970, for requests that are signed */
  request(parts: readonly string[], options: Options<S>, now: number): HttpRequest
  /** What became of each of `count` alerts, in their order. Undefined: the answer does not tell, and is judged as that to a single one. */
  outcomes?(response: HttpResponse, options: Options<S>, count: number): Outcome[] | undefined
}

/** How to ask a service that has taken something whether it is safe. */
export interface Confirmation {
  request: HttpRequest
  /** Undefined: not yet; it is asked again. */
  outcome(response: HttpResponse): Outcome | undefined
  /** Not safe by then: tried again. */
  within_ms: number
}

/** For services that want to be asked for a session first, which requests then carry. One is open at a time, for as long as it is good. */
export interface SessionRule<S extends Schema = Schema> {
  open(options: Options<S>): HttpRequest
  /** The session of the answer to `open`, or what the answer means. Undefined: judge by the status code; a 2xx answer without a session is tried again. */
  read(response: HttpResponse, options: Options<S>): string | Outcome | undefined
  /** Whether an answer to a request says that its session is no longer good: then another is opened, and the request made once more. */
  isOver(response: HttpResponse): boolean
  close?(session: string, options: Options<S>): HttpRequest
}

export interface Integration<S extends Schema = Schema> {
  /** Kebab case; the name in `<integration><name>` and in `type:` of a destination. */
  name: string
  /** One sentence. */
  summary: string
  /** Where the service describes the contract. */
  docs: string
  /** Every option has a description; a secret one has `secret: true` in its metadata. */
  options: S
  /** Options that parse; shown in the documentation and used by the conformance test. */
  example: Record<string, unknown>
  /** One alert, one request. Undefined: this alert is not for this destination, and counts as delivered. */
  request(alert: Alert, options: Options<S>, context: IntegrationContext): Outgoing | undefined
  /**
   * Where alerts are grouped: tells the destination that the incident is over. `alert` is the last one of it, or the one that ended it. Without it, only
   * ends that an alert or a block brought about are told, by `request`.
   */
  resolve?(alert: Alert, options: Options<S>, context: IntegrationContext): Outgoing | undefined
  /** Requests a second that the service takes from one credential; a destination may set its own. */
  rate?: number
  /** Only for HTTP services whose status code does not tell. Undefined: judge by the status code. */
  outcome?(response: HttpResponse, options: Options<S>): Outcome | undefined
  /** Not together with {@link batch}. */
  session?: SessionRule<S>
  /** Where a service takes many alerts at once. A script, and whoever sends one alert, uses {@link request}. */
  batch?: Batch<S>
  /** Only for services that answer before what they took is safe. Called for an answer that says delivered; undefined: it is safe. */
  confirm?(response: HttpResponse, options: Options<S>): Confirmation | undefined
}

export function defineIntegration<S extends Schema>(integration: Integration<S>): Integration<S> {
  return integration
}

// -------------------------------------------------------------------------------------------------------------------- look-ups

/** What a service is asked about. One spelling for each: addresses as in RFC 5952, hashes and domains in lower case. */
export interface Subject {
  kind: 'ip' | 'hash' | 'domain' | 'url'
  value: string
}

/**
 * What a service said of a subject. `known` and `unknown` are kept in the cache, so `fields` is JSON and holds only what events are made of; the rest is as in
 * {@link Outcome}.
 */
export type Answer =
  | { kind: 'known'; fields: Record<string, unknown> }
  | { kind: 'unknown' }
  | Exclude<Outcome, { kind: 'delivered' }>

/** The two-way kind of integration: asks a service about an alert, and the answer comes back as an event. */
export interface Lookup<S extends Schema = Schema> {
  /** Kebab case; the name in `<integration><name>` and in `type:` of a destination, and the location of its events. */
  name: string
  /** As people know the service: `VirusTotal`. */
  title: string
  summary: string
  docs: string
  /** Under which its events tell what it says, and messages too. Default: its name. */
  event_name?: string
  /** Besides its own, those that every look-up has (`lookups/options.ts`). */
  options: S
  example: Record<string, unknown>
  /** What of an alert is asked, in order; nothing for most alerts. */
  subjects(alert: Alert, options: Options<S>): Subject[]
  request(subject: Subject, options: Options<S>): HttpRequest
  /** Undefined: judge by the status code; a 2xx answer that is not understood will never be. */
  read(response: HttpResponse, subject: Subject, options: Options<S>): Answer | undefined
  /** The event of an answer; `fields` is undefined when the service does not know the subject. Undefined: no event. */
  event(
    fields: Record<string, unknown> | undefined,
    subject: Subject,
    alert: Alert,
    options: Options<S>,
  ): Record<string, unknown> | undefined
  /**
   * What matters of it for people, in a few words each; empty ones are left out. Not called for what is not known. Foreign text may stand in it as it is.
   *
   * @param said what the event tells below the service's name
   */
  words(said: Record<string, unknown>, language: 'en' | 'ru'): string[]
  /** The event that tells of trouble with the service. Default: `{"NAME":{"error":STATUS,"description":TEXT},"integration":"NAME"}`. */
  error?(status: number, description: string): Record<string, unknown>
}

export function defineLookup<S extends Schema>(lookup: Lookup<S>): Lookup<S> {
  return lookup
}

// ------------------------------------------------------------------------------------------------------------------- responses

/** A program to run: never a shell line, so that no character of an alert can mean anything. */
export interface Command {
  argv: [program: string, ...args: string[]]
  stdin?: string
  /** Exit codes besides 0 that are fine here. */
  fine?: number[]
  /** What is still to be done, now that its output is known. */
  next?(stdout: string): Step[]
  /** What is done instead where there is no such program. */
  missing?(): Step[]
}

/** A text file to read; empty when there is no such file. */
export interface FileRead {
  read: string
  next?(text: string): Step[]
}

/** A change of a text file, which is replaced in one step and keeps its mode and owner. Must be safe to repeat. */
export interface FileEdit {
  file: string
  /** Gets the whole text, empty when there is no such file. */
  edit(text: string): string
}

/** A request to a service that acts for us. 2xx is fine; anything else is tried again later. */
export interface HttpStep extends HttpRequest {
  /** Other status codes that are fine here: 404 for what is gone already. */
  fine?: number[]
  /** Waits so long before it is sent: a service may work on after its answer. */
  after_ms?: number
  /** What is still to be done, now that the answer is known; throws when the answer says that it failed. */
  next?(response: HttpResponse): Step[]
  /**
   * What depends on when the request is sent, and takes the place of what stands here: signatures, dates.
   *
   * @param now milliseconds since 1970
   */
  at?(now: number): Pick<HttpRequest, 'headers' | 'json'>
}

/** A process of this machine as it is now. */
export interface ProcessFacts {
  pid: number
  /** As the kernel says it: the first 15 bytes of its program's name, or what it calls itself. */
  name: string
  /** Its program; undefined when that cannot be read, as of a thread of the kernel. */
  exe: string | undefined
  /** Milliseconds since 1970. */
  started: number
  /** Name of the process that has started it. */
  parent: string
  /** `kernel`: a thread of it. `init`: the first process. `ours`: ourselves, what has started us, and what we have started. */
  kind: 'kernel' | 'init' | 'ours' | 'other'
}

/** A process to be ended: TERM, and KILL when it is still there after the grace. Looked at once more right before each signal. */
export interface ProcessEnd {
  end: number
  grace_ms: number
  /** Throws {@link NothingToDo} when it is not the one that is meant, or may not be ended. One that is gone is not asked about. */
  check(process: ProcessFacts): void
}

export type Step = Command | FileRead | FileEdit | HttpStep | ProcessEnd

/**
 * Thrown by a step's `next`: there is nothing to be done, and so there will be nothing to undo (an account that somebody else has locked already).
 */
export class NothingToDo extends Error {
  override name = 'NothingToDo'
}

/** Thrown by a step's `next`: nothing was done, and doing the same again at once will not help, nor will fewer targets (too many requests). */
export class NotNow extends Error {
  override name = 'NotNow'
}

export interface Response<S extends Schema = Schema> {
  /** Kebab case; the name in `<command><executable>` and in `options:`. */
  name: string
  summary: string
  docs: string
  options: S
  example: Record<string, unknown>
  /** What a key is, which decides what the guards look at. */
  acts_on: 'address' | 'account' | 'process'
  /** Without root it only says what it would do. */
  needs_root?: boolean
  /** What is acted on, from the alert; undefined when there is nothing to do. Same key, same lease. */
  key(alert: Alert, options: Options<S>): string | undefined
  /** A key as a person writes it, in the form that {@link key} gives; undefined when it is none. */
  parseKey(text: string, options: Options<S>): string | undefined
  /** Run once before the first `add` and again when something is missing: tables, sets, chains. Must be safe to repeat. */
  prepare?(options: Options<S>): Step[]
  /** `seconds` is how long it should hold, 0 for ever: a kernel that can time out by itself should be told. Must be safe to repeat. */
  add(key: string, seconds: number, options: Options<S>): Step[]
  /** Takes it back. Must be safe when there is nothing to take back. */
  delete?(key: string, options: Options<S>): Step[]
  /**
   * Many at once, all or none; without it `add` and `delete` are called for each. Where one is done as many are, a definition has only these, and
   * {@link defineResponse} adds the other two.
   */
  addMany?(keys: readonly { key: string; seconds: number }[], options: Options<S>): Step[]
  deleteMany?(keys: readonly string[], options: Options<S>): Step[]
  /**
   * Lists the keys in force: to see whether an `add` or `delete` did what it should, and what was changed behind our back. `shared`: others may
   * add to it, too, so what is there and was not asked for is left alone.
   */
  list?: {
    steps(options: Options<S>): Step[]
    parse(outputs: string[], options: Options<S>): string[]
    shared?: boolean
  }
}

/** As a definition is written: `add`, or `addMany`, or both where they differ. */
type WrittenResponse<S extends Schema> = Omit<Response<S>, 'add'> &
  (Pick<Response<S>, 'add'> | (Required<Pick<Response<S>, 'addMany'>> & { add?: undefined }))

export function defineResponse<S extends Schema>(response: WrittenResponse<S>): Response<S> {
  const { addMany, deleteMany } = response
  return {
    ...(deleteMany && { delete: (key, options) => deleteMany([key], options) }),
    ...response,
    add: response.add ?? ((key, seconds, options) => addMany!([{ key, seconds }], options)),
  }
}

// ---------------------------------------------------------------------------------------------------------------------- wodles

export interface WodleContext {
  /** Reads a file below `/` (so that tests can hand in recorded ones); undefined when it is not there or not readable. */
  read(path: string): string | undefined
  /** Names in a folder; empty when it is not there or not readable. */
  list(path: string): string[]
  /** Target of a symbolic link; undefined when it is not there or not readable. */
  readlink(path: string): string | undefined
  /** Milliseconds since 1970. */
  now: number
}

export interface Wodle<S extends Schema = Schema> {
  name: string
  summary: string
  options: S
  example: Record<string, unknown>
  /** Yields the events of one run; each becomes one line of JSON at location `command_TAG`. */
  run(context: WodleContext, options: Options<S>): Iterable<Record<string, unknown>>
}

export function defineWodle<S extends Schema>(wodle: Wodle<S>): Wodle<S> {
  return wodle
}

// ------------------------------------------------------------------------------------------------------------------- receivers

/** One HTTP delivery: headers in lower case, the body as the bytes that came. */
export interface Delivery {
  method: string
  path: string
  query: Record<string, string>
  headers: Record<string, string>
  body: Uint8Array
  /** Milliseconds since 1970. */
  now: number
}

/** Genuine deliveries carry events (each an object, written as one line of JSON); `id` makes a repeat recognisable. */
export type Verdict =
  | { kind: 'accepted'; id?: string; events: Record<string, unknown>[] }
  | { kind: 'refused'; status: 400 | 401 | 403 | 413 | 415; reason: string }

export interface Receiver<S extends Schema = Schema> {
  name: string
  summary: string
  docs: string
  options: S
  example: Record<string, unknown>
  /** Cheap checks before costly ones; signatures over the raw bytes and in constant time. */
  receive(delivery: Delivery, options: Options<S>): Verdict
  /** A correctly signed sample delivery, for `outrider send` and the tests. */
  sample(
    event: Record<string, unknown> | undefined,
    options: Options<S>,
    now: number,
  ): Pick<Delivery, 'headers' | 'body'>
}

export function defineReceiver<S extends Schema>(receiver: Receiver<S>): Receiver<S> {
  return receiver
}
