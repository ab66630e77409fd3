import { defineFake, type Line } from './define.ts'

// RFC 5424, 6: <PRI>VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA [MSG]
const name = (most: number) => `[\\x21-\\x7e]{1,${most}}`
const time = '-|\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,6})?(?:Z|[+-]\\d\\d:\\d\\d)'
const data = '-|(?:\\[[^\\]]+\\])+'
const frame = new RegExp(
  `^<(\\d{1,3})>1 (?:${time}) ${name(255)} ${name(48)} ${name(128)} ${name(32)} (?:${data})(?: ([\\s\\S]*))?$`,
)

/** The rule that is broken; undefined: none. */
function wrongWith(bytes: string): string | undefined {
  const [, priority, body = ''] = frame.exec(bytes) ?? []
  if (priority === undefined) return 'the header is not that of RFC 5424'
  if (Number(priority) > 191) return `PRI ${priority} is above 191`
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(body, 'latin1'))
  } catch {
    return 'the message is not UTF-8'
  }
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(text)) return 'the message holds control characters'
  if (text.startsWith('CEF:')) return wrongWithCef(text)
  if (text.startsWith('LEEF:')) return wrongWithLeef(text)
  if (!text.startsWith('{')) return undefined
  try {
    JSON.parse(text)
    return undefined
  } catch {
    return 'the message begins as JSON and is none'
  }
}

/** CEF: `|` and `\` are escaped in the header, `=` and `\` in the extension. */
function wrongWithCef(text: string): string | undefined {
  const [head, , severity, extension = ''] =
    /^CEF:[01]\|((?:(?:[^|\\]|\\[|\\])+\|){5})((?:\d+|Unknown|Low|Medium|High|Very-High))\|([\s\S]*)$/.exec(text) ?? []
  if (head === undefined) return 'the header of CEF has not seven fields, or a severity that is none'
  if (/^\d+$/.test(severity ?? '') && Number(severity) > 10) return `severity ${severity} is above 10`
  const pair = '[A-Za-z0-9_.]+=(?:[^=\\\\]|\\\\[=\\\\nr])*'
  return new RegExp(`^(?:${pair})(?: ${pair})*$`).test(extension)
    ? undefined
    : 'the extension of CEF has an "=" or "\\" that is not escaped'
}

/** LEEF 1.0: fields end with tabs. */
function wrongWithLeef(text: string): string | undefined {
  const [head, fields = ''] = /^LEEF:1\.0(?:\|[^|]*){3}\|[^|]+\|([\s\S]*)$/.exec(text) ?? []
  if (head === undefined) return 'the header of LEEF has not five fields'
  return fields.split('\t').every((one) => /^[A-Za-z0-9_]+=/.test(one))
    ? undefined
    : 'a field of LEEF is not name=value'
}

function take(text: string, line: Line): void {
  const fault = line.fault()
  if (fault !== undefined) {
    // There is no answer to give, so all that a server can do is to go.
    if (fault !== 'hang') line.end()
    return
  }
  const rule = wrongWith(text)
  if (rule === undefined) line.accepted(`message of ${text.length} bytes`, text)
  else line.refused(rule)
}

export default defineFake({
  name: 'syslog',
  source: 'https://www.rfc-editor.org/rfc/rfc5424',
  destinations(url) {
    const server = { host: '127.0.0.1', port: Number(new URL(url).port) }
    return {
      syslog: { ...server, transport: 'tcp', format: 'json' },
      'syslog-cef': { ...server, transport: 'udp', format: 'cef' },
      'syslog-leef': { ...server, transport: 'tcp', format: 'leef' },
    }
  },

  /** Octet counting, RFC 6587, 3.4.1: the length, a blank, and so many bytes. */
  connected(line) {
    let rest = ''
    return (piece) => {
      rest += piece
      for (;;) {
        const [head, length = ''] = /^(\d{1,9}) /.exec(rest) ?? []
        if (head === undefined) {
          if (!/^\d{0,9}$/.test(rest)) {
            line.refused('what comes is not framed with its length')
            line.end()
            rest = ''
          }
          return
        }
        const end = head.length + Number(length)
        if (rest.length < end) return
        const text = rest.slice(head.length, end)
        rest = rest.slice(end)
        take(text, line)
      }
    }
  },
  datagram: take,
})
