/**
 * One HTTP request with a deadline for all of it and a limit on what is read of the answer. Redirects are not followed.
 *
 * undici's dispatch() and not its request(): the answer is small and read whole, so the stream that request() makes of it costs more than the sending.
 */
import { readFileSync } from 'node:fs'
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici'
import type { HttpRequest, TlsOptions } from '../define.ts'
import type { HttpResult } from './attempt.ts'
import { failure } from './failure.ts'

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
    // A connection attempt must end by itself: nothing else ends it when the deadline has passed.
    timeout: 30_000,
  }
  // The deadline is ours.
  const options = { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0, connect }
  const { env } = process
  const hasProxy = Boolean(env.http_proxy || env.HTTP_PROXY || env.https_proxy || env.HTTPS_PROXY)
  const agent: Dispatcher = hasProxy ? new EnvHttpProxyAgent({ ...options, requestTls: connect }) : new Agent(options)
  return {
    async send(request, deadline_ms, wants_text, signal) {
      const once = () => dispatch(agent, request, deadline_ms, wants_text, most_bytes, signal)
      const first = await once()
      // The server closed an idle connection at the moment we used it: not worth a place in the waiting list.
      return first === 'closed' ? settle(await once()) : first
    },
    close: () => agent.destroy(),
  }
}

function settle(result: HttpResult | 'closed'): HttpResult {
  return result === 'closed'
    ? { kind: 'failed', reason: 'the connection was closed before an answer came', busy: false }
    : result
}

const origins = new Map<string, { origin: string; path: string }>()

function split(url: string): { origin: string; path: string } {
  let parts = origins.get(url)
  if (!parts) {
    const { origin, pathname, search, username } = new URL(url)
    if (username !== '') throw new TypeError('a URL with a user name in it; put the credential into its own option')
    parts = { origin, path: pathname + search }
    // Some URLs hold an id of the alert.
    if (origins.size > 1000) origins.clear()
    origins.set(url, parts)
  }
  return parts
}

const ending = new WeakMap<AbortSignal, Set<() => void>>()

/** What a signal ends. One listener for all requests of a destination: adding and removing one for each costs as much as making the request. */
function endsOf(signal: AbortSignal): Set<() => void> {
  let ends = ending.get(signal)
  if (!ends) {
    const all = new Set<() => void>()
    ends = all
    ending.set(signal, all)
    signal.addEventListener('abort', () => {
      for (const end of [...all]) end()
    })
  }
  return ends
}

/** `closed`: the connection went away before a byte of the answer came. */
function dispatch(
  agent: Dispatcher,
  request: HttpRequest,
  deadline_ms: number,
  wants_text: boolean,
  most_bytes: number,
  signal: AbortSignal | undefined,
): Promise<HttpResult | 'closed'> {
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | undefined
    let status = 0
    let headers: Record<string, string> = {}
    let chunks: Buffer[] | undefined
    let size = 0
    let over = false

    const end = (result: HttpResult | 'closed'): void => {
      if (over) return
      over = true
      clearTimeout(timer)
      ends?.delete(abort)
      resolve(result)
    }
    const give = (result: HttpResult): void => {
      end(result)
      controller?.abort(new Error('given up'))
    }
    const answer = (): HttpResult => ({
      kind: 'answer',
      response: { status, headers, text: chunks ? Buffer.concat(chunks).toString('utf8', 0, most_bytes) : '' },
    })
    const abort = (): void => give({ kind: 'failed', reason: 'stopped', busy: true })
    const timer = setTimeout(
      () =>
        give({ kind: 'failed', reason: `no answer within ${deadline_ms / 1000} s`, busy: status === 0 && !controller }),
      deadline_ms,
    )
    const ends = signal && endsOf(signal)
    ends?.add(abort)

    try {
      const { origin, path } = split(request.url)
      const isJson = request.json !== undefined
      const body = isJson ? JSON.stringify(request.json) : request.body
      agent.dispatch(
        {
          origin,
          path,
          method: request.method ?? 'POST',
          headers: {
            'user-agent': 'outrider',
            ...(isJson && { 'content-type': 'application/json' }),
            ...request.headers,
          },
          body: body ?? null,
        },
        {
          onRequestStart(started) {
            controller = started
            if (over) started.abort(new Error('given up'))
          },
          onResponseStart(_, code, fields) {
            // 1xx: the answer is still to come.
            if (code < 200) return
            status = code
            headers = flat(fields)
            if (wants_text || code >= 300) chunks = []
          },
          onResponseData(_, chunk) {
            size += chunk.length
            chunks?.push(chunk)
            if (size > most_bytes) give(answer())
          },
          onResponseEnd() {
            end(answer())
          },
          onResponseError(_, error) {
            end(
              status === 0
                ? failure(error)
                : { kind: 'failed', reason: `the answer broke off: ${error.message}`, busy: false },
            )
          },
        },
      )
    } catch (error) {
      end({ kind: 'impossible', reason: (error as Error).message })
    }
  })
}

function flat(fields: Record<string, string | string[] | undefined>): Record<string, string> {
  const out: Record<string, string> = {}
  for (const name in fields) {
    const value = fields[name]
    if (value !== undefined) out[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return out
}
