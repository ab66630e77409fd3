/**
 * What a scripted active response is told and what it answers: words only, whoever starts the script.
 *
 * ```
 * wazuh4   start ◀── {"version":1,…,"command":"add","parameters":{…,"program":"active-response/bin/x"}}\n     (stdin stays open)
 *          x     ──▶ {"version":1,…,"command":"check_keys","parameters":{"keys":["10.0.0.1"]}}\n
 *          x     ◀── the first line again with "continue" or "abort"\n, end of stdin
 *          later, a new process:  ◀── the first line with "delete"\n, end of stdin
 * wazuh5   the same with "enable" and "disable", and other fields
 * ossec    no stdin: x add|delete USER ADDRESS SEC.ID RULE LOCATION FILE [extra_args …], `-` for what is not there
 * ```
 *
 * spec/active-response.md sections 4, 5 and 9, execd-observed.md section 2. Wazuh 5: its active response architecture page, 5.0 beta 4.
 */
import { basename } from 'node:path'
import { type Alert, toBytes } from '../alert.ts'

/** Whose contract a script was written for: Wazuh 4.2 and newer, OSSEC (and Wazuh before 4.2), Wazuh 5. */
export type Dialect = 'wazuh4' | 'ossec' | 'wazuh5'

/** All that is needed to start a script for one target now, and again to undo it. Plain data: it is kept in the lease. */
export interface ScriptCall {
  dialect: Dialect
  /** Relative to the home folder, as execd names it: `active-response/bin/x`. */
  program: string
  /** The line on stdin, around the word of the command. Byte strings. */
  before: string
  after: string
  /** OSSEC: the arguments after `add` or `delete`. */
  args: string[]
}

export interface CallSource {
  dialect: Dialect
  /** `<executable>`: a file name in active-response/bin. */
  executable: string
  /** Name of the `<active-response>`: command and timeout, `firewall-drop600`. */
  name: string
  /** Seconds; 0: never undone. */
  timeout: number
  extra_args?: string
  /** OSSEC: `<expect>`; a value that is not named there is `-`. Undefined or empty: all are given. */
  expect?: string
  /** `<cluster><node_name>`. */
  node_name?: string
  /** Wazuh 5: `local`, `all` or `defined-agent`. */
  location?: string
  alert: Alert
  /** The alert as the line it stands in, a byte string: what is not UTF-8, or twice the same key, then reaches the script as it is. */
  alert_json?: string
}

export function scriptCall(source: CallSource): ScriptCall {
  const program = `active-response/bin/${source.executable}`
  const { dialect } = source
  if (dialect === 'ossec') return { dialect, program, before: '', after: '', args: ossecArguments(source) }
  if (dialect === 'wazuh5') return { dialect, program, ...wazuh5Message(source), args: [] }
  const origin = JSON.stringify({ name: source.node_name ?? 'undefined', module: 'wazuh-execd' })
  const extra = JSON.stringify(splitExtraArgs(source.extra_args))
  const alert = source.alert_json ?? toBytes(JSON.stringify(source.alert))
  return {
    dialect,
    program,
    before: toBytes(`{"version":1,"origin":${origin},"command":"`),
    after: `${toBytes(`","parameters":{"extra_args":${extra},"alert":`)}${alert}${toBytes(`,"program":${JSON.stringify(program)}}}`)}`,
    args: [],
  }
}

/** Words in the order of the conversation. `enable` and `disable` are what Wazuh 5 calls the first and the last. */
export type Word = 'add' | 'continue' | 'abort' | 'delete'

/** The line on stdin, with its line end, a byte string; empty for OSSEC. */
export function messageFor(call: ScriptCall, word: Word): string {
  if (call.dialect === 'ossec') return ''
  const said = call.dialect === 'wazuh5' ? (wazuh5Words[word] ?? word) : word
  return `${call.before}${said}${call.after}\n`
}

const wazuh5Words: Partial<Record<Word, string>> = { add: 'enable', delete: 'disable' }

/** What the script is started with. */
export function argvFor(call: ScriptCall, word: 'add' | 'delete'): [string, ...string[]] {
  return call.dialect === 'ossec' ? [call.program, word, ...call.args] : [call.program]
}

/** Split at spaces, nothing quotes; only the first 2,047 bytes count. ar_json.c */
export function splitExtraArgs(text = ''): string[] {
  return Buffer.from(text)
    .subarray(0, 2047)
    .toString()
    .split(' ')
    .filter((part) => part !== '')
}

