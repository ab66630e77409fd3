import * as z from 'zod/mini'
import { defineWodle, type WodleContext } from '../define.ts'

/**
 * The flat fields are those of the guide's `system-audit` script, so that rules written for it fire unchanged. The same values stand below `socket`, since a
 * Wazuh indexer refuses documents whose `data.process` is a text (its template has an object there).
 */
export default defineWodle({
  name: 'listening-ports',
  summary: 'Lists the listening and established TCP and UDP sockets of this machine, with their processes and users.',

  options: z.object({
    states: z
      ._default(z.array(z.enum(['listen', 'established', 'unconnected'])), ['listen', 'established'])
      .check(z.describe('Which sockets are listed; "unconnected" are UDP sockets on a port that the system chose.')),
    process_field: z
      ._default(z.boolean(), true)
      .check(z.describe('Give the field "process" too. Turn it off where alerts go to a Wazuh indexer.')),
  }),
  example: { states: ['listen'] },

  *run(context, { states, process_field }) {
    const owners = findOwners(context)
    const names = readUserNames(context.read('/etc/passwd') ?? '')
    const isEphemeral = readEphemeral(context)
    const timestamp = new Date(context.now).toISOString()
    for (const protocol of ['tcp', 'tcp6', 'udp', 'udp6'] as const) {
      for (const { local, remote, state, uid, inode } of readSockets(context.read(`/proc/net/${protocol}`) ?? '')) {
        const is = stateOf(protocol, state, isEphemeral(local.port))
        if (is === undefined || !states.includes(is)) continue
        const owner = owners.get(inode)
        const user = names.get(owner?.uid ?? uid) ?? owner?.uid ?? uid
        const isConnected = is === 'established'
        yield {
          timestamp,
          wodle: 'system-audit',
          state: is,
          ...(process_field && owner && { process: owner.name }),
          ...(owner && { pid: owner.pid }),
          user,
          local_addr: textOf(local),
          ...(isConnected && { remote_addr: textOf(remote) }),
          socket: {
            protocol: protocol.slice(0, 3),
            state: is,
            ...(owner && { program: owner.name, pid: owner.pid }),
            owner: user,
            local_address: local.address,
            local_port: local.port,
            ...(isConnected && { remote_address: remote.address, remote_port: remote.port }),
          },
        }
      }
    }
  },
})

interface Endpoint {
  address: string
  port: number
}

/** Lines of /proc/net/tcp and its like; see proc_net_tcp(5). */
function* readSockets(text: string) {
  for (const line of text.split('\n').slice(1)) {
    const [, local, remote, state, , , , uid, , inode] = line.trim().split(/\s+/)
    if (inode === undefined) continue
    yield { local: readEndpoint(local!), remote: readEndpoint(remote!), state: state!, uid: uid!, inode }
  }
}

/** `0100007F:0016` is 127.0.0.1:22: words of 32 bits in the machine's byte order, which is little-endian wherever Node 24 is built but s390x. */
function readEndpoint(text: string): Endpoint {
  const [hex = '', port = ''] = text.split(':')
  const bytes = hex.match(/.{8}/g)?.flatMap((word) =>
    word
      .match(/../g)!
      .reverse()
      .map((byte) => Number.parseInt(byte, 16)),
  )
  return { address: bytes ? addressOf(bytes) : '', port: Number.parseInt(port, 16) }
}

function addressOf(bytes: number[]): string {
  if (bytes.length === 4) return bytes.join('.')
  // ::ffff:a.b.c.d is an IPv4 peer of an IPv6 socket; what looks at addresses should not have to know.
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255)
    return bytes.slice(12).join('.')
  const groups = Array.from({ length: 8 }, (_, n) => ((bytes[2 * n]! << 8) | bytes[2 * n + 1]!).toString(16))
  // The URL parser writes an address in its short form (RFC 5952).
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

const textOf = ({ address, port }: Endpoint) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`)

/** State numbers of include/net/tcp_states.h, which UDP uses too: 1 established, 7 closed (UDP: not connected), 10 listen. */
function stateOf(protocol: string, state: string, isEphemeral: boolean) {
  if (state === '01') return 'established'
  if (state === '0A') return 'listen'
  if (state !== '07' || !protocol.startsWith('udp')) return undefined
  // A UDP socket that waits for the answer to a question looks like a server, but its port was chosen by the kernel.
  return isEphemeral ? 'unconnected' : 'listen'
}

function readEphemeral(context: WodleContext): (port: number) => boolean {
  const range = (context.read('/proc/sys/net/ipv4/ip_local_port_range') ?? '32768 60999')
    .trim()
    .split(/\s+/)
    .map(Number)
  return (port) => port >= range[0]! && port <= range[1]!
}

/** Who holds each socket, by its inode. Several processes may hold one (a server and its workers): the oldest speaks for them. */
function findOwners(context: WodleContext): Map<string, { pid: number; name: string; uid: string }> {
  const owners = new Map<string, { pid: number; name: string; uid: string }>()
  const pids = context
    .list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
  for (const pid of pids) {
    let owner: { pid: number; name: string; uid: string } | undefined
    for (const fd of context.list(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(context.readlink(`/proc/${pid}/fd/${fd}`) ?? '')?.[1]
      if (inode === undefined || owners.has(inode)) continue
      owner ??= readProcess(context, pid)
      owners.set(inode, owner)
    }
  }
  return owners
}

function readProcess(context: WodleContext, pid: number): { pid: number; name: string; uid: string } {
  const name = (context.read(`/proc/${pid}/comm`) ?? '').replace(/\n$/, '')
  // Real, effective, saved and file system uid; what the guide's `ps -o user` shows is the effective one.
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(context.read(`/proc/${pid}/status`) ?? '')?.[1] ?? ''
  return { pid, name, uid }
}

function readUserNames(passwd: string): Map<string, string> {
  const names = new Map<string, string>()
  for (const line of passwd.split('\n')) {
    const [name, , uid] = line.split(':')
    if (name && uid && !names.has(uid)) names.set(uid, name)
  }
  return names
}
