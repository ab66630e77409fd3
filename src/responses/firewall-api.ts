import * as z from 'zod/mini'
import { defineResponse, type HttpStep } from '../define.ts'
import { httpUrl, secretText, tls } from '../integrations/options.ts'
import { addressKey, parseAddressKey } from './keys.ts'

const options = z.object({
  url: httpUrl('Address of the API, without /rules.'),
  token: secretText('Sent as "Authorization: Bearer …".'),
  reason: z
    ._default(z.string(), 'Wazuh Active Response - automated block')
    .check(z.describe('Reason that the firewall shows for a block.')),
  verify: z
    ._default(z.boolean(), false)
    .check(
      z.describe(
        'The API also knows GET /rules, and answers with a list of rules that have a "source" (or with {"rules": …}): look there whether a block is in force.',
      ),
    ),
  ...tls,
})

type Options = z.infer<typeof options>

/** The REST firewall of Wazuh's guide to custom scripts: POST /rules blocks, DELETE /rules/ADDRESS ends it. */
export default defineResponse({
  name: 'firewall-api',
  summary: 'Blocks an address through a firewall with a REST API: POST /rules, DELETE /rules/ADDRESS.',
  docs: 'https://documentation.wazuh.com/current/user-manual/capabilities/active-response/custom-active-response-scripts.html',
  options,
  example: { url: 'https://firewall.example.com/api', token: 'YOUR_TOKEN' },
  acts_on: 'address',

  key: (alert) => addressKey(alert),
  parseKey: parseAddressKey,
  add(key, seconds, options) {
    const { reason } = options
    const json = { action: 'block', source: key, ...(seconds > 0 && { duration: seconds }), reason }
    const block = { ...call(options, ''), json, fine: [409] }
    // It is there already, perhaps with an earlier end.
    const next: HttpStep['next'] = ({ status }) => (status === 409 ? [removal(key, options), block] : [])
    return [{ ...block, next }]
  },
  delete: (key, options) => [removal(key, options)],
  list: {
    steps: (options) => (options.verify ? [{ ...call(options, ''), method: 'GET' }] : []),
    parse([text = '[]']) {
      const answer = JSON.parse(text) as Rule[] | { rules: Rule[] }
      const rules = Array.isArray(answer) ? answer : answer.rules
      return rules.flatMap(({ source }) => parseAddressKey(String(source)) ?? [])
    },
    shared: true,
  },
})

interface Rule {
  source: unknown
}

function call({ url, token }: Options, path: string): HttpStep {
  return { url: `${url.replace(/\/+$/, '')}/rules${path}`, headers: { authorization: `Bearer ${token}` } }
}

function removal(key: string, options: Options): HttpStep {
  return { ...call(options, `/${encodeURIComponent(key)}`), method: 'DELETE', fine: [404, 410] }
}
