import * as z from 'zod/mini'
import { parseTimestamp } from '../clock.ts'
import { defineIntegration, type Outcome } from '../define.ts'
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
    ...tls,
  }),
  example: { hook_url: 'https://splunk.example:8088', api_key: '11111111-2222-3333-4444-555555555555' },

  request(alert, { hook_url, api_key, index, sourcetype, source }, { line, now, idempotency_key }) {
    const time = (parseTimestamp(alert.timestamp) ?? now) / 1000
    const host = text(alert.agent?.name) || text(alert.manager?.name) || undefined
    const meta = JSON.stringify({ time, host, source, sourcetype, index, fields: { outrider_id: idempotency_key } })
    return {
      url: withPath(hook_url, '/services/collector/event'),
      headers: { authorization: `Splunk ${api_key}`, 'content-type': 'application/json' },
      // The alert goes in as it stands in the log.
      body: `${meta.slice(0, -1)},"event":${line}}`,
    }
  },

  // https://docs.splunk.com/Documentation/Splunk/latest/Data/TroubleshootHTTPEventCollector#Possible_error_codes
  outcome({ status, text: body }): Outcome | undefined {
    const answer = jsonOf(body)
    if (typeof answer.code !== 'number') return undefined
    if (answer.code === 0 && status === 200) return { kind: 'delivered' }
    const reason = `HTTP ${status}, Splunk answers ${answer.code} "${text(answer.text)}"`
    // Token disabled, missing, malformed, unknown; index not allowed; channel missing or wrong; acknowledgement off.
    if ([1, 2, 3, 4, 7, 10, 11, 14].includes(answer.code)) return { kind: 'paused', reason }
    if ([8, 9, 18, 19, 20, 21, 23].includes(answer.code)) return { kind: 'retry', reason, busy: true }
    return status < 500 ? { kind: 'rejected', reason } : undefined
  },
})
