/** What Elasticsearch and OpenSearch have in common: one document per alert, created once, whose id makes a repeat harmless. */
import * as z from 'zod/mini'
import { parseTimestamp } from '../clock.ts'
import type { HttpRequest, HttpResponse, Outcome } from '../define.ts'
import { cut, oneLine, text } from './message.ts'
import { httpUrl, jsonOf, tls } from './options.ts'

export const indexOptions = {
  hook_url: httpUrl('Address of the cluster, for example https://search.example:9200.'),
  index: z
    ._default(
      z.string().check(z.regex(/^[a-z0-9][a-z0-9._-]*$/, 'not a name of an index: lower case, digits, ., _ and -')),
      'wazuh-alerts-outrider',
    )
    .check(z.describe('Index or data stream to write to.')),
  ...tls,
}

/** `line` is the alert as JSON. */
export function createDocument(
  options: { hook_url: string; index: string },
  authorization: string | undefined,
  timestamp: unknown,
  { line, idempotency_key, now }: { line: string; idempotency_key: string; now: number },
): HttpRequest {
  const time = new Date(parseTimestamp(timestamp) ?? now).toISOString()
  const rest = line.trimStart().slice(1)
  return {
    method: 'PUT',
    url: `${new URL(options.hook_url).origin}/${options.index}/_create/${idempotency_key}`,
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    body: `{"@timestamp":"${time}"${/^\s*}/.test(rest) ? '' : ','}${rest}`,
  }
}

export function outcomeOfDocument({ status, text: body }: HttpResponse): Outcome | undefined {
  if (status === 201 || status === 200) return { kind: 'delivered', ref: text(jsonOf(body)._id) }
  // It is there already: a try before this one got through.
  if (status === 409) return { kind: 'delivered' }
  if (status === 404) return { kind: 'paused', reason: 'HTTP 404: the index does not exist and may not be created' }
  if (status !== 400) return undefined
  const error = jsonOf(body).error as { reason?: unknown; type?: unknown; caused_by?: { reason?: unknown } } | undefined
  const why = [error?.type, error?.reason, error?.caused_by?.reason].map(oneLine).filter(Boolean).join(': ')
  return { kind: 'rejected', reason: `HTTP 400 ${cut(why || 'without a reason', 300)}` }
}
