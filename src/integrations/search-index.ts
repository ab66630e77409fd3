/** What Elasticsearch and OpenSearch have in common: one document per alert, created once, whose id makes a repeat harmless. */
import * as z from 'zod/mini'
import type { Alert } from '../alert.ts'
import { parseTimestamp } from '../clock.ts'
import type { HttpRequest, HttpResponse, IntegrationContext, Outcome } from '../define.ts'
import { cut, oneLine } from './message.ts'
import { basicAuth, httpUrl, jsonOf, tls } from './options.ts'

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

interface IndexOptions {
  hook_url: string
  index: string
  user?: string | undefined
  api_key?: string | undefined
}

/** Of each item's answer only what is read: with hundreds of items the rest is most of it. */
const wanted = ['status', 'error.type', 'error.reason', 'error.caused_by.reason'].map((field) => `items.*.${field}`)

/**
 * The request and the reading of its answers for `_bulk`, which takes one alert as well as many.
 *
 * @param scheme of the authorization with a key and without a user
 */
export function bulk(scheme: 'ApiKey' | 'Bearer') {
  function part(alert: Alert, _: IndexOptions, { line, idempotency_key, now }: IntegrationContext): string {
    const time = new Date(parseTimestamp(alert.timestamp) ?? now).toISOString()
    // Names below `data` may be a stranger's, made up in a log of JSON.
    const rest = (isRefused(alert.data, 1) ? JSON.stringify(takable(alert)) : line.trimStart()).slice(1)
    // `create`, for a data stream knows nothing else, and it never overwrites.
    return `{"create":{"_id":"${idempotency_key}"}}\n{"@timestamp":"${time}"${/^\s*}/.test(rest) ? '' : ','}${rest}\n`
  }

  function request(parts: readonly string[], { hook_url, index, user, api_key }: IndexOptions): HttpRequest {
    const { origin } = new URL(hook_url)
    const authorization = api_key && (user ? basicAuth(user, api_key) : `${scheme} ${api_key}`)
    return {
      url: `${origin}/${index}/_bulk?filter_path=errors,${wanted.join()}`,
      headers: { 'content-type': 'application/x-ndjson', ...(authorization && { authorization }) },
      body: parts.join(''),
    }
  }

  return {
    batch: { max_count: 500, max_bytes: 1 << 20, part, request, outcomes },
    request: (alert: Alert, options: IndexOptions, context: IntegrationContext) =>
      request([part(alert, options, context)], options),
    outcome(response: HttpResponse): Outcome | undefined {
      const { status, text } = response
      const [only] = outcomes(response) ?? []
      if (only) return only
      if (status === 200) return { kind: 'retry', reason: 'HTTP 200, but it is not the answer to a bulk request' }
      if (status === 404) return { kind: 'paused', reason: 'HTTP 404: is this the address of the cluster?' }
      return status === 400 ? { kind: 'rejected', reason: `HTTP 400 ${whyOf(jsonOf(text).error)}` } : undefined
    },
  }
}

function outcomes({ status, text }: HttpResponse): Outcome[] | undefined {
  const { items } = jsonOf(text)
  if (status !== 200 || !Array.isArray(items)) return undefined
  return items.map(outcomeOf)
}

function outcomeOf(item: { create?: { status?: unknown; error?: unknown } } | null): Outcome {
  const { status = 0, error } = item?.create ?? {}
  // 409: it is there already; a try before this one got through.
  if (status === 200 || status === 201 || status === 409) return { kind: 'delivered' }
  const reason = `HTTP ${status} ${whyOf(error)}`
  switch (status) {
    case 401:
    case 403:
      return { kind: 'paused', reason }
    case 404:
      return { kind: 'paused', reason: 'HTTP 404: the index does not exist and may not be created' }
    case 429:
    case 503:
      return { kind: 'retry', reason, busy: true }
  }
  return typeof status === 'number' && status >= 400 && status < 500
    ? { kind: 'rejected', reason }
    : { kind: 'retry', reason }
}

function whyOf(error: unknown): string {
  const { type, reason, caused_by } = (error ?? {}) as Record<string, unknown>
  const cause = (caused_by as { reason?: unknown } | undefined)?.reason
  return cut([type, reason, cause].map(oneLine).filter(Boolean).join(': ') || 'without a reason', 300)
}

// ---------------------------------------------------------------------------------------------------------- names that are refused

/** A name, or a part of one between dots, that is empty or blank: the whole document is refused, with "field name cannot be an empty string" and the like. */
const blankPart = /(?<=^|\.)[\s\0-\x20]*(?=\.|$)/g

/** `index.mapping.depth.limit` of a new index is 20; with the document's own objects above it. */
const deepest = 18

/** Nearly all names; to look at them so saves most of the time. */
const usualName = /^\w+$/

/** Whether a document would be refused for its names. */
function isRefused(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some((one) => isRefused(one, depth))
  if (depth > deepest) return true
  for (const name in value) {
    if (!usualName.test(name) && name.search(blankPart) >= 0) return true
    if (isRefused((value as Record<string, unknown>)[name], depth + 1)) return true
  }
  return false
}

/** The document with `_` for blank parts, and with JSON as a text for what is too deep. */
function takable(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one) => takable(one, depth))
  if (depth > deepest) return JSON.stringify(value)
  const taken: Record<string, unknown> = Object.create(null)
  // Hundreds of names may become one: where the search for a free one goes on.
  const next = new Map<string, number>()
  for (const [name, inner] of Object.entries(value)) {
    const usual = name.replace(blankPart, '_')
    let free = usual
    for (let n = next.get(usual) ?? 2; free in taken; n++) {
      free = `${usual}_${n}`
      next.set(usual, n + 1)
    }
    taken[free] = takable(inner, depth + 1)
  }
  return taken
}
