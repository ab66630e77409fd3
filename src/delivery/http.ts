/** One HTTP request with a deadline for all of it and a limit on what is read of the answer. Redirects are not followed. */
import { readFileSync } from 'node:fs'
import type { HttpRequest, TlsOptions } from '../define.ts'
import type { HttpResult } from './attempt.ts'
import { failure } from './failure.ts'
import { type Connections, type Exchange, openConnections, type TlsSettings } from './http-connections.ts'
import { openProxied } from './http-proxied.ts'
import { contentOf, endsOf, hasProxy, type Limits, type Line, targetOf } from './http-target.ts'
import { AnswerReader, requestHead } from './http-wire.ts'

/** Bytes of an answer that are read, where nothing else is said; the rest is dropped with the connection. */
const usual_bytes = 64 * 1024

export interface HttpClient {
  /** Never rejects. `wants_text` false: the body of a 2xx answer is not looked at. */
  send(request: HttpRequest, deadline_ms: number, wants_text: boolean, signal?: AbortSignal): Promise<HttpResult>
  close(): Promise<void>
}

/**
 * A client with connections of its own, so that a slow destination uses up nobody else's. `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` of the environment
 * are obeyed.
 *
 * @param most_bytes of an answer that are read; more is cut off
 * @throws when the CA file cannot be read
 */
export function createHttpClient(connections: number, tls: TlsOptions = {}, most_bytes = usual_bytes): HttpClient {
  const connect = {
    ca: tls.ca_file === undefined ? undefined : readFileSync(tls.ca_file),
    rejectUnauthorized: tls.ssl_verify !== false,
  }
  const line = hasProxy(process.env) ? openProxied(connections, connect) : openDirect(connections, connect)
  return {
    async send(request, deadline_ms, wants_text, signal) {
      const once = () => line.send(request, { deadline_ms, wants_text, most_bytes, signal })
      const first = await once()
      // The server closed an idle connection at the moment we used it: not worth a place in the waiting list.
      return first === 'closed' ? settle(await once()) : first
    },
    close: () => line.close(),
  }
}

function settle(result: HttpResult | 'closed'): HttpResult {
  return result === 'closed'
    ? { kind: 'failed', reason: 'the connection was closed before an answer came', busy: false }
    : result
}

function openDirect(connections: number, tls: TlsSettings): Line {
  const open = openConnections(connections, tls)
  return {
    send: (request, limits) => exchange(open, request, limits),
    close: async () => open.close(),
  }
}

function exchange(
  open: Connections,
  request: HttpRequest,
  { deadline_ms, wants_text, most_bytes, signal }: Limits,
): Promise<HttpResult | 'closed'> {
  return new Promise((resolve) => {
    let made: { origin: string; message: string | Buffer }
    try {
      made = messageOf(request)
    } catch (error) {
      resolve({ kind: 'impossible', reason: (error as Error).message })
      return
    }
    const reader = new AnswerReader(most_bytes, wants_text)
    const one: Exchange = {
      ...made,
      reader,
      isSent: false,
      isOver: false,
      ended(error) {
        clean()
        if (!error) resolve({ kind: 'answer', response: answerOf(reader) })
        else if (reader.status === 0) resolve(failure(error))
        else resolve({ kind: 'failed', reason: `the answer broke off: ${error.message}`, busy: false })
      },
    }
    const ends = signal && endsOf(signal)
    const clean = (): void => {
      clearTimeout(timer)
      ends?.delete(abort)
    }
    const give = (result: HttpResult): void => {
      one.isOver = true
      clean()
      open.cancel(one)
      resolve(result)
    }
    const abort = (): void => give({ kind: 'failed', reason: 'stopped', busy: true })
    const timer = setTimeout(() => {
      const busy = !one.isSent
      give({ kind: 'failed', reason: `no answer within ${deadline_ms / 1000} s`, busy })
    }, deadline_ms)
    ends?.add(abort)
    open.begin(one)
  })
}

function answerOf({ status, headers, text }: AnswerReader) {
  return { status, headers, text }
}

/** @throws TypeError when it is no request */
function messageOf(request: HttpRequest): { origin: string; message: string | Buffer } {
  const { url, method = 'POST' } = request
  const { origin, host, path } = targetOf(url)
  const { headers, body: content } = contentOf(request)
  if (content === undefined) return { origin, message: requestHead(method, path, host, headers, undefined) }
  // Where every character is a byte, one write of a text costs less than two of buffers.
  if (typeof content === 'string' && !/[^\x00-\x7f]/.test(content))
    return { origin, message: requestHead(method, path, host, headers, content.length) + content }
  const bytes = Buffer.from(content as string)
  const head = requestHead(method, path, host, headers, bytes.length)
  return { origin, message: Buffer.concat([Buffer.from(head, 'latin1'), bytes]) }
}
