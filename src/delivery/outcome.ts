/** What an HTTP answer means for a delivery, and when a service wants to be asked again. */
import type { HttpResponse, Outcome } from '../define.ts'

/**
 * Judges by the status code: 2xx delivered; 429 and 503 are the destination's, not the alert's; 408, 425 and other 5xx are tried again; 401, 403 and 407 wait
 * for a person; anything else will never be accepted. Redirects are not followed: a credential must not travel to where an answer points.
 */
export function judge(response: HttpResponse, now: number): Outcome {
  const { status, headers } = response
  if (status >= 200 && status < 300) return { kind: 'delivered' }
  const reason = describe(response)
  switch (status) {
    case 401:
    case 403:
    case 407:
      return { kind: 'paused', reason }
    case 429:
    case 503:
      return { kind: 'retry', reason, busy: true, after_ms: retryAfter(response, now) }
    case 408:
    case 425:
      return { kind: 'retry', reason, after_ms: retryAfter(response, now) }
  }
  if (status >= 500) return { kind: 'retry', reason, after_ms: retryAfter(response, now) }
  if (status >= 300 && status < 400)
    return {
      kind: 'rejected',
      reason: `HTTP ${status}, redirected to "${headers.location ?? '?'}"; redirects are not followed: put the new URL in`,
    }
  return { kind: 'rejected', reason }
}

/** `HTTP 400 "invalid_payload"`, with the start of the body on one line. */
export function describe({ status, text }: HttpResponse): string {
  const body = text.replace(/\s+/g, ' ').trim().slice(0, 200)
  return body === '' ? `HTTP ${status}` : `HTTP ${status} ${JSON.stringify(body)}`
}

// Nobody may tell us to wait for longer than this: a wrong header must not stop a destination for a year.
const longest_ms = 3_600_000

/**
 * Milliseconds until the service wants to hear from us, undefined when it does not say: `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), and
 * the same in JSON as Discord (`retry_after`, seconds, fractions), Telegram (`parameters.retry_after`, seconds) and Matrix (`retry_after_ms`) say it.
 */
export function retryAfter({ headers, text }: HttpResponse, now: number): number | undefined {
  const header = headers['retry-after']?.trim()
  let ms: number | undefined
  if (header !== undefined && /^\d+(\.\d+)?$/.test(header)) ms = Number(header) * 1000
  else if (header !== undefined && !Number.isNaN(Date.parse(header))) ms = Date.parse(header) - now
  else if (text.startsWith('{')) ms = fromBody(text)
  return ms === undefined ? undefined : Math.min(Math.max(Math.ceil(ms), 0), longest_ms)
}

function fromBody(text: string): number | undefined {
  let body: Record<string, unknown>
  try {
    body = JSON.parse(text)
  } catch {
    return undefined
  }
  const parameters = body.parameters as Record<string, unknown> | undefined
  const seconds = body.retry_after ?? parameters?.retry_after
  if (typeof seconds === 'number') return seconds * 1000
  return typeof body.retry_after_ms === 'number' ? body.retry_after_ms : undefined
}
