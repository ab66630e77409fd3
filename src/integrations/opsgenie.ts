import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, cut, oneLine, text } from './message.ts'
import { httpUrl, jsonOf, secretText } from './options.ts'

// Jira Service Management takes ids only; in Opsgenie a user has a username, and the others a name.
const responder = z
  .object({
    type: z.enum(['team', 'user', 'escalation', 'schedule']),
    id: z.optional(z.string()),
    name: z.optional(z.string()),
    username: z.optional(z.string()),
  })
  .check(
    z.refine(({ id, name, username }) => [id, name, username].filter((one) => one !== undefined).length === 1, {
      error: 'needs one of id, name and username',
    }),
  )

export default defineIntegration({
  name: 'opsgenie',
  summary: 'Creates an alert in Opsgenie or Jira Service Management for each alert.',
  docs: 'https://developer.atlassian.com/cloud/jira/service-desk-ops/rest/v1/api-group-integration-events/',

  options: z.object({
    api_key: secretText('Key of an API integration.'),
    hook_url: z
      ._default(httpUrl('Address of the alert API.'), 'https://api.opsgenie.com/v2/alerts')
      .check(
        z.describe(
          'Address of the alert API: https://api.eu.opsgenie.com/v2/alerts in the EU, https://api.atlassian.com/jsm/ops/integration/v2/alerts for Jira Service Management. Those of Opsgenie end on 5 April 2027.',
        ),
      ),
    responders: z
      ._default(z.array(responder), [])
      .check(
        z.describe(
          "Who is called: a list of {type: team, id: …}, or with name in Opsgenie; the integration's own when empty.",
        ),
      ),
  }),
  example: { api_key: '11111111-2222-3333-4444-555555555555' },

  // Plans differ; 429 says when.
  rate: 10,

  request(alert, { api_key, hook_url, responders }, { title, body, idempotency_key, incident }) {
    const { rule, agent } = alert
    const tags = ['wazuh', ...(Array.isArray(rule?.groups) ? rule.groups : [])]
      .map((tag) => cut(oneLine(tag), 50))
      .filter(Boolean)
    const details = {
      rule: cut(oneLine(rule?.id), 200),
      agent: cut(oneLine(agent?.name), 200),
      alert: cut(oneLine(alert.id), 200),
      location: cut(oneLine(alert.location), 1000),
    }
    return {
      url: hook_url,
      headers: { authorization: `GenieKey ${api_key}` },
      json: {
        message: cut(title, 130),
        alias: incident?.key ?? idempotency_key,
        description: cut(body, 15_000),
        priority: bySeverity(alert, ['P5', 'P4', 'P3', 'P2', 'P1']),
        tags: [...new Set(tags)].slice(0, 20),
        entity: cut(oneLine(agent?.name), 512) || undefined,
        source: cut(oneLine(alert.manager?.name) || 'wazuh', 100),
        details,
        ...(responders.length > 0 && { responders }),
      },
    }
  },

  resolve(_, { api_key, hook_url }, { incident, title }) {
    return {
      url: `${hook_url.replace(/\/$/, '')}/${incident!.key}/close?identifierType=alias`,
      headers: { authorization: `GenieKey ${api_key}` },
      json: { source: 'wazuh', note: cut([title, incident?.why].filter(Boolean).join('\n'), 25_000) },
    }
  },

  outcome({ status, text: body }): Outcome | undefined {
    if (status === 202) return { kind: 'delivered', ref: text(jsonOf(body).requestId) }
    return undefined
  },
})
