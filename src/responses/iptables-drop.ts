import * as z from 'zod/mini'
import { defineResponse } from '../define.ts'
import { blocked, changeRules, families, listRules, prepareChain } from './iptables.ts'
import { addressKey, parseAddressKey } from './keys.ts'

const options = z.object({
  chain: z
    ._default(z.string().check(z.regex(/^[A-Z][A-Z0-9_]{0,25}$/)), 'OUTRIDER')
    .check(z.describe('Name of our chain in the table "filter". Nothing outside of it is touched but the jump to it.')),
})

/**
 * A rule for each address, in one chain. firewall-drop costs less for each packet and ends blocks by itself, with nftables or with ipset.
 */
export default defineResponse({
  name: 'iptables-drop',
  summary: 'Drops all packets from an address or network, with iptables and ip6tables.',
  docs: 'https://manpages.debian.org/iptables.8',
  options,
  example: {},
  acts_on: 'address',
  needs_root: true,

  key: (alert) => addressKey(alert),
  parseKey: parseAddressKey,

  prepare: ({ chain }) => families.map(({ program }) => prepareChain(program, { chain, from: ['INPUT', 'FORWARD'] })),
  addMany: (items, { chain }) =>
    changeRules(
      items.map(({ key }) => key),
      chain,
      '-A',
    ),
  deleteMany: (keys, { chain }) => changeRules(keys, chain, '-D'),
  list: {
    steps: ({ chain }) => families.map(({ program }) => listRules(program, chain)),
    parse: (outputs, { chain }) => outputs.flatMap((rules) => [...blocked(rules, chain).keys()]),
  },
})
