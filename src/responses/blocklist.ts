import * as z from 'zod/mini'
import { defineResponse } from '../define.ts'
import { addressKey, parseAddressKey } from './keys.ts'

/** Nothing is done anywhere: the leases are the list, see blocklist-page.ts. */
export default defineResponse({
  name: 'blocklist',
  summary: 'Keeps a list of addresses and networks that any firewall can fetch over HTTP.',
  docs: 'https://docs.paloaltonetworks.com/network-security/security-policy/administration/objects/external-dynamic-lists',
  options: z.object({
    ipv6_prefix: z
      ._default(z.int().check(z.gte(48), z.lte(128)), 128)
      .check(z.describe('List the IPv6 network of this length around an address.')),
  }),
  example: { ipv6_prefix: 64 },
  acts_on: 'address',

  key: (alert, { ipv6_prefix }) => addressKey(alert, ipv6_prefix),
  parseKey: parseAddressKey,
  add: () => [],
  delete: () => [],
})
