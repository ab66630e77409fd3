import * as z from 'zod/mini'
import { anyCredential, header, jsonBody } from './checks.ts'
import { defineFake } from './define.ts'

export default defineFake({
  name: 'n8n',
  source: 'https://docs.n8n.io/integrations/builtin/core-nodes/n8n-nodes-base.webhook/',
  destinations: (url) => ({
    n8n: { hook_url: `${url}/webhook/00000000-0000-0000-0000-000000000000`, api_key: 'fake-key' },
    'n8n-basic': {
      hook_url: `${url}/webhook/00000000-0000-0000-0000-000000000000`,
      user: 'wazuh',
      api_key: 'fake-key',
    },
  }),

  routes: {
    'POST /webhook/{path}'(request, store) {
      if (request.headers.authorization === undefined) header(request, 'x-api-key', 403)
      else anyCredential(request, ['Basic', 'Bearer'])
      jsonBody(request, z.looseObject({}))
      const key = request.headers['idempotency-key']
      if (key) store.repeats(key)
      return { status: 200, json: { message: 'Workflow was started' }, did: `execution ${store.next()}` }
    },
  },

  refusal({ status, message }) {
    if (status !== 404) return { status, json: { code: 0, message } }
    return {
      status,
      json: { code: 404, message, hint: 'The workflow must be active for a production URL to run successfully.' },
    }
  },
})
