import * as z from 'zod/mini'
import { anyCredential, anyText, hexId, jsonBody } from './checks.ts'
import { Broken, defineFake, type FakeRequest } from './define.ts'

/** Lengths are those of the columns of a new instance; ServiceNow cuts what is longer without a word. */
const scale = z.enum(['1', '2', '3'])
const fields = {
  description: z.optional(anyText(4000)),
  urgency: z.optional(scale),
  impact: z.optional(scale),
  category: z.optional(anyText(40)),
  assignment_group: z.optional(anyText()),
  correlation_id: z.optional(anyText(100)),
  correlation_display: z.optional(anyText(100)),
  work_notes: z.optional(anyText(4000)),
}
const created = z.looseObject({ ...fields, short_description: z.string().check(z.minLength(1), z.maxLength(160)) })
const updated = z.looseObject({ ...fields, short_description: z.optional(anyText(160)) })

function check(request: FakeRequest): void {
  anyCredential(request, ['Basic', 'Bearer'])
  if (!/json|\*\/\*/.test(request.headers.accept ?? '')) throw new Broken('no "accept: application/json"', 406)
}

export default defineFake({
  name: 'servicenow',
  source:
    'https://www.servicenow.com/docs/bundle/zurich-api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html',
  destinations: (url) => ({ servicenow: { hook_url: url, user: 'wazuh', api_key: 'fake-password' } }),

  routes: {
    'POST /api/now/table/{table}'(request, store) {
      check(request)
      const record = jsonBody(request, created)
      const n = store.next()
      const sys_id = hexId(n)
      const number = `INC${String(n).padStart(7, '0')}`
      if (record.correlation_id) store.repeats(record.correlation_id)
      store.made.set(sys_id, record)
      const result = { ...record, sys_id, number, state: '1' }
      const location = `/api/now/table/${request.params.table}/${sys_id}`
      return { status: 201, headers: { location }, json: { result }, did: `created ${number}` }
    },
    'PATCH /api/now/table/{table}/{sys_id}'(request, store) {
      check(request)
      const { sys_id = '' } = request.params
      const record = store.made.get(sys_id)
      if (!record) throw new Broken(`there is no record ${sys_id}`, 404, 'No Record found')
      const change = jsonBody(request, updated)
      const { work_notes, ...rest } = change
      // What its data policy wants of whoever resolves (6) or closes (7) an incident.
      if (['6', '7'].includes(String(rest.state)) && !(rest.close_code && rest.close_notes))
        throw new Broken('resolving needs close_code and close_notes', 403, 'Operation Failed')
      Object.assign(record, rest)
      return {
        status: 200,
        json: { result: { ...record, sys_id } },
        did: `${work_notes ? 'note on' : 'changed'} ${sys_id}`,
      }
    },
  },

  refusal: ({ status, code, message }) => ({
    status,
    json: { error: { message: code || message, detail: message }, status: 'failure' },
  }),
  busy: (seconds) => ({
    status: 429,
    headers: { 'retry-after': String(seconds), 'x-ratelimit-limit': '1' },
    json: { error: { message: 'Rate limit exceeded', detail: 'Too many requests' }, status: 'failure' },
  }),
})
