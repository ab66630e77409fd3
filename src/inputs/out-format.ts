/** `<out_format>` of a localfile: the text that is sent instead of the line (spec/wodle-command.md B4). */
import { toBytes } from '../alert.ts'
import { strftime } from './strftime.ts'

export interface FormatContext {
  /** Byte strings. */
  log: string
  location: string
  now: number
  /** Minutes east of UTC. */
  offset: number
  hostname: string
  host_ip: string
}

type Part = string | ((context: FormatContext) => string)

const tokens: Record<string, (context: FormatContext) => string> = {
  log: ({ log }) => log,
  output: ({ log }) => log,
  location: ({ location }) => location,
  command: ({ location }) => location,
  // RFC 3164.
  timestamp: ({ now, offset }) => strftime('%b %e %H:%M:%S', now, offset),
  hostname: ({ hostname }) => toBytes(hostname),
  host_ip: ({ host_ip }) => host_ip,
  // The bytes as they are, as the inside of a JSON string.
  json_escaped_log: ({ log }) => JSON.stringify(log).slice(1, -1),
  base64_log: ({ log }) => Buffer.from(log, 'latin1').toString('base64'),
}

// OS_MAXSTR: a longer result is given up for the line itself.
const max_bytes = 65_536

/** Prepares a template. An unknown token vanishes, as in Wazuh; `unknown` names them so that somebody can be told. */
export function readOutFormat(template: string): { unknown: string[]; apply(context: FormatContext): string } {
  const parts: Part[] = []
  const unknown: string[] = []
  const text = toBytes(template)
  let at = 0
  for (const found of text.matchAll(/\$\(([^)]*)\)/g)) {
    const [name = '', ...rest] = found[1]!.split(' ')
    const format = rest.join(' ')
    parts.push(text.slice(at, found.index))
    if (name === 'timestamp' && format) parts.push(({ now, offset }) => strftime(format, now, offset))
    else if (tokens[name] && format === '') parts.push(tokens[name])
    else unknown.push(found[1]!)
    at = found.index + found[0].length
  }
  parts.push(text.slice(at))
  return {
    unknown,
    apply(context) {
      const result = parts.map((part) => (typeof part === 'string' ? part : part(context))).join('')
      return result.length > max_bytes ? context.log : result
    },
  }
}