// --------------------------------------------------------------------------------------------------------------- the script's answer

/** The first line a script prints: the keys it acts on, or something else, which execd takes for an answer as well. */
export type Answer = { kind: 'keys'; keys: string[] } | { kind: 'other'; line: string }

/** execd reads at most this much of the line. */
export const maxAnswerBytes = 8191

export function parseAnswer(line: string): Answer {
  let message: unknown
  try {
    message = JSON.parse(line)
  } catch {
    return { kind: 'other', line }
  }
  const { version, origin, command, parameters } = isObject(message) ? message : {}
  if (typeof version !== 'number' || !isObject(origin) || command !== 'check_keys' || !isObject(parameters))
    return { kind: 'other', line }
  const keys = Array.isArray(parameters.keys) ? parameters.keys : []
  return { kind: 'keys', keys: keys.filter((key): key is string => typeof key === 'string') }
}

/** Under which execd files a response: the script's name and each key after a dash, at most 4,095 bytes. */
export function responseKey(program: string, keys: readonly string[]): string {
  return Buffer.from([basename(program), ...keys].join('-'))
    .subarray(0, 4095)
    .toString()
}

// ------------------------------------------------------------------------------------------------------------------ what is acted on

/**
 * Where Wazuh's own responses look for the address: the source of a Windows event, its destination, then `srcip`. Only texts; not checked to
 * be addresses.
 */
export function addressesIn(alert: Alert): string[] {
  const event = field(alert, 'data', 'win', 'eventdata')
  const values = [field(event, 'ipAddress'), field(event, 'destinationIp'), field(alert, 'data', 'srcip')]
  return values.filter((value): value is string => typeof value === 'string' && value !== '')
}

/** The account that Wazuh's own responses take from an alert. */
export function accountIn(alert: Alert): string | undefined {
  const user = field(alert, 'data', 'dstuser')
  return typeof user === 'string' && user !== '' ? user : undefined
}

// ------------------------------------------------------------------------------------------------------------------- other contracts

/** `USER ADDRESS SEC.ID RULE LOCATION FILE extra…`; OSSEC's execd takes 32 arguments at most, the script and `add` included. */
function ossecArguments({ alert, expect = '', extra_args }: CallSource): string[] {
  const wanted = (pattern: RegExp) => expect.trim() === '' || pattern.test(expect)
  const values = [
    wanted(/user(name)?/) ? accountIn(alert) : undefined,
    wanted(/srcip/) ? addressesIn(alert)[0] : undefined,
    alert.id,
    alert.rule.id,
    alert.location,
    wanted(/filename/) ? (field(alert, 'syscheck', 'path') as string | undefined) : undefined,
  ]
  const texts = values.map((value) => (typeof value === 'string' && value !== '' ? value : '-'))
  return [...texts, ...splitExtraArgs(extra_args)].slice(0, 30)
}

/** The fields that a 4.x alert has, under their names in the Wazuh Common Schema. `command` comes last. */
function wazuh5Message(source: CallSource): Pick<ScriptCall, 'before' | 'after'> {
  const { alert, timeout } = source
  const data = isObject(alert.data) ? alert.data : {}
  const message = {
    wazuh: {
      active_response: {
        name: source.name,
        executable: source.executable,
        extra_arguments: source.extra_args || undefined,
        location: source.location ?? 'local',
        agent_id: alert.agent?.id ?? '000',
        type: timeout > 0 ? 'stateful' : 'stateless',
        stateful_timeout: timeout > 0 ? timeout : undefined,
      },
      agent: { id: alert.agent?.id ?? '000', name: alert.agent?.name },
      rule: { id: alert.rule.id, level: alert.rule.level, title: alert.rule.description },
    },
    source: present({ ip: addressesIn(alert)[0], port: port(data.srcport) }),
    destination: present({ ip: text(data.dstip), port: port(data.dstport) }),
    user: present({ name: accountIn(alert) ?? text(data.srcuser) }),
    file: present({ path: text(field(alert, 'syscheck', 'path')) }),
    event: present({ original: alert.full_log }),
  }
  const json = toBytes(
    JSON.stringify(Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined))),
  )
  return { before: `${json.slice(0, -1)},"command":"`, after: '"}' }
}

function present(value: Record<string, unknown>): Record<string, unknown> | undefined {
  return Object.values(value).some((part) => part !== undefined) ? value : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function port(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : undefined
}

function field(value: unknown, ...names: string[]): unknown {
  for (const name of names) value = isObject(value) ? value[name] : undefined
  return value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
