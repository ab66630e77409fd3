import * as z from 'zod/mini'
import { jsonBody, text } from './checks.ts'
import { Broken, defineFake, type FakeRequest, type Store } from './define.ts'

const app_token = 'fake-app-token'
const user_token = 'fake-user-token'
/** Requests that a session is good for: real ones end, too. */
const session_requests = 50

// What GLPI shows is HTML; a text that opens an element of its own would be shown as such.
const html = text(1_000_000).check(
  z.refine((value) => !/<(?!\/?(p|br)>)/i.test(value) && !/&(?!amp;|lt;|gt;)/.test(value), {
    error: 'a "<" or "&" of the text is not escaped',
  }),
)
const scale = z.optional(z.int().check(z.minimum(1), z.maximum(5)))
const ticket = z.looseObject({
  name: text(255),
  content: html,
  type: z.optional(z.int().check(z.minimum(1), z.maximum(2))),
  urgency: scale,
  impact: scale,
  entities_id: z.optional(z.int()),
  itilcategories_id: z.optional(z.int()),
})
const part = z.looseObject({ itemtype: z.literal('Ticket'), items_id: z.int(), content: html })
const bad = { code: 'ERROR_BAD_ARRAY' }

export default defineFake({
  name: 'glpi',
  source: 'https://github.com/glpi-project/glpi/blob/main/apirest.md',
  destinations: (url) => ({ glpi: { hook_url: url, api_key: user_token, app_token } }),

  routes: {
    'GET /apirest.php/initSession'(request, store) {
      checkApp(request)
      if (request.headers.authorization !== `user_token ${user_token}`)
        throw new Broken('parameter user_token seems invalid', 401, 'ERROR_GLPI_LOGIN_USER_TOKEN')
      const session = `session-${store.next()}`
      store.made.set(session, { left: session_requests })
      return { status: 200, json: { session_token: session }, did: 'a session' }
    },
    'GET /apirest.php/killSession'(request, store) {
      checkSession(request, store)
      store.made.delete(request.headers['session-token']!)
      return { status: 200, text: '', did: 'the end of a session' }
    },
    'POST /apirest.php/Ticket'(request, store) {
      checkSession(request, store)
      jsonBody(request, z.looseObject({ input: ticket }), bad)
      return make(store, 'ticket', { status: 1 })
    },
    'POST /apirest.php/ITILFollowup'(request, store) {
      checkSession(request, store)
      ticketOf(request, store)
      return make(store, 'follow-up', {})
    },
    'POST /apirest.php/ITILSolution'(request, store) {
      checkSession(request, store)
      const found = ticketOf(request, store)
      if (found.status === 5) throw new Broken('The item is already solved', 400, 'ERROR_GLPI_ADD')
      found.status = 5
      return make(store, 'solution', {})
    },
  },

  // An error is a pair.
  refusal: ({ status, code, message }) => ({ status, json: [code || 'ERROR', message] }),
  busy: () => ({ status: 429, text: 'Too Many Requests' }),
})

function checkApp({ headers }: FakeRequest): void {
  if (headers['app-token'] === undefined)
    throw new Broken('missing parameter app_token', 400, 'ERROR_APP_TOKEN_PARAMETERS_MISSING')
  if (headers['app-token'] !== app_token)
    throw new Broken('parameter app_token seems wrong', 400, 'ERROR_WRONG_APP_TOKEN_PARAMETER')
}

function checkSession(request: FakeRequest, store: Store): void {
  checkApp(request)
  const given = request.headers['session-token']
  if (given === undefined) throw new Broken('parameter session_token is missing', 400, 'ERROR_SESSION_TOKEN_MISSING')
  const session = store.made.get(given) as { left: number } | undefined
  if (!given.startsWith('session-') || !session || session.left-- <= 0)
    throw new Broken('session_token seems invalid', 401, 'ERROR_SESSION_TOKEN_INVALID')
}

function ticketOf(request: FakeRequest, store: Store): Record<string, unknown> {
  const { input } = jsonBody(request, z.looseObject({ input: part }), bad)
  const found = store.made.get(String(input.items_id))
  if (!found) throw new Broken("You don't have permission to perform this action.", 400, 'ERROR_GLPI_ADD')
  return found
}

function make(store: Store, what: string, made: Record<string, unknown>) {
  const id = store.next()
  if (what === 'ticket') store.made.set(String(id), made)
  return { status: 201, json: { id, message: '' }, did: `${what} ${id}` }
}
