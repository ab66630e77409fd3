import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, cut, escapeHtml, oneLine, text } from './message.ts'
import { httpUrl, jsonOf, secretText, tls } from './options.ts'

const id = z.int().check(z.minimum(0))

const options = z.object({
  hook_url: httpUrl('Address of GLPI; /apirest.php is added when it does not end so.'),
  api_key: secretText("API token of the user who creates the tickets, from the user's remote access keys."),
  app_token: z
    .optional(z.string().check(z.minLength(1)))
    .check(z.meta({ description: 'Application token, when the API client of GLPI has one.', secret: true })),
  entity: z.optional(id).check(z.describe("Number of the entity the tickets go to; the user's default when empty.")),
  category: z.optional(id).check(z.describe('Number of the ITIL category.')),
  urgency: z
    ._default(z.tuple([id, id, id, id, id]), [1, 2, 3, 4, 5])
    .check(z.describe('Urgency for informational, low, medium, high, critical.')),
  fields: z
    ._default(z.record(z.string(), z.unknown()), {})
    .check(z.describe('More fields of the ticket, such as _groups_id_assign.')),
  ...tls,
})
type Options = z.infer<typeof options>

export default defineIntegration({
  name: 'glpi',
  summary: 'Creates a GLPI ticket for each alert.',
  docs: 'https://github.com/glpi-project/glpi/blob/main/apirest.md',

  options,
  example: { hook_url: 'https://glpi.example', api_key: 'glpi-user-token', app_token: 'glpi-app-token' },

  // GLPI 11 still has this API, as "legacy"; its new one wants an OAuth client and a password, and answers 404 to a follow-up that it has made.
  session: {
    open: (given) => call(given, 'GET', 'initSession', { authorization: `user_token ${given.api_key}` }),
    read({ status, text: body }): string | Outcome | undefined {
      const { session_token } = jsonOf(body)
      if (status === 200 && typeof session_token === 'string' && session_token !== '') return session_token
      return outcomeOf(status, body)
    },
    isOver: ({ status, text: body }) => status === 401 && /"ERROR_SESSION_TOKEN_(INVALID|MISSING)"/.test(body),
    close: (session, given) => call(given, 'GET', 'killSession', { 'session-token': session }),
  },

  request(alert, given, { session, title, body, incident }) {
    const { entity, category, urgency, fields } = given
    if (incident?.ref)
      return add(given, session, 'ITILFollowup', { ...about(incident.ref), content: html(title, body) })
    const scale = bySeverity(alert, urgency)
    return add(given, session, 'Ticket', {
      name: cut(oneLine(title), 250),
      content: html('', body),
      // An incident, and not a request.
      type: 1,
      urgency: scale,
      impact: scale,
      entities_id: entity,
      itilcategories_id: category,
      ...fields,
    })
  },

  resolve(_, given, { session, title, body, incident }) {
    if (!incident?.ref) return undefined
    return add(given, session, 'ITILSolution', { ...about(incident.ref), content: html(title, body) })
  },

  outcome: ({ status, text: body }) => outcomeOf(status, body),
})

function call({ hook_url, app_token }: Options, method: 'GET' | 'POST', what: string, headers: Record<string, string>) {
  const base = hook_url.replace(/\/+$/, '')
  const api = /\/(apirest\.php|api\.php\/v1)$/.test(base) ? base : `${base}/apirest.php`
  const all = { 'content-type': 'application/json', ...(app_token && { 'app-token': app_token }), ...headers }
  return { method, url: `${api}/${what}`, headers: all }
}

function add(given: Options, session: string, what: string, input: Record<string, unknown>) {
  return { ...call(given, 'POST', what, { 'session-token': session }), json: { input } }
}

const about = (ticket: string) => ({ itemtype: 'Ticket', items_id: Number(ticket) })

/** What GLPI takes for a text is HTML. */
function html(title: string, body: string): string {
  const lines = escapeHtml(cut([title, body].filter(Boolean).join('\n\n'), 30_000))
  return `<p>${lines.replace(/\r?\n/g, '<br>')}</p>`
}

/** Errors are a pair: a code, and words in the user's language. */
function outcomeOf(status: number, body: string): Outcome | undefined {
  if (status === 201) return { kind: 'delivered', ref: text(jsonOf(body).id) }
  if (status === 200)
    return {
      kind: 'paused',
      reason: 'HTTP 200, and nothing was made: is this the address of GLPI, as it is without a redirect?',
    }
  const [, code = '', words = ''] = /^\s*\["(\w+)"\s*,\s*"((?:[^"\\]|\\.)*)"/.exec(body) ?? []
  const reason = code === '' ? `HTTP ${status}` : `HTTP ${status} ${code}: ${cut(oneLine(words), 200)}`
  if (status === 404)
    return { kind: 'paused', reason: `${reason}: is this the address of GLPI, and its API switched on?` }
  if (status === 401 || status === 403) return { kind: 'paused', reason }
  if (status !== 400 || code === '') return undefined
  // The other codes are about the API, the tokens and this machine's address: the same for every alert.
  return { kind: code === 'ERROR_GLPI_ADD' ? 'rejected' : 'paused', reason }
}
