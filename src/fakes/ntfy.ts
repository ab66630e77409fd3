import * as z from 'zod/mini'
import { anyText, credential, jsonBody } from './checks.ts'
import { Broken, defineFake } from './define.ts'

const most_bytes = 4096

const publish = z.looseObject({
  topic: z.string().check(z.regex(/^[-_A-Za-z0-9]{1,64}$/, 'not a topic')),
  title: z.optional(anyText()),
  message: z.optional(anyText()),
  priority: z.optional(z.int().check(z.minimum(1), z.maximum(5))),
  tags: z.optional(z.array(z.string())),
  click: z.optional(anyText()),
  actions: z.optional(z.array(z.looseObject({ action: z.string(), label: z.string() }))),
})

export default defineFake({
  name: 'ntfy',
  source: 'https://docs.ntfy.sh/publish/#publish-as-json',
  destinations: (url) => ({ ntfy: { hook_url: url, topic: 'soc-fake' } }),

  routes: {
    'POST /'(request, store) {
      if (request.headers.authorization !== undefined && !request.headers.authorization.startsWith('Basic '))
        credential(request, 'Bearer', '40101')
      // The server reads no more of a JSON body than twice the limit of a message, escapes and all.
      if (request.body.length > 2 * most_bytes)
        throw new Broken(`${request.body.length} bytes of JSON, of ${2 * most_bytes}`, 413, '41303')
      const given = jsonBody(request, publish, { code: '40024' })
      // From there on it is an attachment, which many servers do not take.
      const bytes = Buffer.byteLength(given.message ?? '')
      if (bytes >= most_bytes)
        throw new Broken(`a message of ${bytes} bytes, of ${most_bytes - 1}, becomes an attachment`, 400, '40014')
      const id = `fake${String(store.next()).padStart(8, '0')}`
      const time = Math.floor(store.now() / 1000)
      return {
        status: 200,
        json: { id, time, expires: time + 43_200, event: 'message', ...given },
        did: `message ${id}`,
      }
    },
  },

  refusal: ({ status, code, message }) => ({
    status,
    json: { code: Number(code) || status * 100 + 1, http: status, error: message },
  }),
  busy: () => ({
    status: 429,
    json: {
      code: 42901,
      http: 429,
      error: 'limit reached: too many requests',
      link: 'https://ntfy.sh/docs/publish/#limitations',
    },
  }),
  failed: () => ({ status: 500, json: { code: 50001, http: 500, error: 'internal server error' } }),
})
