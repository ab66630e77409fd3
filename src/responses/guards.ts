/**
 * What stands between an alert and this machine's own feet. Every guard is asked before every action, also one that a person asks for; a refusal
 * says which guard it was and why.
 */
import { BlockList } from 'node:net'
import type { NetworkFacts } from './network.ts'
import { firstOf, formatRange, isSingle, lastOf, overlaps, parseRange, type Range } from './ranges.ts'

export interface Refusal {
  /** `loopback`, `own address`, `gateway`, `name server`, `manager`, `host`, `administrator`, `white list`, `never`, `width`, `rate`, … */
  guard: string
  reason: string
}

export interface GuardConfig {
  /** Addresses, networks, host names, account names and countries (`country:DE`) that are never acted on. */
  never: readonly string[]
  /** Addresses and host names of the manager, as an agent's `<client>` has them. */
  manager?: readonly string[]
  /** Addresses and names of the other machines that we act on: without a way to them nothing there could be undone. */
  hosts?: readonly string[]
  /** The entry of `<white_list>` that an address is on. */
  whiteListed(address: string): string | undefined
  /** `<white_list>`, as written: a network that holds one of its addresses is not blocked either. */
  white_list?: readonly string[]
  /** The widest network that may be blocked, as prefix lengths. Default: 24 and 48. */
  widest?: { ipv4: number; ipv6: number }
  /** What people have put out of reach for a while. Called as often as `facts`. */
  allowed?(): { entry: string; reason: string }[]
  /** ISO code of the country of an address; undefined where there is no database to look in. */
  country?: ((address: string) => string | undefined) | undefined
  /** Called at most every two seconds. */
  facts(): NetworkFacts
  /** Addresses of a host name; rejects or is empty when it has none. */
  resolve(name: string): Promise<string[]>
  now(): number
}

export interface Guards {
  /** @param host the target as the alert has it, where it is not an address but a host name */
  address(target: string): Refusal | undefined
  account(name: string): Refusal | undefined
  /** What is wrong with the configuration, in words. */
  readonly problems: readonly string[]
  /** The next question looks at everything anew. */
  changed(): void
  /** Looks the host names up again. What cannot be resolved keeps its last addresses. */
  refresh(): Promise<void>
}

const specials: [range: string, what: string][] = [
  ['127.0.0.0/8', 'loopback'],
  ['::1', 'loopback'],
  ['0.0.0.0/8', 'not an address of a host'],
  ['::', 'not an address of a host'],
  ['169.254.0.0/16', 'link-local: neighbours and metadata services speak from there'],
  ['fe80::/10', 'link-local: neighbours and routers speak from there'],
  ['224.0.0.0/4', 'multicast'],
  ['ff00::/8', 'multicast'],
  ['255.255.255.255', 'broadcast'],
]

