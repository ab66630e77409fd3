import * as z from 'zod/mini'
import type { Alert } from '../alert.ts'
import { parseTimestamp } from '../clock.ts'
import { defineIntegration } from '../define.ts'
import { bySeverity, cutBytes, levelOf, oneLine, sourceAddress, text } from './message.ts'
import { choice, tls } from './options.ts'

/** Wazuh's own csyslogd speaks UDP only, and is gone in Wazuh 5. */
export default defineIntegration({
  name: 'syslog',
  summary: 'Sends each alert to a syslog server, as JSON, CEF or LEEF, over UDP, TCP or TLS.',
  docs: 'https://www.rfc-editor.org/rfc/rfc5424',

  options: z.object({
    host: z.string().check(z.minLength(1), z.describe('Name or address of the server.')),
    port: z
      ._default(z.int().check(z.minimum(1), z.maximum(65_535)), 514)
      .check(z.describe('Port; 6514 is usual for TLS.')),
    transport: choice(['udp', 'tcp', 'tls'], 'udp', 'How it is sent: UDP can lose messages without a sign.'),
    format: choice(['json', 'cef', 'leef'], 'json', 'Form of the message.'),
    facility: z
      ._default(z.int().check(z.minimum(0), z.maximum(23)), 16)
      .check(z.describe('Syslog facility; 16 is local0.')),
    app_name: z
      ._default(z.string().check(z.regex(/^[\x21-\x7e]{1,48}$/)), 'wazuh')
      .check(z.describe('Name of the sending program.')),
    max_bytes: z
      ._default(z.int().check(z.minimum(480), z.maximum(1_000_000)), 8192)
      .check(z.describe('Longest message the server takes; longer ones are cut.')),
    ...tls,
  }),
  example: { host: 'siem.example', port: 6514, transport: 'tls', format: 'cef' },

  request(alert, options, { line, now }) {
    const { host, port, transport, format, facility, app_name, max_bytes, ca_file, ssl_verify } = options
    const time = parseTimestamp(alert.timestamp) ?? now
    const priority = facility * 8 + bySeverity(alert, [6, 5, 4, 3, 2])
    const head = [
      `<${priority}>1`,
      new Date(time).toISOString(),
      field(alert.agent?.name ?? alert.manager?.name, 255),
      app_name,
      '-',
      field(alert.rule?.id, 32),
      '-',
    ].join(' ')
    const body = format === 'json' ? oneLine(line) : format === 'cef' ? cef(alert, time) : leef(alert, time)
    const message = cutBytes(`${head} ${body}`, max_bytes)
    return {
      host,
      port,
      transport,
      // Octet counting, RFC 6587: a line end within a message cannot end it.
      text: transport === 'udp' ? message : `${Buffer.byteLength(message)} ${message}`,
      tls: { ca_file, ssl_verify },
    }
  },
})

/** A header field of RFC 5424: printable ASCII without blanks, `-` for none. */
function field(value: unknown, most: number): string {
  return (
    oneLine(value)
      .replace(/[^\x21-\x7e]+/g, '_')
      .slice(0, most) || '-'
  )
}

/** ArcSight Common Event Format, version 0: `|` and `\` are escaped in the header, `=` and `\` in the extension. */
function cef(alert: Alert, time: number): string {
  const header = (value: unknown) => oneLine(value).replace(/[\\|]/g, '\\$&')
  const extension = (value: unknown) => text(value).replace(/[\\=]/g, '\\$&').replace(/\r?\n/g, '\\n')
  const severity = Math.max(0, Math.min(10, Math.round((levelOf(alert) * 10) / 16)))
  const parts = ['CEF:0', 'Wazuh', 'Outrider', '1', header(alert.rule?.id), header(alert.rule?.description), severity]
  return `${parts.join('|')}|${pairs(alert, time, ['rt', 'src', 'suser', 'duser', 'dvchost', 'fname', 'cs1', 'externalId', 'cat', 'msg'], extension, ' ')}`
}

/** IBM Log Event Extended Format 1.0: fields end with tabs, so none may hold one. */
function leef(alert: Alert, time: number): string {
  const clean = (value: unknown) => oneLine(value)
  const event = clean(alert.rule?.id).replaceAll('|', '_')
  return `LEEF:1.0|Wazuh|Outrider|1|${event}|${pairs(alert, time, ['devTime', 'src', 'srcUser', 'usrName', 'identHostName', 'filename', 'location', 'alertId', 'cat', 'msg'], clean, '\t')}`
}

function pairs(
  alert: Alert,
  time: number,
  names: string[],
  clean: (value: unknown) => string,
  between: string,
): string {
  const groups = Array.isArray(alert.rule?.groups) ? alert.rule.groups.join(',') : ''
  const values = [
    time,
    sourceAddress(alert),
    alert.data?.srcuser,
    alert.data?.dstuser,
    alert.agent?.name,
    alert.syscheck?.path,
    alert.location,
    alert.id,
    groups,
    alert.full_log,
  ]
  return names
    .map((name, n) => [name, clean(values[n])] as const)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${value}`)
    .join(between)
}
