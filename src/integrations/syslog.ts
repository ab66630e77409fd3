import * as z from 'zod/mini'
import type { Alert } from '../alert.ts'
import { parseTimestamp } from '../clock.ts'
import { defineIntegration } from '../define.ts'
import { bySeverity, cutBytes, cutWritten, jsonWithin, levelOf, oneLine, sourceAddress, text } from './message.ts'
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
    // What is cut must still be what it is: a receiver cannot read half an escape or half a JSON object.
    const room = max_bytes - Buffer.byteLength(head) - 1
    const body =
      format === 'json'
        ? oneLine(jsonWithin(alert, line, room))
        : format === 'cef'
          ? cef(alert, time, room)
          : leef(alert, time, room)
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
function cef(alert: Alert, time: number, room: number): string {
  const escaped = (value: string) => value.replace(/[\\|]/g, '\\$&')
  const most = Math.min(500, room >> 2)
  const header = (value: unknown) => escaped(cutWritten(oneLine(value), most, escaped)) || '-'
  const extension = (value: string) =>
    value
      .replace(/[\\=]/g, '\\$&')
      .replace(/\r\n?|\n/g, '\\n')
      .replace(/[\x00-\x1f\x7f]/g, ' ')
  const severity = Math.max(0, Math.min(10, Math.round((levelOf(alert) * 10) / 16)))
  const names = ['rt', 'src', 'suser', 'duser', 'dvchost', 'fname', 'cs1', 'externalId', 'cat', 'msg']
  const { id, description } = alert.rule ?? {}
  const head = `CEF:0|Wazuh|Outrider|1|${header(id)}|${header(description)}|${severity}|`
  return head + pairs(alert, time, names, extension, ' ', room - Buffer.byteLength(head))
}

/** IBM Log Event Extended Format 1.0: fields end with tabs, so none may hold one. */
function leef(alert: Alert, time: number, room: number): string {
  const names = [
    'devTime',
    'src',
    'srcUser',
    'usrName',
    'identHostName',
    'filename',
    'location',
    'alertId',
    'cat',
    'msg',
  ]
  const event = cutBytes(oneLine(alert.rule?.id), Math.min(250, room >> 2)).replaceAll('|', '_') || '-'
  const head = `LEEF:1.0|Wazuh|Outrider|1|${event}|`
  return head + pairs(alert, time, names, oneLine, '\t', room - Buffer.byteLength(head))
}

/** `name=value`, as much as there is room for; the last one, which is the log, may have all that is left. */
function pairs(
  alert: Alert,
  time: number,
  names: string[],
  clean: (value: string) => string,
  between: string,
  room: number,
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
  let written = ''
  for (const [n, name] of names.entries()) {
    const start = `${written === '' ? '' : between}${name}=`
    const left = room - Buffer.byteLength(written + start)
    const value = clean(cutWritten(text(values[n]), n === names.length - 1 ? left : Math.min(left, 600), clean))
    if (value !== '') written += start + value
  }
  return written
}
