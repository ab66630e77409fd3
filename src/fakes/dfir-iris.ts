import { isIP } from 'node:net'
import * as z from 'zod/mini'
import { anyText, credential, jsonBody, text } from './checks.ts'
import { Broken, defineFake, type FakeRequest } from './define.ts'

/** Text columns of PostgreSQL, which takes every character but this. */
const column = () => anyText().check(z.refine((value) => !value.includes('\0'), { error: 'holds a NUL' }))
const id = z.int().check(z.minimum(1))
// The type of our settings is for addresses; a value that is none has IRIS refuse the whole alert.
const address = z
  .string()
  .check(z.refine((value) => isIP(value) !== 0, { error: "The input doesn't match the expected format" }))

const alert = z.looseObject({
  alert_title: text(Number.MAX_SAFE_INTEGER).check(
    z.refine((value) => !value.includes('\0'), { error: 'holds a NUL' }),
  ),
  alert_description: z.optional(column()),
  alert_source: z.optional(column()),
  alert_source_ref: z.optional(column()),
  alert_source_link: z.optional(column()),
  alert_source_content: z.optional(z.looseObject({})),
  alert_source_event_time: z
    .string()
    .check(z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/, 'not a time such as 2024-01-15T10:30:45')),
  alert_severity_id: id,
  alert_status_id: id,
  alert_customer_id: id,
  alert_note: z.optional(column()),
  alert_tags: z.optional(column()),
  alert_context: z.optional(z.looseObject({})),
  alert_assets: z.optional(
    z.array(
      z.looseObject({ asset_name: text(Number.MAX_SAFE_INTEGER), asset_type_id: id, asset_ip: z.optional(column()) }),
    ),
  ),
  alert_iocs: z.optional(z.array(z.looseObject({ ioc_value: address, ioc_type_id: id, ioc_tlp_id: id }))),
})

function authorize(request: FakeRequest): void {
  credential(request, 'Bearer')
}

export default defineFake({
  name: 'dfir-iris',
  source: 'https://github.com/dfir-iris/iris-web/blob/master/source/app/schema/marshables.py',
  destinations: (url) => ({
    'dfir-iris': { hook_url: url, api_key: 'fake-key', asset_type_id: 9, ioc_type_id: 76 },
  }),

  routes: {
    'POST /alerts/add'(request, store) {
      authorize(request)
      const given = jsonBody(request, alert)
      const alert_id = store.next()
      store.made.set(String(alert_id), given)
      return {
        status: 200,
        json: { status: 'success', message: 'Alert added', data: { ...given, alert_id } },
        did: `alert ${alert_id}`,
      }
    },
    'POST /alerts/update/{id}'(request, store) {
      authorize(request)
      const { id: alert_id = '' } = request.params
      const known = store.made.get(alert_id)
      if (!known) throw new Broken('Alert not found', 404)
      const change = jsonBody(request, z.partial(alert))
      Object.assign(known, change)
      return {
        status: 200,
        json: { status: 'success', message: `Updated alert #${alert_id}`, data: { ...known, alert_id } },
        did: `changed ${alert_id}`,
      }
    },
  },

  refusal: ({ status, message }) => ({
    status,
    json: { status: 'error', message: 'Data error', data: { error: message } },
  }),
  failed: () => ({ status: 500, json: { status: 'error', message: 'Internal error', data: null } }),
})
