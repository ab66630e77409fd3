/** What our responses act on, from an alert. Stricter than Wazuh's own programs, which take `1` and `0x7f.1` for addresses. */
import type { Alert } from '../alert.ts'
import { accountIn, addressesIn } from '../wazuh/execd.ts'
import { formatRange, isSingle, parseRange, widen } from './ranges.ts'

/** The address that an alert is about, in one spelling; the network around it where an IPv6 prefix length is given. */
export function addressKey(alert: Alert, ipv6_prefix = 128): string | undefined {
  for (const text of addressesIn(alert)) {
    const range = parseRange(text)
    if (range && isSingle(range)) return formatRange(range.family === 6 ? widen(range, ipv6_prefix) : range)
  }
  return undefined
}

/** An address or network that a person wrote. */
export function parseAddressKey(text: string): string | undefined {
  const range = parseRange(text.trim())
  return range && formatRange(range)
}

/** The account that an alert is about, unless it is root. A name that a program could take for an option, a path or two words is none. */
export function accountKey(alert: Alert): string | undefined {
  const name = accountIn(alert)
  return name === undefined ? undefined : parseAccountKey(name)
}

export function parseAccountKey(name: string): string | undefined {
  return name !== 'root' && /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,254}\$?$/.test(name) ? name : undefined
}

/**
 * The name with which a person signs in to a service that does not tell capitals from small letters: `mallory@example.com`. Those that are never to be locked out
 * are no key at all, so that neither an alert nor a person can ask for it.
 *
 * @param domain of names that have none
 */
export function signInName(
  name: string | undefined,
  { domain, never }: { domain?: string | undefined; never: readonly string[] },
): string | undefined {
  const account = name === undefined ? undefined : parseAccountKey(name.trim())
  if (account === undefined) return undefined
  const whole = (given: string) =>
    (given.includes('@') || domain === undefined ? given : `${given}@${domain}`).toLowerCase()
  return never.some((one) => whole(one) === whole(account)) ? undefined : whole(account)
}
