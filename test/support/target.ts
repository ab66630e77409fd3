import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { TestContext } from 'node:test'
import { listen } from '../../src/testing/listen.ts'

export interface Taken {
  path: string
  headers: IncomingHttpHeaders
  body: string
}

interface Answer {
  status: number
  headers?: Record<string, string>
  body?: string
}

/** A destination on loopback: keeps what it answered with 2xx; `answer` chooses what each request gets. */
export async function startTarget(
  t: TestContext,
  answer: (request: Taken) => Answer | Promise<Answer> = () => ({ status: 200 }),
): Promise<{ url: string; taken: Taken[]; server: Server }> {
  const taken: Taken[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (part: string) => (body += part))
    request.on('end', async () => {
      const one = { path: request.url ?? '/', headers: request.headers, body }
      const { status, headers, body: text } = await answer(one)
      if (status < 300) taken.push(one)
      response.writeHead(status, headers).end(text)
    })
  })
  return { url: `http://127.0.0.1:${await listen(t, server)}`, taken, server }
}
