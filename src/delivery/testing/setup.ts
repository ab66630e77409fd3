/** What the tests of delivery share: a folder with an alerts.json, a real HTTP server, and a clock that only moves when told. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Destination } from '../../config.ts'
import { openState } from '../../durable/state.ts'
import type { Log } from '../../log.ts'
import { createDelivery, type DeliveryRunner, type DeliverySettings, migrations } from '../index.ts'

export interface Received {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

type Answer = number | { status: number; headers?: Record<string, string>; body?: string } | 'hang' | 'reset'

export interface FakeServer {
  url: string
  received: Received[]
  /** Decides what the next requests get; may look at them. */
  answer: (request: Received, count: number) => Answer | Promise<Answer>
  /** Most requests that were open at the same time. */
  most: number
}

/** A server that notes what it gets and answers as told; closed after the test. */
export async function fakeServer(t: TestContext): Promise<FakeServer> {
  const fake: FakeServer = { url: '', received: [], answer: () => 200, most: 0 }
  const sockets = new Set<Socket>()
  let open = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    fake.most = Math.max(fake.most, ++open)
    response.on('close', () => open--)
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      const received = { method, path, headers, body: Buffer.concat(chunks).toString() }
      fake.received.push(received)
      const answer = fake.answer(received, fake.received.length)
      if (answer instanceof Promise) void answer.then((later) => reply(later, response))
      else reply(answer, response)
    })
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return fake
}

function reply(answer: Answer, response: ServerResponse): void {
  if (answer === 'hang') return
  if (answer === 'reset') {
    response.destroy()
    return
  }
  const { status, headers = {}, body = '' } = typeof answer === 'number' ? { status: answer } : answer
  response.writeHead(status, headers)
  response.end(body)
}

/** Time that stands still until {@link FakeClock.advance}. */
export class FakeClock {
  now = 1_700_000_000_000
  private timers: { at: number; run: () => void }[] = []

  schedule = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.now + ms, run }
    this.timers.push(timer)
    return () => {
      this.timers = this.timers.filter((one) => one !== timer)
    }
  }

  /** Runs what falls due on the way, in order. */
  advance(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const next = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.timers = this.timers.filter((one) => one !== next)
      this.now = Math.max(this.now, next.at)
      next.run()
    }
    this.now = end
  }
}

export interface Bench {
  folder: string
  alerts_file: string
  /** Every log line. */
  logged: string[]
  append(...alerts: unknown[]): void
  /** A runner over the same folder and database; stopped after the test. */
  open(destinations: Partial<Destination>[], more?: Partial<DeliverySettings>): Promise<DeliveryRunner>
}

export function bench(t: TestContext): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-delivery-'))
  mkdirSync(join(folder, 'integrations'))
  const alerts_file = join(folder, 'alerts.json')
  writeFileSync(alerts_file, '')
  const logged: string[] = []
  const write = (message: string) => void logged.push(message)
  const log: Log = { debug: () => {}, info: write, warn: write, error: write }
  const cleanups: (() => Promise<void>)[] = []
  t.after(async () => {
    for (const cleanup of cleanups) await cleanup()
    rmSync(folder, { recursive: true })
  })
  return {
    folder,
    alerts_file,
    logged,
    append: (...alerts) =>
      appendFileSync(
        alerts_file,
        alerts.map((one) => `${typeof one === 'string' ? one : JSON.stringify(one)}\n`).join(''),
      ),
    async open(destinations, more = {}) {
      const state = openState(join(folder, 'state.db'), migrations)
      const runner = createDelivery({
        state,
        alerts_file,
        home: folder,
        destinations: destinations.map((one, n) => ({ ...plain, name: `d${n + 1}`, ...one })),
        now: Date.now,
        random: () => 0.5,
        log,
        mask: (text) => text.replaceAll('secret', '***'),
        ...more,
        tuning: { backoff_base_ms: 20, commit_ms: 5, poll_ms: 20, ...more.tuning },
      })
      let isStopped = false
      const stop = async () => {
        if (isStopped) return
        isStopped = true
        await runner.stop()
        state.close()
      }
      cleanups.push(stop)
      await runner.start()
      return { ...runner, stop }
    },
  }
}

const plain: Destination = {
  place: { file: 'outrider.yaml', line: 1 },
  name: '',
  type: 'webhook',
  options: {},
  filter: { level: 0 },
  concurrency: 4,
  deadline: 5,
  from: 'start',
}

export const alert = (n: number, more: Record<string, unknown> = {}) => ({
  timestamp: '2024-01-15T10:30:45.123+0000',
  rule: { level: 5, description: `alert ${n}`, id: '5710', groups: ['syslog', 'sshd'] },
  agent: { id: '001', name: 'web-01' },
  id: `1705314645.${n}`,
  full_log: `log ${n}`,
  ...more,
})

/** The numbers of the alerts that a server got, in their order. */
export const numbers = ({ received }: FakeServer) =>
  received.map(({ body }) => Number(/"id":"1705314645\.(\d+)"/.exec(body)?.[1]))

/** `from` to `to`, both included. */
export const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n)

/** Waits until something holds; fails with `what` after a minute. */
export async function until(holds: () => boolean, what = 'it'): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
