/**
 * One HTTP request by Node's own client, for programs that live for one alert: undici and `fetch` take longer to load than everything else together.
 * What an answer or error means is decided elsewhere, as for the daemon (delivery/attempt.ts).
 */
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { RequestOptions } from 'node:https'
import type { HttpResult, Post } from '../delivery/attempt.ts'
import { failure } from '../delivery/failure.ts'
import { contentOf, flat, hasProxy, refuseCredentials } from '../delivery/http-target.ts'

export interface PostOptions {
  /** Milliseconds that are left, asked before each request. */
  left_ms(): number
  signal?: AbortSignal
  /** PEM file with authorities to trust. */
  ca_file?: string
  /** False: any certificate is taken. */
  ssl_verify?: boolean
  /** Of an answer that are read; more is cut off. */
  most_bytes?: number
  /** For `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, which Node obeys from 24.5 on. */
  env: Record<string, string | undefined>
}

/** Bytes of an answer that are read, where nothing else is said. */
const usual_bytes = 64 * 1024

/** @throws when the CA file cannot be read */
export function createPost(options: PostOptions): Post {
  const { left_ms, signal, ca_file, ssl_verify, most_bytes = usual_bytes, env } = options
  const tls = {
    ca: ca_file === undefined ? undefined : readFileSync(ca_file),
    rejectUnauthorized: ssl_verify !== false,
  }
  const agentOptions = hasProxy(env) ? { proxyEnv: env } : {}
  return (request, wants_text) =>
    new Promise((resolve) => {
      const deadline_ms = Math.max(1, left_ms())
      let isConnected = false
      let isOver = false
      let destroy = (): void => {}
      const end = (result: HttpResult): void => {
        if (isOver) return
        isOver = true
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        destroy()
        resolve(result)
      }
      const abort = () => end({ kind: 'failed', reason: 'stopped', busy: true })
      const late = () =>
        end({ kind: 'failed', reason: `no answer within ${Math.round(deadline_ms / 100) / 10} s`, busy: !isConnected })
      const timer = setTimeout(late, deadline_ms)
      if (signal?.aborted) return abort()
      signal?.addEventListener('abort', abort, { once: true })

      try {
        const url = new URL(request.url)
        refuseCredentials(url)
        const isTls = url.protocol === 'https:'
        // Loaded here, because with static imports a script that hands its alert over would pay for it.
        const http = process.getBuiltinModule(isTls ? 'node:https' : 'node:http')
        const { headers, body } = contentOf(request)
        const sent = http.request(url, {
          method: request.method ?? 'POST',
          headers,
          agent: new http.Agent(agentOptions),
          ...(isTls && tls),
        } as RequestOptions)
        destroy = () => sent.destroy()
        sent.on('socket', (socket) => socket.once('connect', () => (isConnected = true)))
        sent.on('error', (error) => {
          const result = failure(error)
          end(result === 'closed' ? { kind: 'failed', reason: closed, busy: false } : result)
        })
        sent.on('response', (response) => read(response, wants_text, most_bytes, end))
        sent.end(body)
      } catch (error) {
        end({ kind: 'impossible', reason: (error as Error).message })
      }
    })
}

const closed = 'the connection was closed before an answer came'

function read(
  message: IncomingMessage,
  wants_text: boolean,
  most_bytes: number,
  end: (result: HttpResult) => void,
): void {
  const status = message.statusCode ?? 0
  const keeps = wants_text || status >= 300
  const chunks: Buffer[] = []
  let size = 0
  const answer = () => {
    const text = Buffer.concat(chunks).toString('utf8', 0, most_bytes)
    end({ kind: 'answer', response: { status, headers: flat(message.headers), text } })
  }
  message.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (keeps) chunks.push(chunk)
    if (size > most_bytes) answer()
  })
  message.on('end', answer)
  message.on('error', (error) => end({ kind: 'failed', reason: `the answer broke off: ${error.message}`, busy: false }))
}
