import * as z from 'zod/mini'
import { type Command, defineResponse } from '../define.ts'
import { addressKey, parseAddressKey } from './keys.ts'

/**
 * A blackhole route: answers to the address are thrown away, so no connection comes about, where there is no firewall to be had. Our routes carry a
 * protocol number of their own, by which they are known; `replace` before `del` makes a route that is not there no error.
 */
export default defineResponse({
  name: 'route-null',
  summary: 'Throws away what this machine would send to an address or network, with blackhole routes.',
  docs: 'https://man7.org/linux/man-pages/man8/ip-route.8.html',
  options: z.object({
    protocol: z
      ._default(z.int().check(z.gte(5), z.lte(255)), 199)
      .check(z.describe('Routing protocol number that marks our routes; no routing daemon here may use it.')),
  }),
  example: {},
  acts_on: 'address',
  needs_root: true,

  key: (alert) => addressKey(alert),
  parseKey: parseAddressKey,
  addMany: (items, { protocol }) =>
    batches(
      items.map(({ key }) => key),
      (one) => [replace(one, protocol)],
    ),
  deleteMany: (keys, { protocol }) => batches(keys, (one) => [replace(one, protocol), remove(one, protocol)]),
  list: {
    steps: ({ protocol }) =>
      ['-4', '-6'].map((family) => ({
        argv: ['ip', '-json', family, 'route', 'show', 'type', 'blackhole', 'proto', String(protocol)],
      })),
    parse: (outputs) =>
      outputs.flatMap((output) =>
        (JSON.parse(output || '[]') as { dst: string }[]).flatMap(({ dst }) => parseAddressKey(dst) ?? []),
      ),
  },
})

const replace = (key: string, protocol: number) => `route replace blackhole ${key} proto ${protocol}`
const remove = (key: string, protocol: number) => `route del blackhole ${key} proto ${protocol}`

/** One process for each family. */
function batches(keys: readonly string[], lines: (key: string) => string[]): Command[] {
  return ['-4', '-6'].flatMap((family) => {
    const some = keys.filter((key) => key.includes(':') === (family === '-6'))
    return some.length === 0
      ? []
      : [{ argv: ['ip', family, '-batch', '-'], stdin: `${some.flatMap(lines).join('\n')}\n` }]
  })
}
