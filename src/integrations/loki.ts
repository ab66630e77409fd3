import * as z from 'zod/mini'
import type { Alert } from '../alert.ts'
import { parseTimestamp } from '../clock.ts'
import { defineIntegration, type HttpRequest, type IntegrationContext, type Outcome } from '../define.ts'
import { jsonWithin, oneLine, severityOf } from './message.ts'
import { basicAuth, httpUrl, textOption, tls, withPath } from './options.ts'

export default defineIntegration({
  name: 'loki',
  summary: 'Pushes each alert as a log line to Grafana Loki.',
  docs: 'https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs',

  options: z.object({
    hook_url: httpUrl('Address of Loki; /loki/api/v1/push is added when it has no path.'),
    labels: z
      ._default(z.record(z.string().check(z.regex(/^[a-zA-Z_]\w*$/)), z.string()), { job: 'wazuh' })
      .check(
        z.describe(
          'Labels of the stream. The severity is added; what differs from alert to alert must not be a label.',
        ),
      ),
    tenant: textOption('Tenant, sent as X-Scope-OrgID.'),
    user: textOption('User name; the key is then the password. Without it the key is a bearer token.'),
    api_key: z
      .optional(z.string().check(z.minLength(1)))
      .check(z.meta({ description: 'Password or bearer token.', secret: true })),
    ...tls,
  }),
  example: { hook_url: 'https://loki.example:3100', tenant: 'soc' },

  request: (alert, options, context) => push([stream(alert, options, context)], options),
  batch: { max_count: 500, max_bytes: 1 << 20, part: stream, request: push },

  outcome({ status }): Outcome | undefined {
    if (status === 404) return { kind: 'paused', reason: 'HTTP 404: is this the address of Loki?' }
    return undefined
  },
})

const minute = 60_000

interface Options {
  hook_url: string
  labels: Record<string, string>
  tenant?: string | undefined
  user?: string | undefined
  api_key?: string | undefined
}

/** A stream of one line; Loki puts those with the same labels together. */
function stream(alert: Alert, { labels }: Options, { line, now }: IntegrationContext): string {
  const happened = parseTimestamp(alert.timestamp) ?? now
  // Loki refuses what is an hour behind its stream, a week old, or ten minutes ahead: that is filed under when it is sent, and tells its own time.
  const time = happened < now - 50 * minute || happened > now + 5 * minute ? now : happened
  // The limits of a new server; nanoseconds are a text, as the number would not fit.
  const values = [[`${time}000000`, jsonWithin(alert, line, 256 * 1024)]]
  return JSON.stringify({ stream: { ...labels, severity: severityOf(alert) }, values })
}

function push(streams: readonly string[], { hook_url, tenant, user, api_key }: Options): HttpRequest {
  return {
    url: withPath(hook_url, '/loki/api/v1/push'),
    headers: {
      'content-type': 'application/json',
      ...(tenant && { 'x-scope-orgid': oneLine(tenant) }),
      ...(api_key && { authorization: user ? basicAuth(user, api_key) : `Bearer ${api_key}` }),
    },
    body: `{"streams":[${streams.join()}]}`,
  }
}
