/**
 * Addresses of `<srcip>` and `<dstip>`. spec/engine-rules.md, 4.3.
 *
 * A specification is an IPv4 or IPv6 address, alone or with a prefix length or an IPv4 mask, or `any`; the value is one address. Host bits
 * are masked off. A leading `!` is read and forgotten: only `negate="yes"` inverts, and that is for the rule to do.
 *
 * The original keeps either family behind one pointer and picks the family by the *value*. So a value of the other family is compared with
 * whatever lies there, and two odd results are certain and kept: an IPv6 specification that begins with 64 zero bits, such as `::1`, matches
 * every IPv4 value, and a prefix length of 0 matches IPv6 values. validate_op.c: OS_IPFoundList, os_ip.h.
 */
import type { PatternError } from './pattern.ts'

/** A compiled list of addresses. */
export interface AddressList {
  /** Whether the value is an address, and any of the list holds it. */
  test(value: string): boolean
  /** What the value must lie in, as an IPv4 address, for the test to hold: the first `bits` of the address. Undefined: not to be put so simply. */
  readonly ipv4: readonly { address: number; bits: number }[] | undefined
}

interface Range {
  address: number[]
  mask: number[]
}

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const dotted = `${octet}(?:\\.${octet}){3}`
// The original tests with PCRE2, where `$` also stands before one final newline.
const ipv4Specification = new RegExp(`^(?:::[fF]{4}:)?(${dotted})(?:/(3[0-2]|[12]?\\d|${dotted}))?\n?$`)
const ipv6Specification = /^([\da-fA-F:]+)(?:\/(12[0-8]|1[01]\d|\d?\d))?\n?$/
const ipv4Value = new RegExp(`^${dotted}$`)

/**
 * Compiles a list of addresses, any of which may hold.
 *
 * @returns `{ error }` with code 0 when one of them is refused, as the original then refuses the rule (error 1237)
 */
export function compileAddresses(
  specifications: readonly string[],
): { addresses: AddressList; error?: undefined } | { addresses?: undefined; error: PatternError } {
  const ranges: Range[] = []
  for (const specification of specifications) {
    const range = parseSpecification(specification.startsWith('!') ? specification.slice(1) : specification)
    if (!range) {
      const message = `"${specification}" is no address; write 10.0.0.1, 10.0.0.0/8, 10.0.0.0/255.0.0.0, 2001:db8::/32 or any`
      return { error: { code: 0, message } }
    }
    ranges.push(range)
  }
  return {
    addresses: {
      test(value) {
        const address = parseAddress(value)
        return address !== undefined && ranges.some((range) => holds(range, address))
      },
      ipv4: ipv4Ranges(ranges),
    },
  }
}

function ipv4Ranges(ranges: readonly Range[]): AddressList['ipv4'] {
  const numberOf = (bytes: number[]) => bytes.reduce((sum, byte) => sum * 256 + byte, 0)
  const found: { address: number; bits: number }[] = []
  for (const { address, mask } of ranges) {
    const bits = 32 - Math.log2(2 ** 32 - numberOf(mask))
    // A prefix of no bits holds addresses of the other family, too; and a mask may have holes.
    if (mask.length !== 4 || bits === 0 || !Number.isInteger(bits)) return undefined
    found.push({ address: numberOf(address), bits })
  }
  return found
}

function holds({ address, mask }: Range, value: number[]): boolean {
  if (value.length === address.length) return value.every((byte, i) => (byte & mask[i]!) === address[i])
  // An IPv4 value reads the first eight bytes of an IPv6 specification as address and mask.
  if (value.length === 4) return value.every((byte, i) => (byte & address[i + 4]!) === address[i])
  // An IPv6 value reads address and mask of an IPv4 specification as its first bytes, and zeros for its mask. What it reads for its ninth
  // and tenth byte lies out of bounds, so a value that is not zero there could go either way in the original.
  return mask.every((byte) => byte === 0)
}

function parseSpecification(text: string): Range | undefined {
  if (text === 'any') return { address: new Array(16).fill(0), mask: new Array(16).fill(0) }
  const ipv4 = ipv4Specification.exec(text)
  if (ipv4) return rangeOf(parseIpv4(ipv4[1]!), ipv4[2]?.includes('.') ? parseIpv4(ipv4[2]) : Number(ipv4[2] ?? 32))
  const ipv6 = ipv6Specification.exec(text)
  const address = ipv6 && parseIpv6(ipv6[1]!)
  // `::` with a prefix length is the one form that the original does not accept.
  if (!address || (ipv6[1] === '::' && ipv6[2] !== undefined)) return undefined
  return rangeOf(address, Number(ipv6[2] ?? 128))
}

function rangeOf(address: number[], maskOrLength: number[] | number): Range {
  const mask =
    typeof maskOrLength === 'number'
      ? address.map((_, i) => 0xff & (0xff00 >> Math.min(8, Math.max(0, maskOrLength - 8 * i))))
      : maskOrLength
  return { address: address.map((byte, i) => byte & mask[i]!), mask }
}

/** The bytes of an address as `inet_pton` reads it: no leading zeros in IPv4, no zone, no blanks. */
function parseAddress(text: string): number[] | undefined {
  if (text !== lastText) {
    lastAddress = ipv4Value.test(text) ? parseIpv4(text) : parseIpv6(text)
    lastText = text
  }
  return lastAddress
}

/** One address of an event meets many rules in a row; to parse it costs ten times as much as to compare it. */
let lastText = ''
let lastAddress: number[] | undefined

function parseIpv4(text: string): number[] {
  return text.split('.').map(Number)
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, i) => groupsOf(half, i === halves.length - 1))
  if (!head) return undefined
  if (halves.length === 1) return head.length === 16 ? head : undefined
  // The original's `::` stands for one group at least.
  if (!tail || head.length + tail.length > 14) return undefined
  return [...head, ...new Array(16 - head.length - tail.length).fill(0), ...tail]
}

/** The bytes of `a:b:c`, where the last group of an address may be IPv4. */
function groupsOf(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [i, group] of groups.entries()) {
    if (/^[\da-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
    } else if (mayEndInIpv4 && i === groups.length - 1 && ipv4Value.test(group)) {
      bytes.push(...parseIpv4(group))
    } else return undefined
  }
  return bytes
}
