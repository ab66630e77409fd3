/**
 * Logtest: what would this log give? Sessions with state of their own, the requests and answers of Wazuh's socket, and the lines of `outrider logtest
 * --json`. analysisd/logtest.c, 4.14.7; spec/engine-logtest.md. No socket and no file here: texts in, texts out.
 */
import { isUtf8 } from 'node:buffer'
import { fromBytes, toBytes } from '../alert.ts'
import { createSession, type Decision, type LoadResult, type Session, type Tried } from './index.ts'

export interface LogtestOptions {
  /** Called for each new session, so that a changed ruleset is seen by new sessions only. It may hand out the same one again. */
  load(): LoadResult
  /** Host name of the manager, with domain. */
  hostname: string
  now(): number
  /** Eight lower-case hexadecimal digits. */
  newToken(): string
  log_alert_level?: number
  email_alert_level?: number
  utc_offset?: (at_ms: number) => number
  /** Default 64: the session that was unused for longest makes room for a new one. */
  max_sessions?: number
  /** Milliseconds after which an unused session may be closed; default 900,000. */
  session_timeout_ms?: number
}

/** An event as a byte string, and how it is to be tested. */
export interface LogtestEvent {
  event: string
  location: string
  /** Session to continue; an unknown one starts a new session. */
  token?: string
  rules_debug?: boolean
  /** Why each rule that was tried did not match. */
  explain?: boolean
  /** Milliseconds since 1970; default now. */
  at_ms?: number
}

/** The `data` of an answer. Texts are byte strings; `output` is the alert as JSON. */
export interface LogtestResult {
  /** `INFO: …`, `WARNING: …`, `ERROR: …`; of one request at most 50, the last ones. */
  messages: string[]
  /** How many of the messages came before the event was looked at. */
  before: number
  token?: string
  output?: string
  rules_debug?: string[]
  tried?: Tried[]
  alert?: boolean
  /** 0 fine, 1 there were warnings, -1 there was an error. */
  codemsg: number
  decision?: Decision
}

interface OpenSession {
  session: Session
  lastUse: number
}

const maxMessages = 50
const tokenLength = 8
/** Longest location with its escapes. */
const maxLocation = 2_048

export class Logtest {
  private readonly options: LogtestOptions
  private readonly sessions = new Map<string, OpenSession>()

  constructor(options: LogtestOptions) {
    this.options = options
  }

  /**
   * Runs one event in its session, or in a new one.
   *
   * @param notices about the request, said before anything about the session
   * @param late about the request, said when the session is there
   */
  run(event: LogtestEvent, notices: readonly string[] = [], late: readonly string[] = []): LogtestResult {
    const messages = [...notices]
    const now = this.options.now()
    let token = event.token
    let open = token === undefined ? undefined : this.sessions.get(token)
    if (token !== undefined && !open) messages.push(`WARNING: (7003): '${token}' token expires`)
    if (!open) {
      const opened = this.open(messages, now)
      if (!opened) return { ...finish(messages, messages.length), codemsg: -1 }
      ;[token, open] = opened
    }
    open.lastUse = now
    if (codeOf(messages) < 0) return finish(messages, messages.length)
    const before = messages.length
    messages.push(...late)
    return { ...this.process(open.session, event, messages, before), token: token! }
  }

  /** Ends a session. */
  close(token: string): LogtestResult {
    const messages = this.sessions.delete(token)
      ? [`INFO: (7206): The session '${token}' was closed successfully`]
      : [`ERROR: (7004): No session found for token '${token}'`]
    return finish(messages, messages.length)
  }

  private process(session: Session, event: LogtestEvent, messages: string[], before: number): LogtestResult {
    const { event: log, location, rules_debug, explain, at_ms = this.options.now() } = event
    const escaped = location.length + (location.match(/[|:]/g)?.length ?? 0)
    const decision =
      escaped > maxLocation
        ? undefined
        : session.process({ log, location }, at_ms, { debug: rules_debug === true, explain: explain === true })
    if (!decision?.analysed) {
      messages.push('ERROR: (1106): String not correctly formatted.', 'ERROR: (7312): Failed to process the event')
      return { ...finish(messages, before), ...(rules_debug ? { rules_debug: [] } : {}) }
    }
    messages.push(...decision.warnings.map((warning) => `WARNING: ${warning}`))
    return {
      ...finish(messages, before),
      output: decision.json(0),
      ...(decision.rules_debug ? { rules_debug: decision.rules_debug } : {}),
      ...(decision.tried ? { tried: decision.tried } : {}),
      alert: decision.alert,
      decision,
    }
  }

