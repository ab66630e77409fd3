import * as z from 'zod/mini'
import { anyText, header, jsonBody, text } from './checks.ts'
import { defineFake } from './define.ts'

const message = z.looseObject({
  message: text(Number.MAX_SAFE_INTEGER),
  title: z.optional(anyText()),
  priority: z.optional(z.int().check(z.minimum(0), z.maximum(10))),
  extras: z.optional(z.record(z.string().check(z.regex(/^[a-z]+::[a-z]+$/, 'not name::space')), z.unknown())),
})

export default defineFake({
  name: 'gotify',
  source: 'https://gotify.net/api-docs#/message/createMessage',
  destinations: (url) => ({ gotify: { hook_url: url, api_key: 'AfakeToken' } }),

  routes: {
    'POST /message'(request, store) {
      if (!request.query.get('token')) header(request, 'x-gotify-key')
      const given = jsonBody(request, message)
      const id = store.next()
      return {
        status: 200,
        json: { id, appid: 1, date: new Date(store.now()).toISOString(), ...given },
        did: `message ${id}`,
      }
    },
  },

  refusal: ({ status, message: errorDescription }) => ({
    status,
    json: {
      error: { 401: 'Unauthorized', 404: 'Not Found' }[status] ?? 'Bad Request',
      errorCode: status,
      errorDescription,
    },
  }),
})