export function createGuards(config: GuardConfig): Guards {
  const widest = config.widest ?? { ipv4: 24, ipv6: 48 }
  const fixed = new Guarded()
  for (const [range, what] of specials) fixed.add('loopback', range, `${range} is ${what}`)
  const names = new Map<string, { guard: string; addresses: string[] }>()
  for (const [guard, entries] of [
    ['never', config.never],
    ['manager', config.manager ?? []],
    ['host', config.hosts ?? []],
  ] as const)
    for (const entry of entries) {
      const added = isCountry(entry) || fixed.add(guard, entry, describe(entry, guard))
      const name = entry.toLowerCase()
      // The first is the strictest: it guards accounts, too.
      if (!added && !names.has(name)) names.set(name, { guard, addresses: [] })
    }

  const whiteRanges = (config.white_list ?? []).flatMap((entry) => {
    const range = parseRange(withPrefix(entry))
    return range ? [{ entry, range }] : []
  })

  let changing = new Guarded()
  let allowedNames = new Map<string, string>()
  const neverCountries = new Set(config.never.filter(isCountry).map((entry) => entry.toUpperCase()))
  let allowedCountries = new Map<string, string>()
  let administratorNames = new Set<string>()
  let readAt = Number.NEGATIVE_INFINITY
  function current(): Guarded {
    const now = config.now()
    // The network of a machine changes rarely and a burst asks ten thousand times.
    if (now - readAt < 2000 && now >= readAt) return changing
    readAt = now
    changing = new Guarded()
    const { own, gateways, name_servers, administrators } = config.facts()
    const add = (guard: string, all: { address: string; what: string }[]) => {
      for (const { address, what } of all) changing.add(guard, address, `${address} is ${what}`)
    }
    add('own address', own)
    add('gateway', gateways)
    add('name server', name_servers)
    administratorNames = new Set()
    for (const { address, user, what } of administrators) {
      changing.add('administrator', address, `${address}: ${what}`)
      if (user !== undefined) administratorNames.add(user)
    }
    allowedNames = new Map()
    allowedCountries = new Map()
    for (const { entry, reason } of config.allowed?.() ?? [])
      if (isCountry(entry)) allowedCountries.set(entry.toUpperCase(), reason)
      else if (!changing.add('allowed', entry, `${entry} is allowed: ${reason}`))
        allowedNames.set(entry.toLowerCase(), reason)
    for (const [name, { guard, addresses }] of names)
      for (const address of addresses)
        changing.add(guard, address, `${address} is ${name}, ${guard === 'never' ? 'which is ' : ''}${whatIs(guard)}`)
    return changing
  }

  /** Hosts and directories do not tell capitals from small letters, so what is out of reach is so in any spelling. */
  function named(target: string): Refusal | undefined {
    current()
    const spelling = target.toLowerCase()
    const reason = allowedNames.get(spelling)
    if (reason !== undefined) return { guard: 'allowed', reason: `${target} is allowed: ${reason}` }
    const name = names.get(spelling)
    return name && { guard: name.guard, reason: describe(target, name.guard) }
  }

  function address(target: string): Refusal | undefined {
    const range = parseRange(target)
    if (!range) return named(target)
    const least = range.family === 4 ? widest.ipv4 : widest.ipv6
    if (range.prefix < least)
      return { guard: 'width', reason: `${target} is wider than /${least}, the widest network that may be blocked` }
    const met = fixed.meets(range) ?? current().meets(range)
    if (met) return met
    const abroad = countryRefusal(target, range)
    if (abroad) return abroad
    const entry = whiteEntry(range)
    return entry === undefined
      ? undefined
      : { guard: 'white list', reason: `${target} is on the white list (${entry})` }
  }

  /** Entries may be patterns over the text of an address, of which a network has no single one. */
  function whiteEntry(range: Range): string | undefined {
    if (isSingle(range)) return config.whiteListed(formatRange(range))
    const met = whiteRanges.find(({ range: other }) => overlaps(range, other))
    return met?.entry ?? config.whiteListed(firstOf(range)) ?? config.whiteListed(lastOf(range))
  }

  /** Of a network, the first and the last address are looked at. */
  function countryRefusal(target: string, range: Range): Refusal | undefined {
    if (neverCountries.size + allowedCountries.size === 0) return undefined
    const [some = ''] = [...neverCountries, ...allowedCountries.keys()]
    // What cannot be known must not be done: somebody relies on that list.
    if (!config.country) return { guard: 'country', reason: `${shown(some)} is out of reach, and ${noDatabase}` }
    for (const address of [firstOf(range), lastOf(range)]) {
      const found = `COUNTRY:${config.country(address)}`
      if (neverCountries.has(found))
        return { guard: 'never', reason: `${target} is in ${shown(found)}, which is ${whatIs('never')}` }
      const reason = allowedCountries.get(found)
      if (reason !== undefined)
        return { guard: 'allowed', reason: `${target} is in ${shown(found)}, which is allowed: ${reason}` }
    }
    return undefined
  }

  function account(name: string): Refusal | undefined {
    if (name === 'root') return { guard: 'never', reason: 'root is never locked out' }
    const refusal = named(name)
    if (!refusal && administratorNames.has(name))
      return { guard: 'administrator', reason: `${name} is an administrator, and logged in right now` }
    return refusal && ['manager', 'host'].includes(refusal.guard) ? undefined : refusal
  }

  function changed(): void {
    readAt = Number.NEGATIVE_INFINITY
  }

  async function refresh(): Promise<void> {
    await Promise.all(
      [...names].map(async ([name, entry]) => {
        const found = await config.resolve(name).catch(() => [])
        if (found.length > 0) entry.addresses = found
      }),
    )
    changed()
  }

  const problems = neverCountries.size > 0 && !config.country ? [`responses.never: ${noDatabase}`] : []
  return { address, account, problems, changed, refresh }
}

const noDatabase = 'the country of an address cannot be told without a GeoIP database: set geoip in outrider.yaml'

/** `country:DE`, in any case. */
export function isCountry(entry: string): boolean {
  return /^country:[a-z]{2}$/i.test(entry)
}

/** `10.0.0.0/255.0.0.0` as `10.0.0.0/8`. */
function withPrefix(entry: string): string {
  const [address, mask = ''] = entry.split('/')
  const bits = parseRange(mask)
  if (!mask.includes('.') || !bits) return entry
  return `${address}/${bits.first.toString(2).replaceAll('0', '').length}`
}

/** As people write it: `country:DE`. */
function shown(country: string): string {
  return country.replace('COUNTRY', 'country')
}

function describe(entry: string, guard: string): string {
  return `${entry} is ${whatIs(guard)}`
}

function whatIs(guard: string): string {
  if (guard === 'never') return 'on the list "never"'
  return guard === 'manager' ? 'the manager' : 'one of the hosts that responses run on'
}

/**
 * Ranges with their reasons. BlockList answers the usual question, "is this address in any", in half a microsecond for a thousand networks; only then is
 * the one searched for that names the reason.
 */
class Guarded {
  private readonly list = new BlockList()
  private readonly entries: { range: Range; refusal: Refusal }[] = []

  add(guard: string, text: string, reason: string): boolean {
    const range = parseRange(text)
    if (!range) return false
    const [address = ''] = formatRange(range).split('/')
    this.list.addSubnet(address, range.prefix, range.family === 4 ? 'ipv4' : 'ipv6')
    this.entries.push({ range, refusal: { guard, reason } })
    return true
  }

  meets(range: Range): Refusal | undefined {
    const family = range.family === 4 ? 'ipv4' : 'ipv6'
    if (isSingle(range) && !this.list.check(formatRange(range), family)) return undefined
    return this.entries.find((entry) => overlaps(entry.range, range))?.refusal
  }
}