  private open(messages: string[], now: number): [string, OpenSession] | undefined {
    const { ruleset, session_messages } = this.options.load()
    messages.push(...session_messages)
    if (!ruleset) {
      messages.push('ERROR: (7311): Failure to initializing session')
      return undefined
    }
    this.makeRoom(now)
    const { hostname, log_alert_level, email_alert_level, utc_offset, newToken } = this.options
    let token = newToken()
    while (this.sessions.has(token)) token = newToken()
    const options = { hostname, mode: 'logtest' as const, log_alert_level, email_alert_level, utc_offset }
    const open = { session: createSession(ruleset, options), lastUse: now }
    this.sessions.set(token, open)
    messages.push(`INFO: (7202): Session initialized with token '${token}'`)
    return [token, open]
  }

  private makeRoom(now: number): void {
    const { max_sessions = 64, session_timeout_ms = 900_000 } = this.options
    for (const [token, { lastUse }] of this.sessions)
      if (now - lastUse >= session_timeout_ms) this.sessions.delete(token)
    while (this.sessions.size >= Math.max(1, max_sessions)) {
      const [oldest] = [...this.sessions].reduce((a, b) => (b[1].lastUse < a[1].lastUse ? b : a))
      this.sessions.delete(oldest)
    }
  }

  /**
   * Answers a request of Wazuh's socket: JSON in, JSON out, both byte strings.
   */
  request(text: string): string {
    const checked = checkRequest(text)
    if ('error' in checked) {
      return `{"message":${bytesOf(checked.message)},"error":${checked.error},"data":{}}`
    }
    const result =
      'close' in checked ? this.close(checked.close) : this.run(checked.event, checked.notices, checked.late)
    return `{"error":0,"data":${printResult(result)}}`
  }
}

function finish(all: string[], before: number): LogtestResult {
  const lost = Math.max(0, all.length - maxMessages)
  return { messages: all.slice(lost), before: Math.max(0, before - lost), codemsg: codeOf(all.slice(lost)) }
}

function codeOf(messages: readonly string[]): number {
  if (messages.some((message) => message.startsWith('ERROR: '))) return -1
  return messages.some((message) => message.startsWith('WARNING: ')) ? 1 : 0
}

/** The `data` of an answer in its key order: messages that only came up with the event stand behind the output. */
function printResult({ messages, before, token, output, rules_debug, alert, codemsg }: LogtestResult): string {
  const list = `"messages":[${messages.map(bytesOf).join(',')}]`
  return `{${[
    ...(before > 0 ? [list] : []),
    ...(token === undefined ? [] : [`"token":${bytesOf(token)}`]),
    ...(output === undefined ? [] : [`"output":${output}`]),
    ...(rules_debug ? [`"rules_debug":[${rules_debug.map(bytesOf).join(',')}]`] : []),
    ...(before === 0 && messages.length > 0 ? [list] : []),
    ...(alert === undefined ? [] : [`"alert":${alert}`]),
    `"codemsg":${codemsg}`,
  ].join(',')}}`
}

/** A byte string as JSON; what is no ASCII stays as the bytes it is. */
const bytesOf = (text: string) => JSON.stringify(text)

type Refusal = { error: number; message: string }
type Checked = Refusal | { close: string } | { event: LogtestEvent; notices: string[]; late: string[] }

/** The checks of a request in their order; spec/engine-logtest.md section 2.2. */
function checkRequest(text: string): Checked {
  const request = parseBytes(text)
  if (request === undefined) {
    const at = errorPlace(text)
    const part = text.slice(Math.max(0, at - 10)).slice(0, 20)
    return { error: 1, message: `(7307): Error parsing JSON in position ${at}, ... ${part} ...` }
  }
  const root = objectOf(request) ?? {}
  const { parameters, command } = root
  if (parameters === undefined) return { error: 2, message: "(7313): 'parameters' JSON field not found" }
  const given = objectOf(parameters)
  if (!given) return { error: 2, message: "(7317): 'parameters' JSON field value is not valid" }
  if (command === undefined) return { error: 2, message: "(7313): 'command' JSON field not found" }
  if (typeof command !== 'string') return { error: 2, message: "(7317): 'command' JSON field value is not valid" }
  if (command === 'remove_session') return checkRemoval(given.token)
  if (command !== 'log_processing') return { error: 3, message: '(7306): Unable to process command' }
  return checkEvent(given)
}

function checkRemoval(token: unknown): Checked {
  if (typeof token !== 'string') {
    return { error: 4, message: '(7316): Failure to remove session. token JSON field must be a string' }
  }
  if (token.length !== tokenLength) return { error: 4, message: `(7309): '${token}' is not a valid token` }
  return { close: token }
}

