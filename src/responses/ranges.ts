/** Addresses and networks: reading, the one spelling we use for each, and whether two of them meet. */
import { isIPv4, isIPv6 } from 'node:net'

export interface Range {
  family: 4 | 6
  /** The first address as a number. */
  first: bigint
  /** Prefix length: 32 or 128 for a single address. */
  prefix: number
}

/**
 * `10.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`, `::ffff:10.0.0.1` (which is 10.0.0.1). Host bits are dropped. Strict: no host names, no
 * `10.1`, no zone (`fe80::1%eth0`).
 */
export function parseRange(text: string): Range | undefined {
  const slash = text.indexOf('/')
  const address = slash < 0 ? text : text.slice(0, slash)
  const length = slash < 0 ? undefined : text.slice(slash + 1)
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped && isIPv4(mapped)) {
    if (length !== undefined && Number(length) < 96) return undefined
    return rangeOf(4, ipv4Number(mapped), length === undefined ? 32 : Number(length) - 96)
  }
  if (isIPv4(address)) return rangeOf(4, ipv4Number(address), Number(length ?? 32))
  if (isIPv6(address) && !address.includes('%')) return rangeOf(6, ipv6Number(address), Number(length ?? 128))
  return undefined
}

function rangeOf(family: 4 | 6, address: bigint, prefix: number): Range | undefined {
  const width = widthOf(family)
  if (prefix > width) return undefined
  const shift = BigInt(width - prefix)
  return { family, first: (address >> shift) << shift, prefix }
}

/** `10.0.0.1`, `10.0.0.0/8`, `2001:db8::1` (RFC 5952): equal ranges have equal texts. */
export function formatRange({ family, first, prefix }: Range): string {
  const address = family === 4 ? formatIpv4(first) : formatIpv6(first)
  return prefix === widthOf(family) ? address : `${address}/${prefix}`
}

/** The first address of it. */
export function firstOf({ family, first }: Range): string {
  return formatRange({ family, first, prefix: widthOf(family) })
}

/** The last address of it. */
export function lastOf({ family, first, prefix }: Range): string {
  const width = widthOf(family)
  return formatRange({ family, first: first | ((1n << BigInt(width - prefix)) - 1n), prefix: width })
}

/** A key with its length, which a single address has, too: `10.0.0.1/32`. */
export function asCidr(key: string): string {
  return key.includes('/') ? key : `${key}/${key.includes(':') ? 128 : 32}`
}

/** The network of that length around it, itself when it is no longer than that. */
export function widen(range: Range, prefix: number): Range {
  return range.prefix <= prefix ? range : rangeOf(range.family, range.first, prefix)!
}

/** Whether they have an address in common. */
export function overlaps(a: Range, b: Range): boolean {
  if (a.family !== b.family) return false
  const shift = BigInt(widthOf(a.family) - Math.min(a.prefix, b.prefix))
  return a.first >> shift === b.first >> shift
}

export function isSingle({ family, prefix }: Range): boolean {
  return prefix === widthOf(family)
}

function widthOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128
}

function ipv4Number(text: string): bigint {
  return BigInt(text.split('.').reduce((number, part) => number * 256 + Number(part), 0))
}

function ipv6Number(text: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const hex = dotted
    ? `${dotted[1]}${(ipv4Number(dotted[2]!) >> 16n).toString(16)}:${(ipv4Number(dotted[2]!) & 0xffffn).toString(16)}`
    : text
  const [head = '', tail] = hex.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros: string[] = new Array(8 - left.length - right.length).fill('0')
  return [...left, ...zeros, ...right].reduce((number, part) => (number << 16n) | BigInt(`0x${part}`), 0n)
}

function formatIpv4(address: bigint): string {
  const number = Number(address)
  return [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255].join('.')
}

/** The longest run of two or more zero groups becomes `::`, the first one of equals. */
function formatIpv6(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, n) => Number((address >> BigInt(112 - 16 * n)) & 0xffffn))
  let best = { at: 0, length: 1 }
  for (let at = 0; at < 8; at++) {
    let length = 0
    while (at + length < 8 && groups[at + length] === 0) length++
    if (length > best.length) best = { at, length }
  }
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(':')
  if (best.length < 2) return text(groups)
  return `${text(groups.slice(0, best.at))}::${text(groups.slice(best.at + best.length))}`
}
