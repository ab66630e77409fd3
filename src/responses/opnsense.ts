import * as z from 'zod/mini'
import { defineResponse, type HttpRequest, type HttpResponse } from '../define.ts'
import { addressKey, parseAddressKey } from './keys.ts'

const options = z.object({
  url: z.url({ protocol: /^https?$/ }).check(z.describe('Address of the firewall: https://firewall.example.com.')),
  api_key: z.string().check(z.minLength(1), z.meta({ description: 'Key of an API user.', secret: true })),
  api_secret: z.string().check(z.minLength(1), z.meta({ description: 'Secret of the API user.', secret: true })),
  alias: z
    ._default(z.string().check(z.regex(/^\w{1,32}$/)), 'outrider')
    .check(z.describe('Alias of the type External that a block rule uses.')),
})

type Options = z.infer<typeof options>

/**
 * The alias has to be there, with a rule that uses it. With the type External its addresses live in the packet filter alone and are gone after it was
 * started anew; they are put back within a minute.
 */
export default defineResponse({
  name: 'opnsense',
  summary: 'Puts an address or network into an alias of an OPNsense firewall.',
  docs: 'https://docs.opnsense.org/development/api/core/firewall.html',
  options,
  example: { url: 'https://firewall.example.com', api_key: 'w86XNZob', api_secret: 'puOyw0Ega' },
  acts_on: 'address',

  key: (alert) => addressKey(alert),
  parseKey: parseAddressKey,
  add: (key, _, options) => [{ ...call(options, 'POST', 'add'), json: { address: key }, next: expectDone }],
  delete: (key, options) => [{ ...call(options, 'POST', 'delete'), json: { address: key }, next: expectDone }],
  list: {
    steps: (options) => [call(options, 'GET', 'list')],
    parse: ([text = '{}']) => {
      // Before 19.7: a list of texts.
      const answer = JSON.parse(text) as { rows?: { ip: string }[] } | string[]
      const addresses = Array.isArray(answer) ? answer : (answer.rows ?? []).map(({ ip }) => ip)
      return addresses.flatMap((address) => parseAddressKey(address) ?? [])
    },
    shared: true,
  },
})

function call({ url, api_key, api_secret, alias }: Options, method: HttpRequest['method'], what: string): HttpRequest {
  const authorization = `Basic ${Buffer.from(`${api_key}:${api_secret}`).toString('base64')}`
  return {
    method,
    url: `${url.replace(/\/+$/, '')}/api/firewall/alias_util/${what}/${alias}`,
    headers: { authorization },
  }
}

function expectDone({ text }: HttpResponse): [] {
  const { status } = JSON.parse(text)
  if (status !== 'done') throw new Error(`the firewall answers "${status}"`)
  return []
}
