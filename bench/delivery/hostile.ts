/** A destination that fails as often as it takes: 429, 500, connections that break before or after it took something, and answers that never come. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Hostile {
  url: string
  /** How often each alert was taken, by the number in it. */
  taken: Map<number, number>
  /** The idempotency keys under which it came. */
  keys: Map<number, Set<string>>
  requests: number
  failures: number
  close(): void
}

/** @param random from 0 to below 1; 3 of 10 answers are failures */
export async function startHostile(random: () => number): Promise<Hostile> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => {})
    request.on('end', () => {
      hostile.requests++
      const body = Buffer.concat(chunks).toString()
      const isBulk = request.url!.includes('/_bulk')
      const dice = random()
      if (dice < 0.3) hostile.failures++
      if (dice < 0.08) response.writeHead(429, { 'retry-after': '0' }).end()
      else if (dice < 0.16) response.writeHead(500).end()
      else if (dice < 0.2) request.socket.destroy()
      else if (dice < 0.25) {
        take(body, isBulk, request.headers['idempotency-key'])
        request.socket.destroy()
      } else if (dice < 0.3)
        return // and never an answer
      else answer(response, take(body, isBulk, request.headers['idempotency-key']), isBulk)
    })
  })

  /** @returns a status for each alert */
  function take(body: string, isBulk: boolean, key: unknown): number[] {
    const found = isBulk
      ? [...body.matchAll(/"_id":"(\w+)"\}\}\n.*"id":"(\d+)\.0"/g)].map(([, id, n]) => ({ id: id!, n: Number(n) }))
      : [{ id: String(key), n: Number(/"id":"(\d+)\.0"/.exec(body)![1]) }]
    return found.map(({ id, n }) => {
      // Of many in one request some are refused by themselves.
      if (isBulk && random() < 0.1) return 429
      const keys = hostile.keys.get(n) ?? new Set()
      const isKnown = keys.has(id)
      hostile.keys.set(n, keys.add(id))
      hostile.taken.set(n, (hostile.taken.get(n) ?? 0) + 1)
      return isKnown ? 409 : 201
    })
  }

  function answer(response: ServerResponse, statuses: number[], isBulk: boolean): void {
    const items = statuses.map((status) => ({ create: { status } }))
    response.writeHead(200).end(isBulk ? JSON.stringify({ items }) : '')
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const hostile: Hostile = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    taken: new Map(),
    keys: new Map(),
    requests: 0,
    failures: 0,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  return hostile
}
