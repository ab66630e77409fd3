/** The three phases as wazuh-logtest prints them. framework/scripts/wazuh_logtest.py, 4.14.7; spec/engine-logtest.md section 6. */
import { fromBytes } from '../alert.ts'
import type { Tried } from './index.ts'
import type { LogtestResult } from './logtest.ts'

type Values = Record<string, unknown>

/** Lines for the answer to one event, in ordinary text. An error is one line, as wazuh-logtest shows it. */
export function logtestText(result: LogtestResult): string[] {
  const { codemsg, output, alert, rules_debug, tried } = result
  const messages = result.messages.map(fromBytes)
  if (codemsg < 0 || output === undefined) {
    return `** Wazuh-logtest error ${codemsg}: ${messages.map((message) => `\n\t${message}`).join('')}`.split('\n')
  }
  const warnings = messages.filter((message) => message.startsWith('WARNING'))
  const parts = JSON.parse(fromBytes(output)) as {
    full_log?: string
    predecoder?: Values
    decoder: Values
    data?: Values
    rule?: Values
  }
  const { full_log, predecoder, decoder, data, rule } = parts
  const isDecoded = Object.keys(decoder).length > 0
  return [
    ...warnings.map((warning) => `** Wazuh-Logtest: ${warning}`),
    ...(warnings.length > 0 ? [''] : []),
    '**Phase 1: Completed pre-decoding.',
    ...(full_log === undefined ? [] : [`\tfull event: '${full_log}'`]),
    ...phase(predecoder ?? {}, ['timestamp', 'hostname', 'program_name']),
    '',
    '**Phase 2: Completed decoding.',
    ...(isDecoded ? [...phase(decoder, ['name', 'parent']), ...phase(data ?? {})] : ['\tNo decoder matched.']),
    ...(rules_debug ? ['', '**Rule debugging:', ...debugLines(rules_debug.map(fromBytes), tried)] : []),
    ...(rule
      ? [
          '',
          '**Phase 3: Completed filtering (rules).',
          ...phase(rule, ['id', 'level', 'description', 'groups', 'firedtimes']),
        ]
      : []),
    ...(alert ? ['**Alert to be generated.'] : []),
  ]
}

/** The rules that were tried; with reasons, each one that did not match says why below it. */
function debugLines(debug: readonly string[], tried: readonly Tried[] = []): string[] {
  let next = 0
  return debug.flatMap((line) => {
    if (line.startsWith('*')) return [`\t\t${line}`]
    const reason = tried[next++]?.reason
    return reason === undefined ? [`\t${line}`] : [`\t${line}`, `\t\tno: ${fromBytes(reason)}`]
  })
}

/** Named values first, the rest sorted; an object is expanded at its place, with dotted names. */
function phase(values: Values, first: readonly string[] = [], prefix = ''): string[] {
  const rest = Object.keys(values).filter((name) => !first.includes(name))
  return [...first.filter((name) => name in values), ...rest.sort(byCodePoint)].flatMap((name) => {
    const value = values[name]
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (isObject && !first.includes(name)) return phase(value as Values, [], `${prefix}${name}.`)
    return [`\t${prefix}${name}: '${pythonText(value)}'`]
  })
}

function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** `str()` of Python. */
function pythonText(value: unknown): string {
  return typeof value === 'string' ? value : pythonValue(value)
}

/** `repr()` of Python, for what JSON can hold. */
function pythonValue(value: unknown): string {
  if (value === null) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (Array.isArray(value)) return `[${value.map(pythonValue).join(', ')}]`
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([name, member]) => `${pythonValue(name)}: ${pythonValue(member)}`)
      .join(', ')}}`
  }
  return typeof value === 'string' ? pythonString(value) : String(value)
}

const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function pythonString(value: string): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'"
  const escaped = value.replace(/[\\\n\r\t\0-\x1f\x7f]/g, (char) => {
    const hex = char.charCodeAt(0).toString(16).padStart(2, '0')
    return escapes[char] ?? `\\x${hex}`
  })
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote
}
