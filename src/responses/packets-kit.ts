/** For tests in a network namespace: addresses on loopback, and real connections between them. */
import { connect, createServer, type Socket } from 'node:net'
import { tool } from './test-kit.ts'

export interface Packets {
  /** A real connection; undefined when none comes about. It echoes. */
  reach(from: string): Promise<Socket | undefined>
  isOpen(from: string): Promise<boolean>
}

/** The machine is 192.0.2.1 and 2001:db8::1; others are 203.0.113.5, 203.0.113.6, 2001:db8:5::5 and 2001:db8:5::6. */
export async function startPackets(): Promise<Packets> {
  const addresses = [
    ...['192.0.2.1/32', '203.0.113.5/32', '203.0.113.6/32'].map((address) => [address]),
    ...['2001:db8::1/128', '2001:db8:5::5/128', '2001:db8:5::6/128'].map((address) => [address, 'nodad']),
  ]
  tool(['ip', 'link', 'set', 'lo', 'up'])
  for (const [address = '', ...flags] of addresses) tool(['ip', 'addr', 'add', address, 'dev', 'lo', ...flags])
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '::', resolve))
  const { port } = server.address() as { port: number }
  server.unref()

  async function reach(from: string): Promise<Socket | undefined> {
    const to = from.includes(':') ? '2001:db8::1' : '192.0.2.1'
    const socket = connect({ host: to, port, localAddress: from })
    socket.on('error', () => {})
    sockets.add(socket)
    return new Promise((resolve) => {
      socket.setTimeout(250, () => {
        socket.destroy()
        resolve(undefined)
      })
      socket.once('connect', () => {
        socket.setTimeout(0)
        resolve(socket)
      })
    })
  }
  return {
    reach,
    async isOpen(from) {
      const socket = await reach(from)
      socket?.destroy()
      return socket !== undefined
    },
  }
}
