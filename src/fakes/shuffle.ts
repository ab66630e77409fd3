import * as z from 'zod/mini'
import { hexId, jsonBody } from './checks.ts'
import { defineFake } from './define.ts'

export default defineFake({
  name: 'shuffle',
  source: 'https://shuffler.io/docs/triggers#webhook',
  destinations: (url) => ({
    shuffle: { hook_url: `${url}/api/v1/hooks/webhook_00000000-0000-0000-0000-000000000000` },
  }),

  routes: {
    'POST /api/v1/hooks/webhook_{*id}'(request, store) {
      // What Wazuh's own integration sends, which workflows were made for.
      jsonBody(
        request,
        z.looseObject({
          severity: z.int().check(z.minimum(1), z.maximum(3)),
          title: z.string(),
          all_fields: z.looseObject({}),
        }),
      )
      const key = request.headers['idempotency-key']
      if (key) store.repeats(key)
      const execution_id = hexId(store.next()).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
      return { status: 200, json: { success: true, execution_id }, did: `execution ${execution_id.slice(-12)}` }
    },
  },

  refusal: ({ status, message: reason }) => ({ status, json: { success: false, reason } }),
})
