import * as z from 'zod/mini'
import { defineResponse, type HttpRequest, type HttpResponse, type HttpStep, NothingToDo } from '../define.ts'
import { basicAuth, httpUrl, secretText, tls } from '../integrations/options.ts'
import { addressKey, parseAddressKey } from './keys.ts'

const options = z.object({
  url: httpUrl('Address of the router: https://router.example.com.'),
  username: z.string().check(z.minLength(1), z.describe('User with the rights read, write and rest-api.')),
  password: secretText('Password of the user.'),
  list: z
    ._default(z.string().check(z.regex(/^[\w.-]+$/)), 'outrider')
    .check(z.describe('Address list that a drop rule uses, of the same name for IPv4 and IPv6.')),
  ...tls,
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
    const next: HttpStep['next'] = ({ text }) => {
      const there = entriesOf(text, key)
      if (there.some((one) => !isOurs(one))) throw new NothingToDo(`${key} is in the list already, and not by us`)
      return [...there.map((one) => removal(one, key, options)), { ...call(options, key, 'PUT'), json: entry }]
    }
    return [{ ...find(options, key), next }]
  },
  delete: (key, options) => [
    {
      ...find(options, key),
      next: ({ text }: HttpResponse) =>
        entriesOf(text, key)
          .filter(isOurs)
          .map((one) => removal(one, key, options)),
    },
  ],
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
  const family = key.includes(':') ? 'ipv6' : 'ip'
  return {
    method,
    url: `${url.replace(/\/+$/, '')}/rest/${family}/firewall/address-list${rest}`,
    headers: { authorization: basicAuth(username, password) },
  }
}

function find(options: Options, key: string): HttpRequest {
  return call(options, key, 'GET', `?list=${encodeURIComponent(options.list)}`)
}

const entriesOf = (text: string, key: string) =>
  (JSON.parse(text) as Entry[]).filter(({ address }) => parseAddressKey(address) === key)

function removal(entry: Entry, key: string, options: Options): HttpStep {
  return { ...call(options, key, 'DELETE', `/${entry['.id']}`), fine: [404] }
}
