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
    token: z.optional(z.string().check(z.minLength(16, 'too short: at least 16 characters'))).check(
      z.meta({
        description:
          'What a firewall shows to fetch /blocklist/blocklist: as Bearer token or as the password of Basic authentication. Without one nothing is served.',
        secret: true,
      }),
    ),
  }),
  example: { ipv6_prefix: 64, token: 'edge-firewall-2f8a61c0' },
  acts_on: 'address',

  key: (alert, { ipv6_prefix }) => addressKey(alert, ipv6_prefix),
  parseKey: parseAddressKey,
  add: () => [],
  delete: () => [],
})
