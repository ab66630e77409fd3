import * as z from 'zod/mini'
import { parseTimestamp } from '../clock.ts'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, cut, jsonWithin, oneLine, text } from './message.ts'
import { choice, httpUrl, jsonOf, secretText, textOption } from './options.ts'

/** Wazuh's own script sends "warning" for everything from level 7 on, and no dedup_key. */
export default defineIntegration({
  name: 'pagerduty',
  summary: 'Triggers a PagerDuty alert for each alert.',
  docs: 'https://developer.pagerduty.com/docs/events-api-v2-overview',

  options: z.object({
    api_key: secretText('Integration key (routing key) of an Events API v2 integration.'),
    hook_url: z
      ._default(httpUrl('Address of the Events API.'), 'https://events.pagerduty.com/v2/enqueue')
      .check(z.describe('Address of the Events API; https://events.eu.pagerduty.com/v2/enqueue in the EU.')),
    dedup: choice(
      ['alert', 'rule-and-agent'],
      'alert',
      'What makes one PagerDuty alert: each alert, or all of the same rule on the same agent.',
    ),
    client: z._default(z.string(), 'Wazuh').check(z.describe('Name of the sender, as PagerDuty shows it.')),
    client_url: textOption('Address of the Wazuh dashboard, for the link back.'),
  }),
  example: { api_key: '0123456789abcdef0123456789abcdef' },

  // About 120 a minute and key, https://developer.pagerduty.com/docs/events-api-v2-rate-limits.
  rate: 2,

  request(alert, { api_key, hook_url, dedup, client, client_url }, { title, line, idempotency_key, now, incident }) {
    const { rule, agent, manager } = alert
    const groups = Array.isArray(rule?.groups) ? rule.groups.map(oneLine).join(', ') : ''
    // An event may have 512 KB.
    const details = line.length < 100_000 ? alert : JSON.parse(jsonWithin(alert, line, 400_000))
    return {
      url: hook_url,
      json: {
        routing_key: api_key,
        event_action: 'trigger',
        dedup_key: incident
          ? incident.key
          : dedup === 'alert'
            ? idempotency_key
            : cut(`wazuh-${oneLine(rule?.id)}-${oneLine(agent?.id)}`, 255),
        payload: {
          summary: cut(title, 1024),
          source: cut(oneLine(agent?.name) || oneLine(manager?.name) || 'wazuh', 255),
          severity: bySeverity(alert, ['info', 'info', 'warning', 'error', 'critical']),
          timestamp: new Date(parseTimestamp(alert.timestamp) ?? now).toISOString(),
          component: cut(oneLine(alert.location), 255) || undefined,
          group: cut(groups, 255) || undefined,
          class: cut(oneLine(rule?.id), 255) || undefined,
          custom_details: details,
        },
        client,
        client_url,
      },
    }
  },

  resolve(_, { api_key, hook_url }, { incident }) {
    return { url: hook_url, json: { routing_key: api_key, event_action: 'resolve', dedup_key: incident!.key } }
  },

  outcome({ status, text: body }): Outcome | undefined {
    if (status === 202) return { kind: 'delivered', ref: text(jsonOf(body).dedup_key) }
    if (status === 400 && /routing.?key/i.test(body))
      return { kind: 'paused', reason: 'HTTP 400: PagerDuty does not know the routing key' }
    return undefined
  },
})
