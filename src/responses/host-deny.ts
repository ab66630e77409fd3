import * as z from 'zod/mini'
import { defineResponse } from '../define.ts'
import { addressKey, parseAddressKey } from './keys.ts'

/**
 * Our lines stand between two marks, each a whole line for one address: unlike Wazuh's host-deny, undoing 10.0.0.1 leaves 10.0.0.10 alone, IPv6 addresses
 * have their brackets, and lines of the administrator are never touched.
 */
export default defineResponse({
  name: 'host-deny',
  summary: 'Denies an address or network in /etc/hosts.deny, for services that heed TCP wrappers.',
  docs: 'https://manpages.debian.org/hosts_access.5',
  options: z.object({
    file: z._default(z.string(), '/etc/hosts.deny').check(z.describe('The file of denied hosts.')),
  }),
  example: {},
  acts_on: 'address',
  needs_root: true,

  key: (alert) => addressKey(alert),
  parseKey: parseAddressKey,
  addMany: (items, { file }) => [
    { file, edit: (text) => change(text, (keys) => items.forEach(({ key }) => void keys.add(key))) },
  ],
  deleteMany: (some, { file }) => [
    { file, edit: (text) => change(text, (keys) => some.forEach((key) => void keys.delete(key))) },
  ],
  list: { steps: ({ file }) => [{ read: file }], parse: ([text = '']) => [...split(text).keys] },
})

const first = '# outrider: begin, changes in here are lost'
const last = '# outrider: end'

function split(text: string): { before: string; keys: Set<string>; after: string } {
  const start = text.indexOf(`${first}\n`)
  const end = text.indexOf(`${last}\n`, start)
  if (start < 0 || end < 0) return { before: text, keys: new Set(), after: '' }
  const lines = text.slice(start, end).split('\n')
  const keys = lines.flatMap((line) => parseAddressKey(line.replace(/^ALL: /, '').replace(/[[\]]/g, '')) ?? [])
  return { before: text.slice(0, start), keys: new Set(keys), after: text.slice(end + last.length + 1) }
}

function change(text: string, how: (keys: Set<string>) => void): string {
  const { before, keys, after } = split(text)
  how(keys)
  if (keys.size === 0) return before + after
  const head = before === '' || before.endsWith('\n') ? before : `${before}\n`
  return `${head}${[first, ...[...keys].map(lineFor), last].join('\n')}\n${after}`
}

/** hosts_access(5): `[net]/prefixlen` for IPv6. */
function lineFor(key: string): string {
  return `ALL: ${key.includes(':') ? key.replace(/^[^/]+/, '[$&]') : key}`
}
