/** Fakes that speak something other than HTTP, over TCP and perhaps UDP. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Line, StreamFake } from './define.ts'
import type { Desk } from './server.ts'

export async function listenStream(fake: StreamFake, desk: Desk): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // The sender went away.
    socket.on('error', () => {})
    const take = fake.connected(lineOf('tcp', desk, socket), desk.store)
    socket.on('data', (piece: Buffer) => take(piece.toString('latin1')))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(desk.settings.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const udp = fake.datagram && (await listenUdp(fake, desk, port))
  return {
    port,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      await new Promise<void>((resolve) => (udp ? udp.close(() => resolve()) : resolve()))
    },
  }
}

async function listenUdp(fake: StreamFake, desk: Desk, port: number): Promise<UdpSocket> {
  const udp = createSocket('udp4')
  udp.on('message', (message) => fake.datagram?.(message.toString('latin1'), lineOf('udp', desk), desk.store))
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject)
    udp.bind(port, '127.0.0.1', resolve)
  })
  return udp
}

function lineOf(request: 'tcp' | 'udp', desk: Desk, socket?: Socket): Line {
  const { settings, note } = desk
  return {
    say(text) {
      const write = () => socket?.writable && socket.write(text, 'latin1')
      if (settings.latency_ms) setTimeout(write, settings.latency_ms)
      else write()
    },
    end: () => socket?.end(),
    fault() {
      const fault = desk.draw()
      if (fault === 'reset') {
        note({ verdict: 'fault', request, what: 'connection reset before it was taken', duplicates: 0 })
        socket?.resetAndDestroy()
      } else if (fault !== undefined) {
        const what = { hang: 'no answer', busy: 'not now', failed: 'server error' }[fault]
        note({ verdict: 'fault', request, what, duplicates: 0 })
      }
      return fault
    },
    accepted(did, content) {
      note({ verdict: 'accepted', request, what: did, duplicates: desk.store.repeats(content) ? 1 : 0 })
    },
    refused: (rule) => note({ verdict: 'refused', request, what: rule, duplicates: 0 }),
  }
}
