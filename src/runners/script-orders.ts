/**
 * What a script in `active-response/bin` is told, and by whom: Wazuh 4.2 and newer, Wazuh 5, OSSEC. The other side of wazuh/execd.ts, where the three
 * contracts are drawn. spec/active-response.md sections 4, 5 and 9.
 */
import { type Alert, fromBytes, toBytes } from '../alert.ts'
import type { Dialect } from '../wazuh/execd.ts'

export interface Order {
  dialect: Dialect
  word: 'add' | 'delete'
  alert: Alert
  /** The alert as JSON, a byte string. */
  json: string
  extra_args: string[]
  /** How long it is to hold, 0 for ever; undefined when nobody says. */
  seconds?: number
  /** What was received, for the log. */
  received: string
}

type Fields = Record<string, unknown>

/** @param line what stood on stdin, a byte string */
export function parseOrder(line: string): Order | { problem: string } {
  const received = fromBytes(line).trim()
  let message: unknown
  try {
    message = JSON.parse(received)
  } catch {
    return { problem: 'Invalid input format: not JSON' }
  }
  if (!isObject(message)) return { problem: 'Invalid input format: not a JSON object' }
  const { command } = message
  const word = words.get(String(command))
  if (!word) return { problem: `Invalid value of 'command': ${JSON.stringify(command) ?? 'it is missing'}` }
  return isObject(message.parameters) ? wazuh4(message.parameters, word, received) : wazuh5(message, word, received)
}

/** `enable` and `disable` are Wazuh 5's. */
const words = new Map<string, Order['word']>([
  ['add', 'add'],
  ['delete', 'delete'],
  ['enable', 'add'],
  ['disable', 'delete'],
])

function wazuh4(parameters: Fields, word: Order['word'], received: string): Order | { problem: string } {
  const { alert, extra_args } = parameters
  if (!isObject(alert)) return { problem: "Invalid input format: 'parameters' has no 'alert'" }
  const args = Array.isArray(extra_args) ? extra_args.filter((arg): arg is string => typeof arg === 'string') : []
  const json = toBytes(JSON.stringify(alert))
  return { dialect: 'wazuh4', word, alert: withRule(alert), json, extra_args: args, received }
}

/** Fields of the Wazuh Common Schema, nested or with dots in their names, put where a 4.x alert has them. */
function wazuh5(message: Fields, word: Order['word'], received: string): Order {
  const get = (path: string) =>
    message[path] ?? path.split('.').reduce<unknown>((at, name) => (isObject(at) ? at[name] : undefined), message)
  const text = (path: string) => {
    const value = get(path)
    return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined
  }
  const data = present({
    srcip: text('source.ip'),
    srcport: text('source.port'),
    dstip: text('destination.ip'),
    dstport: text('destination.port'),
    dstuser: text('user.name'),
  })
  const path = text('file.path')
  const alert = withRule({
    rule: {
      id: text('wazuh.rule.id') ?? '',
      level: Number(text('wazuh.rule.level')) || 0,
      description: text('wazuh.rule.title') ?? '',
    },
    agent: present({ id: text('wazuh.agent.id'), name: text('wazuh.agent.name') }),
    full_log: text('event.original'),
    ...(path && { syscheck: { path } }),
    data,
  })
  const extra = get('wazuh.active_response.extra_arguments')
  const args = Array.isArray(extra) ? extra.map(String) : typeof extra === 'string' ? extra.split(/\s+/) : []
  const isStateless = text('wazuh.active_response.type') === 'stateless'
  const timeout = Number(text('wazuh.active_response.stateful_timeout') ?? Number.NaN)
  return {
    dialect: 'wazuh5',
    word,
    alert,
    json: toBytes(JSON.stringify(alert)),
    extra_args: args.filter((arg) => arg !== ''),
    seconds: isStateless ? 0 : Number.isSafeInteger(timeout) && timeout >= 0 ? timeout : undefined,
    received,
  }
}

/** @param args `add|delete USER ADDRESS SEC.ID RULE LOCATION FILE [extra_args …]`, `-` for what is not there */
export function parsePositional(args: readonly string[]): Order | { problem: string } {
  const [word, ...rest] = args
  if (word !== 'add' && word !== 'delete') return { problem: `Invalid command: "${word}" is neither add nor delete` }
  const [user, address, id, rule, location, file, ...extra_args] = rest.map((text) => (text === '-' ? undefined : text))
  const alert = withRule({
    rule: { id: rule ?? '', level: 0, description: '' },
    id: id ?? '',
    location,
    ...(file && { syscheck: { path: file } }),
    data: present({ dstuser: user, srcip: address }),
  })
  return {
    dialect: 'ossec',
    word,
    alert,
    json: toBytes(JSON.stringify(alert)),
    extra_args: extra_args.filter((arg) => arg !== undefined),
    received: args.join(' '),
  }
}

/** Definitions may count on a rule; an order from the API has none. */
function withRule(alert: Fields): Alert {
  const rule = { id: '', level: 0, description: '', ...(isObject(alert.rule) && alert.rule) }
  return { timestamp: '', id: '', ...alert, rule }
}

/** The one line that a stateful script prints, without line end. */
export function checkKeys(program: string, keys: readonly string[]): string {
  const origin = { name: program, module: 'active-response' }
  return JSON.stringify({ version: 1, origin, command: 'check_keys', parameters: { keys } })
}

/** execd's answer to it. Undefined: something else. */
export function parseDecision(line: string | undefined): 'continue' | 'abort' | undefined {
  try {
    const { command } = JSON.parse(line ?? '') as { command?: unknown }
    return command === 'continue' || command === 'abort' ? command : undefined
  } catch {
    return undefined
  }
}

/**
 * How long execd lets this script's work hold, from the table that the manager hands out (etc/shared/ar.conf, lines `NAME - EXECUTABLE - SECONDS`): the
 * message on stdin does not say.
 *
 * @returns 0 for ever; undefined when the table does not know the script, or knows it with several times
 */
export function secondsIn(ar_conf: string, executable: string): number | undefined {
  const times = new Set<number>()
  for (const line of ar_conf.split('\n')) {
    const [, program, seconds] = line.split(' - ')
    if (program === executable && /^\d+\s*$/.test(seconds ?? '')) times.add(Number(seconds))
  }
  return times.size === 1 ? [...times][0] : undefined
}

/** @returns undefined when nothing is there */
function present(fields: Record<string, string | undefined>): Record<string, string> | undefined {
  const entries = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
