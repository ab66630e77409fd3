import * as z from 'zod/mini'
import { defineWodle, type WodleContext } from '../define.ts'

type State = 'listen' | 'established'

/**
 * One event for each socket. Names are those of the guide's audit script (`process`, `pid`, `user`, `local_addr`, `remote_addr`), so that its rules
 * fire; and the same once more below `socket`, because Wazuh's index template wants `data.process` to be an object and rejects an alert in
 * which it is a text.
 */
export default defineWodle({
  name: 'listening-ports',
  summary:
    'Lists the TCP and UDP sockets of this machine that listen or are connected, with process and user, from /proc.',
  options: z.object({
    states: z
      .optional(z.array(z.enum(['listen', 'established'])))
      .check(z.describe('Which sockets: "listen", "established". Default: both.')),
    guide_names: z
      .optional(z.boolean())
      .check(
        z.describe(
          'false leaves out the names of the guide’s script, for alerts that go to a Wazuh indexer. Default: true.',
        ),
      ),
  }),
  example: { states: ['listen'] },

  *run(context, { states = ['listen', 'established'], guide_names = true }) {
    const owners = findOwners(context)
    const users = readUsers(context)
    const timestamp = new Date(context.now).toISOString()
    for (const protocol of ['tcp', 'tcp6', 'udp', 'udp6'] as const) {
      for (const row of readSockets(context.read(`/proc/net/${protocol}`) ?? '', protocol)) {
        if (!states.includes(row.state)) continue
        const owner = owners.get(row.inode)
        const socket = {
          protocol,
          state: row.state,
          local_addr: row.local,
          remote_addr: row.remote,
          process: owner?.name,
          pid: owner?.pid,
          user: users.get(row.uid) ?? row.uid,
        }
        const { process, pid, user, ...rest } = socket
        yield {
          timestamp,
          wodle: 'system-audit',
          ...(guide_names
            ? { state: row.state, process, pid, user, local_addr: row.local, remote_addr: row.remote }
            : {}),
          socket: { ...rest, process_name: process, process_id: pid, user_name: user },
        }
      }
    }
  },
})

interface Row {
  state: State
  local: string
  remote: string
  uid: string
  inode: string
}

// Columns of /proc/net/tcp: sl, local_address, rem_address, st, queues, timer, retransmits, uid, timeout, inode (proc(5)). A UDP socket that waits
// for anyone is in state 07 (TCP_CLOSE), a connected one in 01.
function* readSockets(text: string, protocol: string): Iterable<Row> {
  for (const line of text.split('\n').slice(1)) {
    const [, local, remote, st, , , , uid, , inode] = line.trim().split(/\s+/)
    if (!local || !remote || !uid || !inode) continue
    const state = st === '01' ? 'established' : st === (protocol.startsWith('udp') ? '07' : '0A') ? 'listen' : undefined
    if (state) yield { state, local: toAddress(local), remote: toAddress(remote), uid, inode }
  }
}

/** `0100007F:1F90` is 127.0.0.1:8080: each 32-bit word of the address is in the machine's byte order, the port is not. */
function toAddress(hex: string): string {
  const [address = '', port = ''] = hex.split(':')
  const bytes = (address.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse())
  const number = Number.parseInt(port, 16)
  if (bytes.length === 4) return `${bytes.map((byte) => Number.parseInt(byte, 16)).join('.')}:${number}`
  const groups = bytes.flatMap((byte, i) => (i % 2 === 0 ? [`${byte}${bytes[i + 1]}`] : []))
  if (/^(0{4},){5}ffff/i.test(groups.join(','))) {
    return `[::ffff:${bytes
      .slice(12)
      .map((byte) => Number.parseInt(byte, 16))
      .join('.')}]:${number}`
  }
  // The URL parser knows the canonical short form of IPv6 (RFC 5952).
  return `${new URL(`http://[${groups.join(':')}]`).hostname}:${number}`
}

/** Inode of a socket → the process that has it open. Other users' processes show theirs only to root. */
function findOwners({ list, readlink, read }: WodleContext): Map<string, { pid: number; name: string }> {
  const owners = new Map<string, { pid: number; name: string }>()
  for (const pid of list('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    let name: string | undefined
    for (const fd of list(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(readlink(`/proc/${pid}/fd/${fd}`) ?? '')?.[1]
      if (inode === undefined || owners.has(inode)) continue
      name ??= read(`/proc/${pid}/comm`)?.trim() ?? ''
      owners.set(inode, { pid: Number(pid), name })
    }
  }
  return owners
}

function readUsers({ read }: WodleContext): Map<string, string> {
  const users = new Map<string, string>()
  for (const line of (read('/etc/passwd') ?? '').split('\n')) {
    const [name, , uid] = line.split(':')
    if (name && uid && !users.has(uid)) users.set(uid, name)
  }
  return users
}
