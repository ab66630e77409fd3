import * as z from 'zod/mini'
import { parseRange } from '../responses/ranges.ts'
import { credential, jsonBody, text } from './checks.ts'
import { Broken, defineFake, type FakeRequest } from './define.ts'

const token = 'YOUR_TOKEN'

const rule = z.strictObject({
  action: z.literal('block'),
  source: z.string(),
  duration: z.optional(z.int().check(z.gte(1))),
  reason: text(500),
})

export default defineFake({
  name: 'firewall-api',
  source:
    'https://documentation.wazuh.com/current/user-manual/capabilities/active-response/custom-active-response-scripts.html',
  response: (url) => ({ url, token, verify: true }),

  routes: {
    'GET /rules'(request, store) {
      allow(request)
      const all = [...store.made.values()]
      return { status: 200, json: all, did: `${all.length} rules` }
    },
    'POST /rules'(request, store) {
      allow(request)
      const made = jsonBody(request, rule)
      if (!parseRange(made.source)) throw new Broken(`"${made.source}" is no address`, 422)
      if (store.made.has(made.source)) throw new Broken(`${made.source} is blocked already`, 409)
      store.made.set(made.source, made)
      return { status: 201, json: made, did: `${made.source} blocked` }
    },
    'DELETE /rules/{source}'(request, store) {
      allow(request)
      const { source = '' } = request.params
      if (!store.made.delete(source)) throw new Broken(`${source} is not blocked`, 404)
      return { status: 204, did: `${source} not blocked any more` }
    },
  },
})

function allow(request: FakeRequest): void {
  if (credential(request, 'Bearer') !== token) throw new Broken('the token is not known', 401)
}
