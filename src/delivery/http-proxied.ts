/** Requests through the proxies that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` of the environment name: undici knows how. */
import type { Dispatcher } from 'undici'
import type { HttpRequest } from '../define.ts'
import type { HttpResult } from './attempt.ts'
import { failure } from './failure.ts'
import { contentOf, endsOf, flat, type Limits, type Line, targetOf } from './http-target.ts'

export function openProxied(connections: number, tls: { ca?: Buffer | undefined; rejectUnauthorized: boolean }): Line {
  let opening: Promise<Dispatcher> | undefined
  const open = async (): Promise<Dispatcher> => {
    // Loaded only where it is used: it is large.
    const { EnvHttpProxyAgent } = await import('undici')
    // A connection attempt must end by itself: nothing else ends it when the deadline has passed. The deadline is ours.
    const connect = { ...tls, timeout: 30_000 }
    return new EnvHttpProxyAgent({
      connections,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect,
      requestTls: connect,
    })
  }
  return {
    send: async (request, limits) => dispatch(await (opening ??= open()), request, limits),
    async close() {
      await (await opening)?.destroy()
    },
  }
}

/** `closed`: the connection went away before a byte of the answer came. */
function dispatch(
  agent: Dispatcher,
  request: HttpRequest,
  { deadline_ms, wants_text, most_bytes, signal }: Limits,
): Promise<HttpResult | 'closed'> {
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | undefined
    let status = 0
    let fields: Record<string, string> = {}
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
      response: { status, headers: fields, text: chunks ? Buffer.concat(chunks).toString('utf8', 0, most_bytes) : '' },
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
      const { origin, path } = targetOf(request.url)
      const { headers, body } = contentOf(request)
      agent.dispatch(
        {
          origin,
          path,
          method: request.method ?? 'POST',
          headers,
          body: body ?? null,
        },
        {
          onRequestStart(started) {
            controller = started
            if (over) started.abort(new Error('given up'))
          },
          onResponseStart(_, code, given) {
            // 1xx: the answer is still to come.
            if (code < 200) return
            status = code
            fields = flat(given)
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
