import * as z from 'zod/mini'
import { anyText, credential, hexId, jsonBody, text } from './checks.ts'
import { Broken, defineFake, type FakeAnswer, type FakeRequest, type Store } from './define.ts'

const responder = z.looseObject({
  type: z.enum(['team', 'user', 'escalation', 'schedule']),
  id: z.optional(z.string()),
  name: z.optional(z.string()),
  username: z.optional(z.string()),
})
const created = z.looseObject({
  message: text(130),
  alias: z.optional(text(512)),
  description: z.optional(anyText(15_000)),
  priority: z.optional(z.enum(['P1', 'P2', 'P3', 'P4', 'P5'])),
  tags: z.optional(z.array(anyText(50)).check(z.maxLength(20))),
  entity: z.optional(anyText(512)),
  source: z.optional(anyText(100)),
  details: z.optional(z.record(z.string(), z.string())),
  note: z.optional(anyText(25_000)),
  responders: z.optional(z.array(responder).check(z.maxLength(50))),
})
const closed = z.looseObject({
  note: z.optional(anyText(25_000)),
  source: z.optional(anyText(100)),
  user: z.optional(anyText(100)),
})

/** It answers before it has looked whether there is such an alert; what becomes of that is asked by the id. */
function taken(store: Store, did: string): FakeAnswer {
  const requestId = hexId(store.next()).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  return { status: 202, json: { result: 'Request will be processed', took: 0.01, requestId }, did }
}

function create(request: FakeRequest, store: Store): FakeAnswer {
  credential(request, 'GenieKey')
  const alert = jsonBody(request, created, { status: 422 })
  // Jira Service Management knows them by id only.
  const isJira = request.path.startsWith('/jsm/')
  if (isJira && alert.responders?.some(({ id }) => id === undefined)) throw new Broken('responders: id is missing', 422)
  const size = Object.entries(alert.details ?? {}).reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (size > 8000) throw new Broken(`details: ${size} characters, of 8000`, 422)
  const alias = alert.alias ?? `made-here-${store.next()}`
  store.repeats(`${alias} ${request.body}`)
  const isOpen = store.made.get(alias)?.open === true
  store.made.set(alias, { open: true })
  return taken(store, `${isOpen ? 'alert again' : 'alert'} ${alias}`)
}

function close(request: FakeRequest, store: Store): FakeAnswer {
  credential(request, 'GenieKey')
  if (request.query.get('identifierType') !== 'alias') throw new Broken('identifierType is not "alias"', 422)
  jsonBody(request, closed, { status: 422 })
  const { alias = '' } = request.params
  // Opsgenie says 202 to this, too, and does nothing; whoever sends it has lost something.
  if (!store.made.has(alias)) throw new Broken(`close of an alert that was never created: ${alias}`, 404)
  store.made.set(alias, { open: false })
  return taken(store, `closed ${alias}`)
}

export default defineFake({
  name: 'opsgenie',
  source: 'https://docs.opsgenie.com/docs/alert-api',
  destinations: (url) => ({
    opsgenie: { hook_url: `${url}/v2/alerts`, api_key: 'fake-key' },
    'opsgenie-jsm': { hook_url: `${url}/jsm/ops/integration/v2/alerts`, api_key: 'fake-key' },
  }),

  routes: {
    'POST /v2/alerts': create,
    'POST /v2/alerts/{alias}/close': close,
    'POST /jsm/ops/integration/v2/alerts': create,
    'POST /jsm/ops/integration/v2/alerts/{alias}/close': close,
  },

  refusal: ({ status, message }) => ({ status, json: { message, took: 0.01, requestId: 'fake' } }),
  busy: (seconds) => ({
    status: 429,
    headers: {
      'x-ratelimit-state': 'THROTTLED',
      'x-ratelimit-reason': 'ACCOUNT',
      'x-ratelimit-period-in-sec': String(seconds),
    },
    json: { message: 'You are making too many requests!', took: 0.001, requestId: 'fake' },
  }),
  failed: () => ({ status: 503, json: { message: 'Service Unavailable', took: 0.001, requestId: 'fake' } }),
})
