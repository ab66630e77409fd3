import * as z from 'zod/mini'
import { type Command, defineResponse, type Step } from '../define.ts'
import type { KeyTime } from './actor.ts'
import { addEntries, deleteEntries, entriesIn, listSets, prepareSets, type Sets } from './ipset.ts'
import { blocked, changeRules, families, listRules, prepareChain } from './iptables.ts'
import { addressKey, parseAddressKey } from './keys.ts'
import { addElements, deleteElements, elementsIn, listTable, mostAtOnce, prepareTable } from './nftables.ts'

const options = z.object({
  table: z
    ._default(z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]{0,27}$/)), 'outrider')
    .check(
      z.describe(
        'Name of our nftables table, in the family inet; with iptables, of our chain. Nothing else is touched.',
      ),
    ),
  forward: z
    ._default(z.boolean(), true)
    .check(z.describe('Also drop what this machine forwards: for routers, and for containers.')),
  ipv6_prefix: z
    ._default(z.int().check(z.gte(48), z.lte(128)), 128)
    .check(
      z.describe('Block the IPv6 network of this length around an address; 64 is what one subscriber usually has.'),
    ),
  backend: z
    ._default(z.enum(['auto', 'nftables', 'ipset', 'iptables']), 'auto')
    .check(
      z.describe(
        'What does it: nftables; ipset with iptables; or a rule of iptables for each address, which knows no end. auto: the first of them whose program is here.',
      ),
    ),
})

type Options = z.infer<typeof options>

/**
 * With nftables where there is `nft`, else with ipset and iptables, else with rules of iptables alone. Each change asks anew, in that order, so that there is
 * nothing to be remembered: a program that is not there costs a failed look-up.
 */
export default defineResponse({
  name: 'firewall-drop',
  summary: 'Drops all packets from an address or network, with nftables, or with ipset and iptables.',
  docs: 'https://wiki.nftables.org/wiki-nftables/index.php/Sets',
  options,
  example: { ipv6_prefix: 64 },
  acts_on: 'address',
  needs_root: true,

  key: (alert, { ipv6_prefix }) => addressKey(alert, ipv6_prefix),
  parseKey: parseAddressKey,

  prepare: (options) =>
    firstOf(options, {
      nftables: () => [prepareTable(options.table, options.forward)],
      ipset: () => [prepareSets(setsOf(options))],
      iptables: () => families.map(({ program }) => prepareChain(program, setsOf(options))),
    }),

  addMany: (items, options) => chunks(items).flatMap((some) => add(some, options)),
  deleteMany: (keys, options) => chunks(keys).flatMap((some) => remove(some, options)),

  list: {
    steps(options) {
      const sets = listSets(setsOf(options))
      const rules = families.map(({ program }) => listRules(program, options.table))
      return firstOf(options, { nftables: () => [listTable(options.table)], ipset: () => sets, iptables: () => rules })
    },
    // Whoever was asked: what they print cannot be taken for one another.
    parse: (outputs, { table }) =>
      outputs.flatMap((output) =>
        output.startsWith('{') ? elementsIn(output) : [...entriesIn(output), ...blocked(output, table).keys()],
      ),
  },
})

type Backend = Exclude<Options['backend'], 'auto'>

/** The steps of the backend that is asked for; else those of the first whose program is here. */
function firstOf({ backend }: Options, by: Record<Backend, () => Step[]>): Step[] {
  if (backend !== 'auto') return by[backend]()
  const orElse = (steps: Step[], instead: () => Step[]): Step[] =>
    steps.map((step, n) => ({ ...(step as Command), missing: () => (n === 0 ? instead() : []) }))
  return orElse(by.nftables(), () => orElse(by.ipset(), by.iptables))
}

function setsOf({ table, forward }: Options): Sets {
  return {
    chain: table,
    from: forward ? ['INPUT', 'FORWARD'] : ['INPUT'],
    not_from: forward ? [] : ['FORWARD'],
  }
}

function add(items: readonly KeyTime[], options: Options): Step[] {
  const { table } = options
  const keys = items.map(({ key }) => key)
  return firstOf(options, {
    nftables: () => [addElements(items, table)],
    ipset: () => [addEntries(items, table)],
    iptables: () => changeRules(keys, table, '-A'),
  })
}

function remove(keys: readonly string[], options: Options): Step[] {
  const { table } = options
  return firstOf(options, {
    nftables: () => [deleteElements(keys, table)],
    ipset: () => [deleteEntries(keys, table)],
    iptables: () => changeRules(keys, table, '-D'),
  })
}

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / mostAtOnce) }, (_, n) =>
    items.slice(n * mostAtOnce, (n + 1) * mostAtOnce),
  )
}
