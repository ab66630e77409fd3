import * as z from 'zod/mini'
import { defineResponse, type HttpRequest, type HttpStep } from '../define.ts'
import { addressKey, parseAddressKey } from './keys.ts'

const options = z.object({
  url: z.url({ protocol: /^https?$/ }).check(z.describe('Address of the router: https://router.example.com.')),
  username: z.string().check(z.minLength(1), z.describe('User with the rights read, write and rest-api.')),
  password: z.string().check(z.minLength(1), z.meta({ description: 'Password of the user.', secret: true })),
  list: z
    ._default(z.string().check(z.regex(/^[\w.-]+$/)), 'outrider')
    .check(z.describe('Address list that a drop rule uses, of the same name for IPv4 and IPv6.')),
})

type Options = z.infer<typeof options>

/** RouterOS 7 ends an entry by itself after its timeout. One that is there keeps its old end, so it is taken away before it is put back. */
export default defineResponse({
  name: 'mikrotik',
  summary: 'Puts an address or network into an address list of a MikroTik router.',
  docs: 'https://help.mikrotik.com/docs/spaces/ROS/pages/47579162/REST+API',
  options,
  example: { url: 'https://router.example.com', username: 'outrider', password: 'YOUR_PASSWORD' },
  acts_on: 'address',

  key: (alert) => addressKey(alert),
  parseKey: parseAddressKey,
  add(key, seconds, options) {
    const entry = { list: options.list, address: key, comment, ...(seconds > 0 && { timeout: `${seconds}s` }) }
    return [removal(key, options, [{ ...call(options, key, 'PUT'), json: entry }])]
  },
  delete: (key, options) => [removal(key, options, [])],
  list: {
    steps: (options) => [find(options, ''), find(options, ':')],
    parse: (outputs) =>
      outputs.flatMap((text) =>
        (JSON.parse(text) as Entry[]).filter(isOurs).flatMap(({ address }) => parseAddressKey(address) ?? []),
      ),
  },
})

const comment = 'outrider'

interface Entry {
  '.id': string
  address: string
  comment?: string
}

const isOurs = (entry: Entry) => entry.comment === comment

/** @param key decides the family */
function call(
  { url, username, password }: Options,
  key: string,
  method: HttpRequest['method'],
  rest = '',
): HttpRequest {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  const family = key.includes(':') ? 'ipv6' : 'ip'
  return {
    method,
    url: `${url.replace(/\/+$/, '')}/rest/${family}/firewall/address-list${rest}`,
    headers: { authorization },
  }
}

function find(options: Options, key: string): HttpRequest {
  return call(options, key, 'GET', `?list=${encodeURIComponent(options.list)}`)
}

function removal(key: string, options: Options, then: HttpStep[]): HttpStep {
  return {
    ...find(options, key),
    next: ({ text }) => [
      ...(JSON.parse(text) as Entry[])
        .filter((entry) => isOurs(entry) && parseAddressKey(entry.address) === key)
        .map((entry) => ({ ...call(options, key, 'DELETE', `/${entry['.id']}`), fine: [404] })),
      ...then,
    ],
  }
}
