import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, cut, oneLine, text } from './message.ts'
import { httpUrl, jsonOf, secretText, textOption, tls } from './options.ts'

export default defineIntegration({
  name: 'zammad',
  summary: 'Creates a Zammad ticket for each alert.',
  docs: 'https://docs.zammad.org/en/latest/api/ticket/index.html',

  options: z.object({
    hook_url: httpUrl('Address of Zammad.'),
    api_key: secretText('Access token of a user with ticket.agent.'),
    ticket_group: z.string().check(z.minLength(1), z.describe('Group the ticket goes to.')),
    customer: z
      .string()
      .check(
        z.minLength(1),
        z.describe('E-mail address or login of the customer of the ticket; of a new address a user is made.'),
      ),
    resolved_state: textOption(
      'Where alerts are grouped: state of a ticket whose incident is over, such as closed. Without it, the ticket only gets a note.',
    ),
    ...tls,
  }),
  example: {
    hook_url: 'https://zammad.example',
    api_key: 'zammad-token',
    ticket_group: 'SOC',
    customer: 'wazuh@example.com',
  },

  request(alert, { hook_url, api_key, ticket_group, customer }, { title, body, incident }) {
    const api = `${hook_url.replace(/\/$/, '')}/api/v1`
    const headers = { authorization: `Token token=${api_key}` }
    const subject = cut(oneLine(title), 250)
    const article = { subject, body: cut(body, 30_000), type: 'note', content_type: 'text/plain', internal: true }
    if (incident?.ref)
      return { url: `${api}/ticket_articles`, headers, json: { ticket_id: Number(incident.ref), ...article } }
    return {
      url: `${api}/tickets`,
      headers,
      json: {
        title: subject,
        group: ticket_group,
        // Of an address that nobody has a user is made.
        ...(customer.includes('@') ? { customer_id: `guess:${customer}` } : { customer }),
        priority_id: bySeverity(alert, [1, 1, 2, 3, 3]),
        article,
      },
    }
  },

  resolve(_, { hook_url, api_key, resolved_state }, { title, body, incident }) {
    if (!incident?.ref) return undefined
    const api = `${hook_url.replace(/\/$/, '')}/api/v1`
    const headers = { authorization: `Token token=${api_key}` }
    const subject = cut(oneLine(title), 250)
    const article = { subject, body: cut(body, 30_000), type: 'note', content_type: 'text/plain', internal: true }
    const ticket_id = Number(incident.ref)
    if (resolved_state === undefined) return { url: `${api}/ticket_articles`, headers, json: { ticket_id, ...article } }
    return { method: 'PUT', url: `${api}/tickets/${ticket_id}`, headers, json: { state: resolved_state, article } }
  },

  outcome({ status, text: answer }): Outcome | undefined {
    const { id, error } = jsonOf(answer)
    if (status === 201) return { kind: 'delivered', ref: text(id) }
    // "No lookup value found for 'group'": the same for every alert.
    if (status === 422 && /lookup value|group|customer/i.test(text(error)))
      return { kind: 'paused', reason: `HTTP 422 "${cut(oneLine(error), 200)}"` }
    if (status === 404) return { kind: 'paused', reason: 'HTTP 404: is this the address of Zammad?' }
    return undefined
  },
})
