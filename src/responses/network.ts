/**
 * What this machine's network stands on, read from the system: the addresses that must never be cut off. Linux; elsewhere only what Node knows.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { formatRange, parseRange } from './ranges.ts'

/** How the facts are read; tests hand in recorded files. */
export interface SystemReader {
  /** Undefined when it is not there or not readable. */
  read(path: string): string | undefined
  /** Names in a folder; empty when it is not there or not readable. */
  list(path: string): string[]
  readlink(path: string): string | undefined
  interfaces(): { name: string; address: string }[]
  env: Record<string, string | undefined>
}

/** An address, and in words what it is here: `the gateway of eth0`. */
export interface Standing {
  address: string
  what: string
}

export interface NetworkFacts {
  own: Standing[]
  gateways: Standing[]
  name_servers: Standing[]
  /** Where administrators are logged in from, by SSH, right now, and as whom. */
  administrators: (Standing & { user?: string })[]
}

export function readNetworkFacts(system: SystemReader): NetworkFacts {
  return {
    own: system.interfaces().map(({ name, address }) => ({ address, what: `this machine's own address (${name})` })),
    gateways: [...gateways4(system), ...gateways6(system)],
    name_servers: nameServers(system),
    administrators: administrators(system),
  }
}

export const localSystem: SystemReader = {
  read(path) {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  },
  list(path) {
    try {
      return readdirSync(path)
    } catch {
      return []
    }
  },
  readlink(path) {
    try {
      return readlinkSync(path)
    } catch {
      return undefined
    }
  },
  interfaces: () =>
    Object.entries(networkInterfaces()).flatMap(([name, all = []]) => all.map(({ address }) => ({ name, address }))),
  env: process.env,
}

// --------------------------------------------------------------------------------------------------------------------------- routes

const isGateway = 0x2

/** /proc/net/route: Iface Destination Gateway Flags …; addresses as the processor stores them, little end first on all we run on. */
function gateways4({ read }: SystemReader): Standing[] {
  return rows(read('/proc/net/route'))
    .filter(([, , , flags = '0']) => (Number.parseInt(flags, 16) & isGateway) !== 0)
    .map(([name, , gateway = '']) => ({ address: littleEndian4(gateway), what: `the gateway of ${name}` }))
}

/** /proc/net/ipv6_route: destination, length, source, length, next hop, metric, references, uses, flags, interface. No heading. */
function gateways6({ read }: SystemReader): Standing[] {
  return (read('/proc/net/ipv6_route') ?? '')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 10 && (Number.parseInt(fields[8]!, 16) & isGateway) !== 0)
    .map((fields) => ({ address: groups(fields[4]!), what: `the gateway of ${fields[9]}` }))
}

function nameServers({ read }: SystemReader): Standing[] {
  // Where systemd-resolved stands in between, resolv.conf names only itself.
  return ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'].flatMap((path) =>
    [...(read(path) ?? '').matchAll(/^\s*nameserver\s+([^\s%#;]+)/gm)].map(([, address]) => ({
      address: address!,
      what: `a name server (${path})`,
    })),
  )
}

// ------------------------------------------------------------------------------------------------------------------- administrators

/**
 * Addresses that an administrator (root, or a member of sudo, wheel or admin) is logged in from by SSH.
 *
 * A mere connection to port 22 does not count: whoever guesses passwords has one too, and would be safe as long as he guesses. What counts is a session
 * after the login: its process is called `sshd: NAME@pts/0`, before that it is `sshd: NAME [priv]` or `[net]`. It runs as that user: any other process
 * may call itself so as well, to have whom it talks to left alone. Needs root, as blocking does; without, what systemd-logind says of sessions, and the session
 * we were started in.
 */
function administrators(system: SystemReader): NetworkFacts['administrators'] {
  const isAdmin = adminTest(system)
  const found: NetworkFacts['administrators'] = []
  const connections = new Map([...tcp(system, '/proc/net/tcp'), ...tcp(system, '/proc/net/tcp6')])
  for (const pid of system.list('/proc').filter((name) => /^\d+$/.test(name))) {
    const user = /^sshd(?:-session)?: ([^@ ]+)@/.exec(system.read(`/proc/${pid}/cmdline`) ?? '')?.[1]
    if (user === undefined || !isAdmin(user) || !isRunBy(user, pid, system)) continue
    for (const fd of system.list(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(system.readlink(`/proc/${pid}/fd/${fd}`) ?? '')?.[1]
      const address = inode && connections.get(inode)
      if (address) found.push({ address, user, what: `${user} is logged in from there by SSH` })
    }
  }
  for (const name of system.list('/run/systemd/sessions').filter((name) => !name.endsWith('.ref'))) {
    const session = system.read(`/run/systemd/sessions/${name}`) ?? ''
    const field = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(session)?.[1]
    const user = field('USER')
    const host = field('REMOTE_HOST')
    if (field('REMOTE') === '1' && user && host && field('STATE') !== 'closing' && isAdmin(user))
      found.push({ address: host, user, what: `${user} is logged in from there` })
  }
  const own = system.env.SSH_CONNECTION?.split(' ')[0]
  if (own) found.push({ address: own, what: 'outrider was started from an SSH session from there' })
  return found
}

/** What cannot be told counts as yes: nobody is to be locked out for it. */
function isRunBy(user: string, pid: string, { read }: SystemReader): boolean {
  // The real one: a setuid program may be given any name by whoever starts it.
  const uid = /^Uid:\t(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1]
  const line = (read('/etc/passwd') ?? '').split('\n').find((one) => one.startsWith(`${user}:`))
  return uid === undefined || line === undefined || line.split(':')[2] === uid
}

function adminTest({ read }: SystemReader): (user: string) => boolean {
  const names = new Set(['root'])
  for (const line of (read('/etc/passwd') ?? '').split('\n')) {
    const [name, , uid] = line.split(':')
    if (name && uid === '0') names.add(name)
  }
  for (const line of (read('/etc/group') ?? '').split('\n')) {
    const [group, , , members = ''] = line.split(':')
    if (['root', 'sudo', 'wheel', 'admin'].includes(group!)) for (const name of members.split(',')) names.add(name)
  }
  return (user) => names.has(user)
}

/** Established connections: the inode of our end and the address of the other. */
function tcp({ read }: SystemReader, path: string): [inode: string, remote: string][] {
  return rows(read(path))
    .filter((fields) => fields[3] === '01')
    .map((fields) => {
      const remote = fields[2]!.split(':')[0]!
      return [fields[9]!, remote.length === 8 ? littleEndian4(remote) : littleEndian6(remote)]
    })
}

function rows(table: string | undefined): string[][] {
  return (table ?? '')
    .split('\n')
    .slice(1)
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/))
}

function littleEndian4(hex: string): string {
  return [...Buffer.from(hex, 'hex')].reverse().join('.')
}

/** Four words, each little end first. */
function littleEndian6(hex: string): string {
  return groups(hex.replace(/../g, (_, at: number) => hex.substr((at & ~7) + 6 - (at & 7), 2)))
}

function groups(hex: string): string {
  return formatRange(parseRange(hex.replace(/(.{4})(?!$)/g, '$1:'))!)
}
