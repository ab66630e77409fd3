/** The alert file of an integration: JSON, or shell assignments (`<alert_format>` not given, and always with OSSEC). spec/integratord.md section 6. */
import { type Alert, fromBytes, toBytes } from '../alert.ts'
import { alertJson } from '../delivery/attempt.ts'

export interface GivenAlert {
  alert: Alert
  /** As one line of JSON, a byte string. */
  line: string
}

/**
 * Reads either form; the first byte tells which.
 *
 * @param bytes of the file, a byte string
 * @param path its name holds a number that is random for each alert: the plain form has no id of its own
 * @returns or why it is none
 */
export function readAlert(bytes: string, path: string): GivenAlert | { problem: string } {
  const text = bytes.trim()
  if (text === '') return { problem: 'it is empty' }
  return text.startsWith('{') ? readJson(text) : readPlain(text, path)
}

function readJson(text: string): GivenAlert | { problem: string } {
  let value: unknown
  try {
    value = JSON.parse(alertJson(text))
  } catch (error) {
    return { problem: `broken JSON: ${(error as Error).message}` }
  }
  // A value that begins with a brace is an object.
  const alert = value as Alert
  if (typeof alert.rule !== 'object' || alert.rule === null) return { problem: 'it has no "rule"' }
  return { alert, line: text.replace(/[\r\n]+/g, ' ') }
}

function readPlain(text: string, path: string): GivenAlert | { problem: string } {
  const values = new Map<string, string>()
  // Wazuh leaves quotes in where they break a shell's quoting; to the last one of the line it is all the value.
  for (const [, name = '', value = ''] of text.matchAll(/^(\w+)='(.*)'$/gm)) values.set(name, fromBytes(value))
  const get = (name: string) => values.get(name) || undefined
  const id = get('ruleid')
  if (id === undefined) return { problem: 'it is neither JSON nor the plain form with a line "ruleid=\'…\'"' }
  const srcip = get('srcip')
  const { agent, location } = placeOf(get('alertlocation'))
  const alert: Alert = {
    timestamp: timestampOf(get('alertdate') ?? ''),
    rule: { level: Number(get('alertlevel') ?? 0) || 0, description: get('ruledescription') ?? '', id },
    ...(agent && { agent }),
    id: /(\d+)-+(\d+)\.alert$/.exec(path)?.slice(1).join('.') ?? '',
    full_log: get('alertlog'),
    ...(srcip && { data: { srcip } }),
    location,
  }
  return { alert, line: toBytes(JSON.stringify(alert)) }
}

/** OSSEC's whole location: `(agent) 10.0.0.1->/var/log/auth.log`, `server->/var/log/auth.log`. */
function placeOf(location: string | undefined): Pick<Alert, 'agent' | 'location'> {
  const agent = /^\(([^)]*)\) (\S+)->(.*)$/.exec(location ?? '')
  if (agent) return { agent: { id: '', name: agent[1], ip: agent[2] }, location: agent[3] }
  const server = /^([^\s>]+)->(.+)$/.exec(location ?? '')
  return server ? { agent: { id: '000', name: server[1] }, location: server[2] } : { location }
}

/** OSSEC writes `2026 Nov 20 21:47:18`, in local time. */
function timestampOf(date: string): string {
  const ossec = /^(\d{4}) ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d:\d\d)$/.exec(date)
  const ms = ossec ? Date.parse(`${ossec[3]} ${ossec[2]} ${ossec[1]} ${ossec[4]}`) : Number.NaN
  return Number.isNaN(ms) ? date : new Date(ms).toISOString().replace('Z', '+0000')
}
