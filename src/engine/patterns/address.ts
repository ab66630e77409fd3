/**
 * Addresses of `<srcip>` and `<dstip>`. spec/engine-rules.md, 4.3.
 *
 * A specification is an IPv4 or IPv6 address, alone or with a prefix length or an IPv4 mask, or `any`; the value is one address. Host bits
 * are masked off. A leading `!` is read and forgotten: only `negate="yes"` inverts, and that is for the rule to do.
 *
 * The original keeps either family behind one pointer and picks the family by the *value*. So a value of the other family is compared with
 * the bytes that happen to lie there, and two odd results are certain and kept: an IPv6 specification that begins with 64 zero bits, such as
 * `::1`, matches every IPv4 value, and `0.0.0.0/0` matches IPv6 values. validate_op.c: OS_IPFoundList, os_ip.h.
 */
import { isIPv6 } from 'node:net'

/** A test for one address value. */
export interface AddressTest {
  test(value: string): boolean
}

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const dotted = `${octet}(?:\\.${octet}){3}`
const ipv4Specification = new RegExp(`^(?:::[fF]{4}:)?(${dotted})(?:/(3[0-2]|[12]?\\d|${dotted}))?\n?$`)
const ipv4Value = new RegExp(`^${dotted}$`)
