import * as z from 'zod/mini'
import { type Command, defineResponse } from '../define.ts'
import { addressKey, parseAddressKey } from './keys.ts'
import { isSingle, parseRange } from './ranges.ts'

const options = z.object({
  table: z
    ._default(z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]{0,30}$/)), 'outrider')
    .check(z.describe('Name of our nftables table, in the family inet. Nothing outside of it is touched.')),
  forward: z
    ._default(z.boolean(), true)
    .check(z.describe('Also drop what this machine forwards: for routers, and for containers.')),
  ipv6_prefix: z
    ._default(z.int().check(z.gte(48), z.lte(128)), 128)
    .check(
      z.describe('Block the IPv6 network of this length around an address; 64 is what one subscriber usually has.'),
    ),
})

/**
 * `inet outrider` holds four sets: single addresses in hash sets, networks in interval sets. An element carries its own timeout, so a block ends on time
 * even when we do not run. The chains come before other filters (priority filter - 10) and drop, which is final whatever the others say.
 */
export default defineResponse({
  name: 'firewall-drop',
  summary: 'Drops all packets from an address or network, with nftables.',
  docs: 'https://wiki.nftables.org/wiki-nftables/index.php/Sets',
  options,
  example: { ipv6_prefix: 64 },
  acts_on: 'address',
  needs_root: true,

  key: (alert, { ipv6_prefix }) => addressKey(alert, ipv6_prefix),
  parseKey: parseAddressKey,

  prepare({ table, forward }) {
    const hook = (chain: string) => [
      `add chain inet ${table} ${chain} { type filter hook ${chain} priority -10; policy accept; }`,
      `flush chain inet ${table} ${chain}`,
    ]
    const rules = (chain: string) =>
      Object.entries(sets).map(
        ([name, { match }]) => `add rule inet ${table} ${chain} ${match} saddr @${name} counter drop`,
      )
    return [
      nft([
        `add table inet ${table}`,
        ...Object.entries(sets).map(
          ([name, { type, flags }]) => `add set inet ${table} ${name} { type ${type}; flags ${flags}; }`,
        ),
        ...hook('input'),
        ...rules('input'),
        ...hook('forward'),
        ...(forward ? rules('forward') : [`delete chain inet ${table} forward`]),
      ]),
    ]
  },

  add: (key, seconds, { table }) => [nft(addElements([{ key, seconds }], table))],
  addMany: (items, { table }) => chunks(items).map((some) => nft(addElements(some, table))),
  delete: (key, { table }) => [nft(deleteElements([key], table))],
  deleteMany: (keys, { table }) => chunks(keys).map((some) => nft(deleteElements(some, table))),

  list: {
    // One table and not its four sets, so that a table that is gone is noticed, too.
    steps: ({ table }) => [{ argv: ['nft', '-j', 'list', 'table', 'inet', table] }],
    parse: ([output = '']) =>
      (JSON.parse(output) as Listing).nftables.flatMap(({ set }) => set?.elem ?? []).flatMap(keyOf),
  },
})

const sets = {
  address4: { type: 'ipv4_addr', flags: 'timeout', match: 'ip' },
  address6: { type: 'ipv6_addr', flags: 'timeout', match: 'ip6' },
  network4: { type: 'ipv4_addr', flags: 'interval, timeout', match: 'ip' },
  network6: { type: 'ipv6_addr', flags: 'interval, timeout', match: 'ip6' },
}

function nft(lines: string[]): Command {
  return { argv: ['nft', '-f', '-'], stdin: `${lines.join('\n')}\n` }
}

/**
 * One transaction is one netlink message, which may not be longer than net.core.wmem_max (208 KiB) where nft cannot force it. A thousand IPv6
 * addresses three times are some 150 KiB, and take 30 ms.
 */
const mostAtOnce = 1000

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / mostAtOnce) }, (_, n) =>
    items.slice(n * mostAtOnce, (n + 1) * mostAtOnce),
  )
}

/** Added so that there is something to delete, deleted, added: only a new element takes the new timeout. All in one transaction, without a gap. */
function addElements(items: readonly { key: string; seconds: number }[], table: string): string[] {
  return perSet(items, ({ key }) => key).flatMap(([set, some]) => [
    ...replaceable(
      some.map(({ key }) => key),
      set,
      table,
    ),
    `add element inet ${table} ${set} { ${some.map(({ key, seconds }) => (seconds > 0 ? `${key} timeout ${seconds}s` : key)).join(', ')} }`,
  ])
}

function deleteElements(keys: readonly string[], table: string): string[] {
  return perSet(keys, (key) => key).flatMap(([set, some]) => replaceable(some, set, table))
}

/** Deleting what is not there would fail; `destroy` came with nftables 1.0.7. */
function replaceable(keys: readonly string[], set: string, table: string): string[] {
  const elements = keys.join(', ')
  return [`add element inet ${table} ${set} { ${elements} }`, `delete element inet ${table} ${set} { ${elements} }`]
}

function perSet<T>(items: readonly T[], keyOf: (item: T) => string): [set: string, items: T[]][] {
  // Not Map.groupBy, which Node 20 lacks: built scripts run with whatever Node an agent's machine has.
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const range = parseRange(keyOf(item))!
    const set = `${isSingle(range) ? 'address' : 'network'}${range.family}`
    const group = groups.get(set)
    if (group) group.push(item)
    else groups.set(set, [item])
  }
  return [...groups]
}

interface Listing {
  nftables: { set?: { elem?: Element[] } }[]
}
type Value = string | { prefix: { addr: string; len: number } } | { range: [string, string] }
/** An element without a timeout stands bare, one with it within `elem`. */
type Element = Value | { elem: { val: Value } }

/** None for a range: we add none. */
function keyOf(element: Element): string[] {
  const value = typeof element === 'object' && 'elem' in element ? element.elem.val : element
  if (typeof value === 'object' && 'range' in value) return []
  const key = parseAddressKey(typeof value === 'string' ? value : `${value.prefix.addr}/${value.prefix.len}`)
  return key === undefined ? [] : [key]
}
