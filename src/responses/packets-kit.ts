/**
 * For tests in a network namespace, which is the machine: a second one, with those who knock at it, and a cable between them.
 *
 *   test ── 192.0.2.1, 2001:db8::1 ══ veth ══ 203.0.113.5, .6, 2001:db8:5::5, ::6 ── this file as a process of its own
 *    └───────────────────────── a socket of the file system, to ask for connections ───────────────────┘
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type bench, tool } from './test-kit.ts'

/** Fails in a namespace where there is no such cable. */
export const cable = ['ip', 'link', 'add', 'cable0', 'type', 'veth', 'peer', 'name', 'cable1'] as const

export interface Packets {
  /** A real connection; undefined when none comes about. It echoes. */
  reach(from: string): Promise<Socket | undefined>
  isOpen(from: string): Promise<boolean>
  /** Whether it is open again within ten seconds. */
  opens(from: string): Promise<boolean>
}

/** The machine is 192.0.2.1 and 2001:db8::1; others are 203.0.113.5, 203.0.113.6, 2001:db8:5::5 and 2001:db8:5::6. */
export async function startPackets(): Promise<Packets> {
  tool(['ip', 'link', 'set', 'lo', 'up'])
  const folder = mkdtempSync(join(tmpdir(), 'outrider-packets-'))
  const path = join(folder, 'socket')
  const others = spawn('unshare', ['-n', process.execPath, fileURLToPath(import.meta.url), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  process.on('exit', () => {
    others.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  await once(others.stdout, 'data')
  others.unref()
  others.stdout.destroy()
  layCable(String(others.pid))

  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '::', resolve))
  const { port } = server.address() as { port: number }
  server.unref()

  async function reach(from: string): Promise<Socket | undefined> {
    const socket = connect(path)
    socket.on('error', () => {})
    socket.write(JSON.stringify({ from, to: from.includes(':') ? '2001:db8::1' : '192.0.2.1', port }))
    const [answer] = await Promise.race([once(socket, 'data'), once(socket, 'close')])
    return answer instanceof Buffer ? socket : undefined
  }
  async function isOpen(from: string): Promise<boolean> {
    const socket = await reach(from)
    socket?.destroy()
    return socket !== undefined
  }
  return {
    reach,
    isOpen,
    async opens(from) {
      const given = performance.now() + 10_000
      let open = false
      while (!open && performance.now() < given) open = await isOpen(from)
      return open
    },
  }
}

/** Blocks an address of each family for 600 s: neither new connections nor those that were open get through, nobody else is blocked, and then it ends. */
export async function blocksAndOpens(packets: Packets, bed: Awaited<ReturnType<typeof bench>>): Promise<void> {
  const { isOpen, reach } = packets
  for (const srcip of ['203.0.113.5', '2001:db8:5::5']) {
    const other = srcip.replace(/5$/, '6')
    assert.equal(await isOpen(srcip), true)
    const established = (await reach(srcip))!
    await bed.alert({ srcip })
    assert.equal(await isOpen(srcip), false, srcip)
    assert.equal(await isOpen(other), true, 'nobody else is')
    const echo = new Promise((resolve) => established.once('data', resolve))
    established.write('still there?')
    assert.equal(await Promise.race([echo, isOpen(srcip)]), false, 'nor does what was open go on')
    established.destroy()
    await bed.pass(600)
    assert.equal(await isOpen(srcip), true)
  }
}

function layCable(pid: string): void {
  const here = (line: string) => tool(['ip', ...line.split(' ')] as [string, ...string[]])
  const there = (line: string) => tool(['nsenter', '-t', pid, '-n', 'ip', ...line.split(' ')])
  tool([...cable, 'netns', pid])
  for (const [ip, device] of [
    [here, 'cable0'],
    [there, 'cable1'],
  ] as const) {
    // Addresses of the link's own making would only be there after a second.
    ip(`link set ${device} addrgenmode none`)
    ip(`link set ${device} up`)
  }
  here('addr add 192.0.2.1/32 dev cable0')
  here('addr add 2001:db8::1/128 dev cable0 nodad')
  for (const address of ['203.0.113.5/32', '203.0.113.6/32']) there(`addr add ${address} dev cable1`)
  for (const address of ['2001:db8:5::5/128', '2001:db8:5::6/128']) there(`addr add ${address} dev cable1 nodad`)
  here('route add 203.0.113.0/24 dev cable0')
  here('route add 2001:db8:5::/64 dev cable0')
  there('route add 192.0.2.1/32 dev cable1')
  there('route add 2001:db8::1/128 dev cable1')
}

/** In the second namespace: whoever connects says from where to where, and gets one byte when there is a connection, and then what comes through it. */
function serveConnections(path: string): void {
  createServer((asking) => {
    asking.on('error', () => {})
    asking.once('data', (text) => {
      const { from, to, port } = JSON.parse(text.toString()) as { from: string; to: string; port: number }
      const socket = connect({ host: to, port, localAddress: from })
      const end = () => {
        socket.destroy()
        asking.destroy()
      }
      socket.on('error', end)
      socket.on('close', end)
      asking.on('close', end)
      socket.setTimeout(250, end)
      socket.once('connect', () => {
        socket.setTimeout(0)
        asking.write('.')
        socket.pipe(asking)
        asking.pipe(socket)
      })
    })
  }).listen(path, () => process.stdout.write('ready'))
}

if (import.meta.main) serveConnections(process.argv[2]!)
