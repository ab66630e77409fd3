/**
 * A table of our own with four sets: single addresses in hash sets, networks in interval sets. An element carries its own timeout, so a block ends on time
 * even when we do not run. The chains come before other filters (priority filter - 10) and drop, which is final whatever the others say.
 */
import type { Command } from '../define.ts'
import type { KeyTime } from './actor.ts'
import { parseAddressKey } from './keys.ts'
import { isSingle, parseRange } from './ranges.ts'

export function prepareTable(table: string, forward: boolean): Command {
  const hook = (chain: string) => [
    `add chain inet ${table} ${chain} { type filter hook ${chain} priority -10; policy accept; }`,
    `flush chain inet ${table} ${chain}`,
  ]
  const rules = (chain: string) =>
    Object.entries(sets).map(
      ([name, { match }]) => `add rule inet ${table} ${chain} ${match} saddr @${name} counter drop`,
    )
  return nft([
    `add table inet ${table}`,
    ...Object.entries(sets).map(
      ([name, { type, flags }]) => `add set inet ${table} ${name} { type ${type}; flags ${flags}; }`,
    ),
    ...hook('input'),
    ...rules('input'),
    ...hook('forward'),
    ...(forward ? rules('forward') : [`delete chain inet ${table} forward`]),
  ])
}

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
export const mostAtOnce = 1000

/**
 * Added so that there is something to delete, deleted, added: only a new element takes the new timeout. All in one transaction, without a gap.
 *
 * @param items at most {@link mostAtOnce}
 */
export function addElements(items: readonly KeyTime[], table: string): Command {
  const element = ({ key, seconds }: KeyTime) => (seconds > 0 ? `${key} timeout ${seconds}s` : key)
  return nft(
    perSet(items, ({ key }) => key).flatMap(([set, some]) => [
      ...replaceable(
        some.map(({ key }) => key),
        set,
        table,
      ),
      `add element inet ${table} ${set} { ${some.map(element).join(', ')} }`,
    ]),
  )
}

/** @param keys at most {@link mostAtOnce} */
export function deleteElements(keys: readonly string[], table: string): Command {
  return nft(perSet(keys, (key) => key).flatMap(([set, some]) => replaceable(some, set, table)))
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

/** The whole table and not its four sets, so that a table that is gone is noticed, too. */
export function listTable(table: string): Command {
  return { argv: ['nft', '-j', 'list', 'table', 'inet', table] }
}

export function elementsIn(output: string): string[] {
  return (JSON.parse(output) as Listing).nftables.flatMap(({ set }) => set?.elem ?? []).flatMap(keyOf)
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
