/**
 * One try of one alert through a definition of `integrations/`: the request is made, sent, and what came back is judged. What sends is passed in, so that
 * this serves the daemon and the scripts of `outrider build`, which must start within milliseconds: nothing heavy may be imported here.
 */
import { type Alert, fromBytes } from '../alert.ts'
import type {
  HttpRequest,
  HttpResponse,
  Integration,
  IntegrationContext,
  Outcome,
  Outgoing,
  Shipment,
  Style,
} from '../define.ts'
import {
  oneLine,
  renderBody,
  renderTitle,
  type Severity,
  severityOf,
  sourceAddress,
  text,
} from '../integrations/message.ts'
import { confirmed } from './confirm.ts'
import type { IncidentPart } from './incidents.ts'
import { describe, judge } from './outcome.ts'
import { lateness, markedTitle, preface, whyOver } from './words.ts'

export interface Attempt {
  outcome: Outcome
  /** Nothing was sent: the alert is not for this destination. That says nothing about the destination. */
  unsent?: boolean
  /** What was sent, for people; made only when it is kept. Secrets are still in it. */
  request?(): string
  answer?: string
}

export type HttpResult =
  | { kind: 'answer'; response: HttpResponse }
  /** `busy`: it could not be reached at all, so it is not about this request. */
  | { kind: 'failed'; reason: string; busy: boolean }
  /** It is no request: a URL or header that cannot be. */
  | { kind: 'impossible'; reason: string }

/** Sends one request. Never rejects. `wants_text` false: the body of a 2xx answer is not looked at. */
export type Post = (request: HttpRequest, wants_text: boolean) => Promise<HttpResult>

/** Takes what is no HTTP request to where it goes. Never rejects. */
export type Ship = (outgoing: Shipment) => Promise<Outcome>

export interface Given {
  destination: string
  /** The alert as a byte string. */
  line: string
  alert: Alert
  /** Milliseconds since 1970. */
  now(): number
  incident?: IncidentPart
  /** Where something was added to the alert: its line as it stands in the log, a byte string. */
  original?: string
  style?: Presentation
  /** From the service, for those that give one. */
  session?: string
  /** Ends a wait for a confirmation. */
  signal?: AbortSignal
  /** Milliseconds that are left for a confirmation; default: as long as the definition waits. */
  left_ms?(): number
}

/** Never rejects. Without `ship` there is only HTTP. */
export async function attempt(
  integration: Integration,
  options: Record<string, unknown>,
  given: Given,
  post: Post,
  ship?: Ship,
): Promise<Attempt> {
  const { now } = given
  const built = buildRequest(integration, options, given)
  // An alert that the definition cannot read will not become readable.
  if ('error' in built)
    return { outcome: { kind: 'rejected', reason: `no request could be made of it: ${built.error.message}` } }
  const { request } = built
  if (request === undefined) return { outcome: { kind: 'delivered' }, unsent: true }
  const show = () => showRequest(request)
  if (!('url' in request)) {
    const outcome: Outcome = ship
      ? await ship(request)
      : { kind: 'rejected', reason: 'only a running Outrider can send this' }
    return { outcome, request: show }
  }
  const result = await post(request, readsAnswers(integration))
  if (result.kind === 'impossible')
    return { outcome: { kind: 'rejected', reason: `not sent: ${result.reason}` }, request: show }
  if (result.kind === 'failed')
    return { outcome: { kind: 'retry', reason: result.reason, busy: result.busy }, request: show }
  const { response } = result
  const judged = judgeFor(integration, options, response, now())
  const outcome =
    judged.kind === 'delivered' && integration.confirm
      ? await confirmed(judged, integration.confirm(response, options), post, given)
      : judged
  if (outcome.kind === 'delivered') return { outcome }
  return { outcome, request: show, answer: describe(response) }
}

/** Whether a definition looks at the body of a 2xx answer. */
function readsAnswers({ outcome, batch, confirm }: Integration): boolean {
  return outcome !== undefined || batch?.outcomes !== undefined || confirm !== undefined
}

/** What an answer means to a definition, or by its status where that says nothing. */
export function judgeFor(
  integration: Integration,
  options: Record<string, unknown>,
  response: HttpResponse,
  now: number,
): Outcome {
  try {
    return integration.outcome?.(response, options) ?? judge(response, now)
  } catch {
    // An answer that the definition cannot read is judged by its status.
    return judge(response, now)
  }
}

