import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, cut, oneLine, text } from './message.ts'
import { basicAuth, httpUrl, jsonOf, secretText, textOption } from './options.ts'

const scale = (preset: [number, number, number, number, number], what: string) =>
  z
    ._default(z.tuple([z.int(), z.int(), z.int(), z.int(), z.int()]), preset)
    .check(z.describe(`${what} for informational, low, medium, high, critical.`))

export default defineIntegration({
  name: 'servicenow',
  summary: 'Creates a ServiceNow incident for each alert.',
  docs: 'https://www.servicenow.com/docs/csh?topicname=c_TableAPI.html',

  options: z.object({
    hook_url: httpUrl('Address of the instance, for example https://example.service-now.com.'),
    user: textOption('User name; without it the key is an OAuth access token.'),
    api_key: secretText('Password of the user, or the access token.'),
    table: z._default(z.string().check(z.regex(/^\w+$/)), 'incident').check(z.describe('Table to write to.')),
    urgency: scale([3, 3, 2, 1, 1], 'Urgency'),
    impact: scale([3, 3, 3, 2, 1], 'Impact'),
    category: textOption('Category of the incident.'),
    assignment_group: textOption('Group it is assigned to, by name or sys_id.'),
    fields: z._default(z.record(z.string(), z.unknown()), {}).check(z.describe('More fields of the table.')),
    resolved_fields: z
      ._default(z.record(z.string(), z.unknown()), {})
      .check(
        z.describe(
          'Where alerts are grouped: fields of a record whose incident is over, such as {state: "6", close_code: "Solution provided"}; close_notes are added to a state. Without them, it only gets a work note.',
        ),
      ),
  }),
  example: { hook_url: 'https://example.service-now.com', user: 'wazuh', api_key: 'snow-password' },

  request(alert, options, { title, body, idempotency_key, incident }) {
    const { urgency, impact, category, assignment_group, fields } = options
    const { address, headers } = accessTo(options)
    if (incident?.ref)
      return {
        method: 'PATCH',
        url: `${address}/${incident.ref}`,
        headers,
        // Without a word it cuts what is longer.
        json: { work_notes: cut(`${title}\n\n${body}`, 4000) },
      }
    return {
      url: address,
      headers,
      json: {
        short_description: cut(oneLine(title), 160),
        description: cut(body, 4000),
        urgency: String(bySeverity(alert, urgency)),
        impact: String(bySeverity(alert, impact)),
        category,
        assignment_group,
        correlation_id: idempotency_key,
        correlation_display: 'Wazuh',
        ...fields,
      },
    }
  },

  resolve(_, options, { title, body, incident }) {
    if (!incident?.ref) return undefined
    const { address, headers } = accessTo(options)
    const { resolved_fields } = options
    const note = cut(`${title}\n\n${body}`, 4000)
    return {
      method: 'PATCH',
      url: `${address}/${incident.ref}`,
      headers,
      json: {
        work_notes: note,
        // The usual data policy wants them when an incident is resolved.
        ...('state' in resolved_fields && { close_notes: cut(incident.why ?? title, 4000) }),
        ...resolved_fields,
      },
    }
  },

  outcome({ status, text: body }): Outcome | undefined {
    const result = jsonOf(body).result as { number?: unknown; sys_id?: unknown } | undefined
    if (status === 201 || status === 200) {
      // A sleeping developer instance answers 200 with a page.
      if (result === undefined || result === null)
        return { kind: 'retry', reason: `HTTP ${status} without a result: is the instance awake?`, busy: true }
      return { kind: 'delivered', ref: text(result.sys_id) }
    }
    if (status === 404) return { kind: 'paused', reason: 'HTTP 404: is the address right, and does the table exist?' }
    return undefined
  },
})

function accessTo({
  hook_url,
  user,
  api_key,
  table,
}: {
  hook_url: string
  user?: string | undefined
  api_key: string
  table: string
}) {
  return {
    address: `${new URL(hook_url).origin}/api/now/table/${table}`,
    headers: {
      authorization: user === undefined ? `Bearer ${api_key}` : basicAuth(user, api_key),
      accept: 'application/json',
    },
  }
}
