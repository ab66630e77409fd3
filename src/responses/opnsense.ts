import * as z from 'zod/mini'
import { defineResponse, type HttpRequest, type HttpResponse } from '../define.ts'
import { basicAuth, httpUrl, secretText, tls } from '../integrations/options.ts'
import { addressKey, parseAddressKey } from './keys.ts'

const options = z.object({
  url: httpUrl('Address of the firewall: https://firewall.example.com.'),
  api_key: secretText('Key of an API user.'),
  api_secret: secretText('Secret of the API user.'),
  alias: z
    ._default(z.string().check(z.regex(/^\w{1,32}$/)), 'outrider')
    .check(z.describe('Alias of the type External that a block rule uses.')),
  ...tls,
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
  return {
    method,
    url: `${url.replace(/\/+$/, '')}/api/firewall/alias_util/${what}/${alias}`,
    headers: { authorization: basicAuth(api_key, api_secret) },
  }
}

function expectDone({ text }: HttpResponse): [] {
  const { status } = JSON.parse(text)
  if (status !== 'done') throw new Error(`the firewall answers "${status}"`)
  return []
}