function checkEvent(given: Record<string, unknown>): Checked {
  for (const name of ['location', 'log_format']) {
    if (typeof given[name] !== 'string' || given[name] === '') {
      return { error: 2, message: `(7308): '${name}' JSON field is required and must be a string` }
    }
  }
  const { event, token, options } = given
  if (event === undefined) return { error: 2, message: "(7313): 'event' JSON field not found" }
  const log = typeof event === 'string' ? event : printObject(event)
  if (log === '') return { error: 2, message: "(7317): 'event' JSON field value is not valid" }
  const notices: string[] = []
  const hasToken = typeof token === 'string' && token.length === tokenLength
  if (token !== undefined && !hasToken) {
    notices.push(`WARNING: (7309): '${typeof token === 'string' ? token : JSON.stringify(token)}' is not a valid token`)
  }
  const chosen = objectOf(options)
  if (options !== undefined && !chosen) {
    notices.push("WARNING: (7005): 'options' field must be a JSON object. The parameter will be ignored")
  }
  const debug = chosen?.rules_debug
  const late = "WARNING: (7006): 'rules_debug' field must be a boolean. The parameter will be ignored"
  return {
    event: {
      event: log,
      location: given.location as string,
      ...(hasToken ? { token } : {}),
      ...(debug === true ? { rules_debug: true } : {}),
    },
    notices,
    late: debug === undefined || typeof debug === 'boolean' ? [] : [late],
  }
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

/** An object that is sent as the event is used as its compact text. */
function printObject(value: unknown): string {
  const object = objectOf(value)
  return object && Object.keys(object).length > 0 ? JSON.stringify(object) : ''
}

/** JSON whose texts come out as byte strings, whether it is UTF-8 or not. */
function parseBytes(text: string): unknown {
  const isText = isUtf8(Buffer.from(text, 'latin1'))
  try {
    return JSON.parse(isText ? fromBytes(text) : text, (_, value) =>
      typeof value === 'string' && isText ? toBytes(value) : value,
    )
  } catch {
    return undefined
  }
}

/** Byte where a text stops being JSON, as far as the parser tells. */
function errorPlace(text: string): number {
  try {
    JSON.parse(text)
  } catch (error) {
    const place = /at position (\d+)/.exec(String(error))?.[1]
    if (place !== undefined) return Number(place)
    // For an unexpected end the parser names no place.
    return /end of JSON/i.test(String(error)) ? text.length : 0
  }
  return 0
}

/**
 * One line of `outrider logtest --json`: `{"event" or "event_b64", "location"?, "session"?, "at"?, "options"?: {"rules_debug"}}` is answered with
 * `{"session", "alert", "output", "messages"}`. A session is called what the writer likes; without a name all lines share one.
 */
export class LogtestLines {
  private readonly logtest: Logtest
  /** Tokens by the names of sessions. */
  private readonly names = new Map<string, string>()

  constructor(logtest: Logtest) {
    this.logtest = logtest
  }

  /** @param line a byte string; so is the answer, without line end */
  answer(line: string): string {
    const request = readLine(line)
    if ('error' in request) {
      return `{"session":${bytesOf(request.session)},"alert":false,"error":${bytesOf(request.error)},"messages":[]}`
    }
    const token = this.names.get(request.session)
    const result = this.logtest.run({ ...request.event, ...(token === undefined ? {} : { token }) })
    if (result.token !== undefined) this.names.set(request.session, result.token)
    return `{${[
      `"session":${bytesOf(request.session === '' ? (result.token ?? '') : request.session)}`,
      `"alert":${result.alert ?? false}`,
      ...(result.output === undefined ? [] : [`"output":${result.output}`]),
      ...(result.rules_debug ? [`"rules_debug":[${result.rules_debug.map(bytesOf).join(',')}]`] : []),
      `"messages":[${result.messages.map(bytesOf).join(',')}]`,
    ].join(',')}}`
  }
}

function readLine(line: string): { session: string; event: LogtestEvent } | { session: string; error: string } {
  const given = objectOf(parseBytes(line))
  if (!given) return { session: '', error: 'not a JSON object; write {"event": "…"}' }
  const { event, event_b64, location = 'stdin', session = '', at, options } = given
  const name = typeof session === 'string' ? session : String(session)
  const refuse = (error: string) => ({ session: name, error })
  const log =
    typeof event_b64 === 'string'
      ? Buffer.from(event_b64, 'base64').toString('latin1')
      : typeof event === 'string'
        ? event
        : printObject(event)
  if (log === '') return refuse('"event" must be a text or an object that is not empty, or "event_b64" its bytes')
  if (typeof location !== 'string' || location === '') return refuse('"location" must be a text that is not empty')
  const at_ms = at === undefined ? undefined : typeof at === 'string' ? Date.parse(at) : Number(at)
  if (at_ms !== undefined && Number.isNaN(at_ms)) return refuse(`"at" must be an ISO time (got ${JSON.stringify(at)})`)
  return {
    session: name,
    event: {
      event: log,
      location,
      ...(at_ms === undefined ? {} : { at_ms }),
      ...(objectOf(options)?.rules_debug === true ? { rules_debug: true } : {}),
    },
  }
}
