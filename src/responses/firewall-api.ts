import * as z from 'zod/mini'
import { defineResponse } from '../define.ts'
import { addressKey, parseAddressKey } from './keys.ts'

/** The REST firewall of Wazuh's guide to custom scripts: POST /rules blocks, DELETE /rules/ADDRESS ends it. */
export default defineResponse({
  name: 'firewall-api',
  summary: 'Blocks an address through a firewall with a REST API: POST /rules, DELETE /rules/ADDRESS.',
  docs: 'https://documentation.wazuh.com/current/user-manual/capabilities/active-response/custom-active-response-scripts.html',
  options: z.object({
    url: z.url({ protocol: /^https?$/ }).check(z.describe('Address of the API, without /rules.')),
    token: z
      .string()
      .check(z.minLength(1), z.meta({ description: 'Sent as "Authorization: Bearer …".', secret: true })),
    reason: z
      ._default(z.string(), 'Wazuh Active Response - automated block')
      .check(z.describe('Reason that the firewall shows for a block.')),
  }),
  example: { url: 'https://firewall.example.com/api', token: 'YOUR_TOKEN' },
  acts_on: 'address',

  key: (alert) => addressKey(alert),
  parseKey: parseAddressKey,
  add: (key, seconds, { url, token, reason }) => [
    {
      url: `${base(url)}/rules`,
      headers: { authorization: `Bearer ${token}` },
      json: { action: 'block', source: key, ...(seconds > 0 && { duration: seconds }), reason },
      // It is there already.
      fine: [409],
    },
  ],
  delete: (key, { url, token }) => [
    {
      method: 'DELETE',
      url: `${base(url)}/rules/${encodeURIComponent(key)}`,
      headers: { authorization: `Bearer ${token}` },
      fine: [404, 410],
    },
  ],
})

function base(url: string): string {
  return url.replace(/\/+$/, '')
}
