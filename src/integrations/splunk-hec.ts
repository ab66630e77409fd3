import { createHash } from 'node:crypto'
import * as z from 'zod/mini'
import type { Alert } from '../alert.ts'
import { parseTimestamp } from '../clock.ts'
import { defineIntegration, type HttpRequest, type IntegrationContext, type Outcome } from '../define.ts'
import { text } from './message.ts'
import { httpUrl, jsonOf, secretText, textOption, tls, withPath } from './options.ts'

export default defineIntegration({
  name: 'splunk-hec',
  summary: 'Sends each alert as an event to the HTTP Event Collector of Splunk.',
  docs: 'https://help.splunk.com/en/splunk-enterprise/get-started/get-data-in/10.0/get-data-with-http-event-collector/format-events-for-http-event-collector',

  options: z.object({
    hook_url: httpUrl(
      "Splunk's collector, for example https://splunk.example:8088; a path other than /services/collector/event must be given.",
    ),
    api_key: secretText('HEC token.'),
    index: textOption("Index to write to; the token's own when left out."),
    sourcetype: z._default(z.string(), 'wazuh').check(z.describe('Source type of the events.')),
    source: z._default(z.string(), 'wazuh').check(z.describe('Source of the events.')),
    acknowledge: z
      ._default(z.boolean(), false)
      .check(
        z.describe(
          'For a token with "indexer acknowledgement": an alert counts as delivered only when Splunk says that it is indexed, which is asked for up to five minutes. Behind a load balancer all requests must come to the same collector.',
        ),
      ),
    ...tls,
  }),
  example: { hook_url: 'https://splunk.example:8088', api_key: '11111111-2222-3333-4444-555555555555' },

  request: (alert, options, context) => send([event(alert, options, context)], options),
  batch: { max_count: 500, max_bytes: 512 * 1024, part: event, request: send },

  // https://docs.splunk.com/Documentation/Splunk/latest/Data/TroubleshootHTTPEventCollector#Possible_error_codes
  outcome({ status, text: body }, { acknowledge }): Outcome | undefined {
    const answer = jsonOf(body)
    if (typeof answer.code !== 'number') return undefined
    if (answer.code === 0 && status === 200) {
      if (!acknowledge || typeof answer.ackId === 'number') return { kind: 'delivered' }
      return { kind: 'paused', reason: 'Splunk gives no ackId: "indexer acknowledgement" is off for this token' }
    }
    if (answer.code === 10) return { kind: 'paused', reason: `HTTP ${status}: this token needs acknowledge: true` }
    const reason = `HTTP ${status}, Splunk answers ${answer.code} "${text(answer.text)}"`
    // Token disabled, missing, malformed, unknown; index not allowed; channel missing or wrong; acknowledgement off.
    if ([1, 2, 3, 4, 7, 10, 11, 14].includes(answer.code)) return { kind: 'paused', reason }
    if ([8, 9, 18, 19, 20, 21, 23].includes(answer.code)) return { kind: 'retry', reason, busy: true }
    return status < 500 ? { kind: 'rejected', reason } : undefined
  },

  // https://help.splunk.com/en/splunk-enterprise/get-started/get-data-in/10.0/get-data-with-http-event-collector/about-http-event-collector-indexer-acknowledgment
  confirm({ text: body }, options) {
    const { ackId } = jsonOf(body)
    if (!options.acknowledge || typeof ackId !== 'number') return undefined
    const { origin, pathname } = new URL(collector(options))
    const request: HttpRequest = {
      url: `${origin}${pathname.replace(/\/event(\/1\.0)?$/, '')}/ack?channel=${channel(options)}`,
      headers: { authorization: `Splunk ${options.api_key}` },
      json: { acks: [ackId] },
    }
    return {
      request,
      outcome({ status, text: answer }): Outcome | undefined {
        const { acks, code, text: words } = jsonOf(answer)
        if ((acks as Record<string, unknown> | undefined)?.[ackId] === true) return { kind: 'delivered' }
        if (status !== 400 && status !== 401 && status !== 403) return undefined
        return {
          kind: 'paused',
          reason: `HTTP ${status}, asked for an acknowledgement Splunk answers ${text(code)} "${text(words)}"`,
        }
      },
      within_ms: 300_000,
    }
  },
})

interface Options {
  hook_url: string
  api_key: string
  index?: string | undefined
  sourcetype: string
  source: string
  acknowledge: boolean
}

function event(
  { timestamp, agent, manager }: Alert,
  { index, sourcetype, source }: Options,
  { line, now, idempotency_key }: IntegrationContext,
): string {
  const time = (parseTimestamp(timestamp) ?? now) / 1000
  const host = text(agent?.name) || text(manager?.name) || undefined
  const meta = JSON.stringify({ time, host, source, sourcetype, index, fields: { outrider_id: idempotency_key } })
  // The alert goes in as it stands in the log.
  return `${meta.slice(0, -1)},"event":${line}}`
}

/** Events one after the other, with nothing between them. */
function send(events: readonly string[], options: Options): HttpRequest {
  return {
    url: collector(options),
    headers: {
      authorization: `Splunk ${options.api_key}`,
      'content-type': 'application/json',
      ...(options.acknowledge && { 'x-splunk-request-channel': channel(options) }),
    },
    body: events.join(''),
  }
}

function collector({ hook_url }: Options): string {
  return withPath(hook_url, '/services/collector/event')
}

/** A GUID that stays the same: an acknowledgement is asked for in the channel that the events came through. */
function channel({ hook_url, api_key }: Options): string {
  const hex = createHash('sha256').update(`channel\0${hook_url}\0${api_key}`).digest('hex')
  // Version 8 of RFC 9562: made of whatever one likes.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
