/** Webhook deliveries: any method and path that a receiver was configured for, answered in plain text that a sender's delivery log can show. */
import type { Context } from 'hono'
import type { Log } from '../log.ts'
import { ApiError } from './answer.ts'
import { readBody } from './body.ts'
import type { Receivers } from './parts.ts'

export interface WebhookOptions {
  body_timeout_ms: number
  now(): number
  log: Log
  mask(text: string): string
}

/** The answer to a delivery, or undefined when no receiver has this path. */
export async function receiveWebhook(
  c: Context,
  receivers: Receivers,
  { body_timeout_ms, now, log, mask }: WebhookOptions,
): Promise<Response | undefined> {
  const url = new URL(c.req.url)
  const receiver = receivers.find(url.pathname)
  if (!receiver) return undefined

  const answer = (status: 200 | 400 | 401 | 403 | 405 | 408 | 413 | 415 | 503, text: string, headers = {}) =>
    c.text(`${mask(text)}\n`, status, headers)
  if (c.req.method !== 'POST') return answer(405, `${url.pathname} takes POST only`, { Allow: 'POST' })

  let body: Uint8Array
  try {
    body = await readBody(c.req.raw, receiver.max_body, body_timeout_ms)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    log.warn('webhook refused', { receiver: receiver.name, status: error.status, reason: error.message })
    // Closed, because what is left of the body may still be on its way.
    return answer(error.status as 400 | 408 | 413 | 503, error.message, { Connection: 'close' })
  }
  const verdict = await receivers.receive(receiver.name, {
    method: c.req.method,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: c.req.header(),
    body,
    now: now(),
  })
  switch (verdict.kind) {
    case 'accepted':
      return answer(200, `accepted ${verdict.events.length} ${verdict.events.length === 1 ? 'event' : 'events'}`)
    case 'refused':
      return answer(verdict.status, verdict.reason)
    case 'unavailable':
      return answer(503, verdict.reason, { 'Retry-After': '30' })
  }
}
