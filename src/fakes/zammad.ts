import * as z from 'zod/mini'
import { anyText, credential, jsonBody, text } from './checks.ts'
import { Broken, defineFake, type FakeRequest } from './define.ts'

// PostgreSQL takes every character but NUL.
const column = (most: number) => text(most).check(z.refine((value) => !value.includes('\0'), { error: 'holds a NUL' }))
const article = {
  subject: z.optional(column(3000)),
  body: column(20 << 20),
  type: z.optional(z.enum(['note', 'email', 'phone', 'web'])),
  content_type: z.optional(z.enum(['text/plain', 'text/html'])),
  internal: z.optional(z.boolean()),
}
const ticket = z.looseObject({
  title: column(250),
  group: z.optional(text(160)),
  group_id: z.optional(z.int()),
  customer: z.optional(anyText()),
  customer_id: z.optional(z.unknown()),
  priority_id: z.optional(z.int().check(z.minimum(1), z.maximum(3))),
  article: z.looseObject(article),
})

function authorize(request: FakeRequest): void {
  if (!/^(Token token=\S+|Bearer \S+|Basic \S+)$/.test(request.headers.authorization ?? ''))
    credential(request, 'Token token=…', 'Authentication required')
}

export default defineFake({
  name: 'zammad',
  source: 'https://docs.zammad.org/en/latest/api/ticket/index.html#create',
  destinations: (url) => ({
    zammad: { hook_url: url, api_key: 'fake-token', ticket_group: 'SOC', customer: 'wazuh@example.com' },
  }),

  routes: {
    'POST /api/v1/tickets'(request, store) {
      authorize(request)
      const given = jsonBody(request, ticket, { status: 422 })
      if (given.group === undefined && given.group_id === undefined) throw new Broken('group: is missing', 422)
      if (given.customer === undefined && given.customer_id === undefined) throw new Broken('customer: is missing', 422)
      const id = store.next()
      store.made.set(String(id), {})
      return { status: 201, json: { id, number: String(10_000 + id), title: given.title }, did: `ticket ${id}` }
    },
    'PUT /api/v1/tickets/{id}'(request, store) {
      authorize(request)
      const { id = '' } = request.params
      if (!store.made.has(id)) throw new Broken(`there is no ticket ${id}`, 404)
      const change = z.looseObject({ state: z.optional(text(250)), article: z.optional(z.looseObject(article)) })
      jsonBody(request, change, { status: 422 })
      return { status: 200, json: { id: Number(id) }, did: `changed ticket ${id}` }
    },
    'POST /api/v1/ticket_articles'(request, store) {
      authorize(request)
      const { ticket_id } = jsonBody(request, z.looseObject({ ...article, ticket_id: z.int() }), { status: 422 })
      if (!store.made.has(String(ticket_id))) throw new Broken(`there is no ticket ${ticket_id}`, 404)
      return { status: 201, json: { id: store.next(), ticket_id }, did: `article of ticket ${ticket_id}` }
    },
  },

  refusal: ({ status, code, message }) => ({ status, json: { error: code || message, error_human: message } }),
})
