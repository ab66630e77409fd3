import * as z from 'zod/mini'
import { header, jsonBody, text } from './checks.ts'
import { Broken, defineFake } from './define.ts'
import { isKnown } from './intel.ts'

const search = z.looseObject({
  returnFormat: z.literal('json'),
  value: text(10_000),
  limit: z.optional(z.int().check(z.minimum(1))),
  to_ids: z.optional(z.boolean()),
  enforceWarninglist: z.optional(z.boolean()),
  includeEventTags: z.optional(z.boolean()),
})

export default defineFake({
  name: 'misp',
  source: 'https://www.misp-project.org/openapi/#tag/Attributes/operation/restSearchAttributes',
  destinations: (url) => ({ misp: { hook_url: url, api_key: 'fakefakefakefakefakefakefakefakefakefake' } }),

  routes: {
    'POST /attributes/restSearch'(request) {
      // The key by itself, without a word before it.
      if (!/^[A-Za-z0-9]{40}$/.test(header(request, 'authorization', 403)))
        throw new Broken('Authorization is not a key of 40 letters and digits', 403)
      if (!request.headers.accept?.includes('application/json')) throw new Broken('no "accept: application/json"', 406)
      const { value } = jsonBody(request, search)
      const found = {
        id: '1',
        event_id: '7',
        category: 'Network activity',
        type: 'ip-src',
        value,
        comment: '',
        uuid: '00000000-0000-4000-8000-000000000001',
        timestamp: '1700000000',
        to_ids: true,
        Event: { info: 'Fake campaign', threat_level_id: '2' },
        Tag: [{ name: 'tlp:green' }],
      }
      const isBad = isKnown(value)
      return { status: 200, json: { response: { Attribute: isBad ? [found] : [] } }, did: isBad ? 'known' : 'unknown' }
    },
  },

  refusal: ({ status, message }) => ({ status, json: { name: message, message, url: '/attributes/restSearch' } }),
})
