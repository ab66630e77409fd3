/** Fakes that speak HTTP. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Broken, type FakeAnswer, type HttpFake } from './define.ts'
import { type Found, findRoute } from './routes.ts'
import type { Desk, Note } from './server.ts'

const max_body = 32 * 1024 * 1024

export async function listenHttp(fake: HttpFake, desk: Desk): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > max_body) request.destroy()
      else chunks.push(chunk)
    })
    request.on('end', () => take(fake, desk, request, response, Buffer.concat(chunks)))
    // The sender went away.
    request.on('error', () => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(desk.settings.port ?? 0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function take(fake: HttpFake, desk: Desk, incoming: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const { settings } = desk
  const { method = '', url = '/' } = incoming
  const path = url.split('?', 1)[0]!
  const found = findRoute(fake.routes, method, path)
  const request = `${method} ${found.shown}`
  const send = (answer: FakeAnswer): void => {
    if (settings.latency_ms) setTimeout(reply, settings.latency_ms, response, answer)
    else reply(response, answer)
  }
  const cut = (): void => {
    incoming.socket.resetAndDestroy()
  }
  const fail = (what: string, status?: number): void =>
    desk.note({ verdict: 'fault', request, status, what, duplicates: 0 })

  const fault = desk.draw()
  if (fault === 'hang') {
    fail('no answer')
    return
  }
  if (fault === 'reset' && settings.random() < 0.5) {
    fail('connection reset before it was taken')
    cut()
    return
  }
  if (fault === 'busy' || fault === 'failed') {
    const isBusy = fault === 'busy'
    const answer = isBusy ? busyAnswer(fake, settings.retry_after ?? 1, path) : failedAnswer(fake, path)
    fail(isBusy ? 'too many requests' : 'server error', answer.status)
    send(answer)
    return
  }
  const judged = judge(fake, desk, found, incoming, body)
  // The hard case: it was taken, and its sender does not know.
  const lost = fault === 'reset' && judged.note.verdict === 'accepted'
  desk.note({ ...judged.note, request, lost })
  if (lost) cut()
  else send(judged.answer)
}

function judge(
  fake: HttpFake,
  desk: Desk,
  found: Found,
  { method = '', url = '/', headers }: IncomingMessage,
  body: Buffer,
): { answer: FakeAnswer; note: Omit<Note, 'request'> } {
  const { store, duplicates } = desk.forOne()
  const [path = '', ...rest] = url.split('?')
  const query = new URLSearchParams(rest.join('?'))
  try {
    const { handler, params } = found.get()
    const request = { method, path, params, query, headers: headers as Record<string, string>, body }
    const answer = handler(request, store)
    // To ask twice is no fault.
    const content = method === 'GET' ? undefined : `${method} ${url}\n${body.toString('latin1')}`
    const { status, did = '' } = answer
    return { answer, note: { verdict: 'accepted', status, what: did, duplicates: duplicates(content) } }
  } catch (error) {
    const broken =
      error instanceof Broken ? error : new Broken(`the fake itself fails: ${(error as Error).message}`, 500)
    const { status, message } = broken
    const answer = fake.refusal?.(broken, path) ?? { status, text: message }
    return { answer, note: { verdict: 'refused', status: answer.status, what: message, duplicates: 0 } }
  }
}

function busyAnswer(fake: HttpFake, seconds: number, path: string): FakeAnswer {
  return (
    fake.busy?.(seconds, path) ?? {
      status: 429,
      headers: { 'retry-after': String(seconds) },
      text: 'Too Many Requests',
    }
  )
}

function failedAnswer(fake: HttpFake, path: string): FakeAnswer {
  return fake.failed?.(path) ?? { status: 500, text: 'Internal Server Error' }
}

function reply(response: ServerResponse, { status, headers = {}, json, text = '' }: FakeAnswer): void {
  const isJson = json !== undefined
  const type = isJson ? 'application/json' : 'text/plain; charset=utf-8'
  const body = isJson ? JSON.stringify(json) : text
  response.writeHead(status, { ...(body !== '' && { 'content-type': type }), ...headers }).end(body)
}