/** The alert of a line of alerts.json (a byte string); undefined when it is none. */
export function parseAlert(line: string): Alert | undefined {
  try {
    const value = JSON.parse(alertJson(line))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** An alert's bytes as JSON, in which every text is one. */
export function alertJson(line: string): string {
  if (line === last.line) return last.json
  const text = isAscii(line) ? line : fromBytes(line)
  const json = text.includes('\\ud') || text.includes('\\uD') ? withoutHalves(text) : text
  last = { line, json }
  return json
}

/** An alert is read when it is routed, and most are sent at once. */
let last = { line: '', json: '' }

function isAscii(line: string): boolean {
  return !/[\x80-\xff]/.test(line)
}

/**
 * JSON in which no escape is half of a surrogate pair: a stranger can have such a one logged, and what is no text many services answer with an error that
 * looks like one of their own (RFC 8259, 8.2).
 */
function withoutHalves(json: string): string {
  return json.replace(/\\\\|\\u(?:d[89ab][\da-f]{2}(\\ud[c-f][\da-f]{2})?|d[c-f][\da-f]{2})/gi, (found, low) =>
    found === '\\\\' || low !== undefined ? found : '\\ufffd',
  )
}

/** The same for every try of an alert at a destination, also after a restart: a line holds the alert's id and time, which no other line has. */
function idempotencyKey(destination: string, line: string): string {
  // Loaded here, because a script that needs no key starts 3 ms earlier without it.
  const { hash } = process.getBuiltinModule('node:crypto')
  const bytes = isAscii(line)
    ? `${destination}\0${line}`
    : Buffer.concat([Buffer.from(`${destination}\0`), Buffer.from(line, 'latin1')])
  return hash('sha256', bytes).slice(0, 32)
}

/** What a destination's own templates make of an alert; they may throw. */
export interface Presentation extends Style {
  title?(scope: TemplateScope): string
  body?(scope: TemplateScope): string
}

/** What templates know besides the fields of the alert. */
export interface TemplateScope extends Record<string, unknown> {
  /** All of it, by the name that expressions have for it. */
  alert: Alert
  severity: Severity
  source_address: string | undefined
  more: number
  /** `3 h`; empty for what is not late. */
  late: string
  /** The incident is over. */
  resolved: boolean
  default_title: string
  default_body: string
}

/** Title and body are rendered only when a definition asks for them: most look at the alert itself. */
class Context implements IntegrationContext {
  readonly now: number
  readonly session: string
  readonly incident: (IncidentPart & { why?: string }) | undefined = undefined
  private readonly is_summary: boolean
  readonly style: Presentation
  private readonly alert: Alert
  private readonly bytes: string
  private readonly original: string
  private readonly destination: string

  constructor(
    alert: Alert,
    { line, original = line, destination, now, incident, style = {}, session = '<session>' }: Given,
  ) {
    this.alert = alert
    this.bytes = line
    this.original = original
    this.destination = destination
    this.now = now()
    this.session = session
    this.style = style
    this.is_summary = incident?.is_summary === true
    if (!this.is_summary)
      this.incident = incident?.is_over ? { ...incident, why: whyOver(alert, incident, style.language) } : incident
  }
  get idempotency_key(): string {
    // The end of an incident may show an alert that was sent before.
    return idempotencyKey(this.destination, this.incident?.is_over ? `over ${this.original}` : this.original)
  }
  get line(): string {
    return alertJson(this.bytes)
  }
  get title(): string {
    return this.render(this.style.title, () => this.defaultTitle())
  }
  get body(): string {
    return this.render(this.style.body, () => this.defaultBody())
  }

  private defaultTitle(): string {
    const { alert, now, incident, style } = this
    if (this.is_summary) return alert.rule.description
    return markedTitle(renderTitle(alert, style), { alert, now, incident, language: style.language })
  }

  private defaultBody(): string {
    if (this.is_summary) return this.alert.full_log ?? ''
    const before = preface(this.alert, this.incident, this.style.language)
    return `${before === '' ? '' : `${before}\n\n`}${renderBody(this.alert, this.style)}`
  }

  private render(template: Presentation['title'], usual: () => string): string {
    // Templates are made for single alerts.
    if (!template || this.is_summary) return usual()
    try {
      const made = template({
        ...this.alert,
        alert: this.alert,
        severity: severityOf(this.alert),
        source_address: sourceAddress(this.alert),
        more: this.incident?.more ?? 0,
        late: lateness(this.alert, this.now, this.style.language),
        resolved: this.incident?.is_over === true,
        default_title: this.defaultTitle(),
        default_body: this.defaultBody(),
      })
      // Nothing is said by it, and most services refuse a message without a title.
      return oneLine(made) === '' ? usual() : text(made)
    } catch {
      // It was tried when the destination was opened, so it is this alert that it cannot render: a message in the usual words is better than none.
      return usual()
    }
  }
}

/** What a definition may know of an alert besides its fields. */
export function contextOf(given: Given): IntegrationContext {
  return new Context(given.alert, given)
}

/** What a definition makes of an alert: its request, undefined when the alert is not for it, or the error it threw. */
export function buildRequest(
  integration: Integration,
  options: Record<string, unknown>,
  given: Given,
): { request: Outgoing | undefined } | { error: Error } {
  const { alert, incident } = given
  try {
    const context = contextOf(given)
    if (incident?.is_over && integration.resolve) return { request: integration.resolve(alert, options, context) }
    return { request: integration.request(alert, options, context) }
  } catch (error) {
    return { error: error as Error }
  }
}

/** What is sent, as text for people: for a request method, URL, headers, an empty line and the body. */
export function showRequest(outgoing: Outgoing): string {
  if ('file' in outgoing) return `append to ${outgoing.file}\n\n${short(outgoing.line)}`
  if ('transport' in outgoing) {
    const { transport, host, port, text } = outgoing
    return `send to ${transport}://${host}:${port}\n\n${short(text)}`
  }
  if ('smtp' in outgoing) {
    const { smtp, from, to, subject, headers, text } = outgoing
    const fields = { From: from, To: to.join(', '), Subject: subject, ...headers }
    return `mail through ${smtp.host}:${smtp.port} (${smtp.security})\n${head(fields)}\n\n${short(text)}`
  }
  if ('nats' in outgoing) {
    const { nats, subject, payload, message_id, jetstream } = outgoing
    const how = jetstream ? `JetStream, Nats-Msg-Id: ${message_id}` : `Nats-Msg-Id: ${message_id}`
    return `publish to ${subject} at ${nats.servers.join(', ')}\n${how}\n\n${short(payload)}`
  }
  if ('redis' in outgoing) {
    const { redis, stream, fields, max_length } = outgoing
    const trim = max_length === 0 ? '' : ` MAXLEN ~ ${max_length}`
    const pairs = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
    return `XADD ${stream}${trim} * at ${redis.url}, database ${redis.database}\n\n${short(pairs.join('\n'))}`
  }
  if ('mqtt' in outgoing) {
    const { mqtt, topic, payload, retain, properties } = outgoing
    const fields = mqtt.version === '5' && Object.keys(properties).length > 0 ? `\n${head(properties)}` : ''
    return `publish to ${topic} at ${mqtt.url} (QoS 1${retain ? ', retained' : ''})${fields}\n\n${short(payload)}`
  }
  const { method = 'POST', url, headers, json, body } = outgoing
  const fields = { ...(json !== undefined && { 'content-type': 'application/json' }), ...headers }
  const text =
    json !== undefined
      ? JSON.stringify(json, null, 2)
      : typeof body === 'string'
        ? body
        : unpacked(body ?? new Uint8Array())
  return [`${method} ${url}`, ...(Object.keys(fields).length > 0 ? [head(fields)] : []), '', short(text)].join('\n')
}

/** Of gzip, which begins with these two bytes, what is in it. */
function unpacked(body: Uint8Array): string {
  const isGzip = body[0] === 0x1f && body[1] === 0x8b
  return Buffer.from(isGzip ? process.getBuiltinModule('node:zlib').gunzipSync(body) : body).toString()
}

function head(fields: Record<string, string>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')
}

function short(text: string): string {
  return text.length > 16_384 ? `${text.slice(0, 16_384)}\n… (${text.length} characters)` : text
}
