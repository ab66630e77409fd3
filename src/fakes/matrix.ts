import * as z from 'zod/mini'
import { anyText, credential, jsonBody } from './checks.ts'
import { Broken, defineFake } from './define.ts'

const message = z.looseObject({
  msgtype: z.enum(['m.text', 'm.notice', 'm.emote']),
  body: anyText(),
  format: z.optional(z.literal('org.matrix.custom.html')),
  formatted_body: z.optional(anyText()),
  'm.relates_to': z.optional(z.looseObject({ rel_type: z.enum(['m.thread', 'm.replace']), event_id: z.string() })),
  'm.mentions': z.optional(z.looseObject({ user_ids: z.optional(z.array(z.string())), room: z.optional(z.boolean()) })),
})

export default defineFake({
  name: 'matrix',
  source: 'https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid',
  destinations: (url) => ({ matrix: { hook_url: url, api_key: 'syt_fake', room_id: '!fake:matrix.example' } }),

  routes: {
    'PUT /_matrix/client/v3/rooms/{room}/send/m.room.message/{transaction}'(request, store) {
      credential(request, 'Bearer', 'M_MISSING_TOKEN')
      const { room = '', transaction = '' } = request.params
      if (!room.startsWith('!')) throw new Broken('the room id does not begin with !', 400, 'M_INVALID_PARAM')
      // The whole event may have 65,536 bytes, and the server adds to it.
      if (request.body.length > 64_000)
        throw new Broken(`${request.body.length} bytes are too large an event`, 413, 'M_TOO_LARGE')
      const given = jsonBody(request, message, { code: 'M_BAD_JSON' })
      if (given.formatted_body !== undefined && given.format === undefined)
        throw new Broken('formatted_body without format', 400, 'M_BAD_JSON')
      const first = given['m.relates_to']?.event_id
      if (first !== undefined && !store.made.has(first))
        throw new Broken(`there is no event ${first}`, 400, 'M_INVALID_PARAM')
      const key = `${room} ${transaction}`
      const known = store.repeats(key) ? store.made.get(key) : undefined
      const event_id = String(known?.event_id ?? `$fake${store.next()}`)
      store.made.set(key, { event_id }).set(event_id, {})
      return { status: 200, json: { event_id }, did: `event ${event_id}${first ? ` in the thread of ${first}` : ''}` }
    },
  },

  refusal: ({ status, code, message: rule }) => ({
    status,
    json: { errcode: code || { 404: 'M_UNRECOGNIZED', 405: 'M_UNRECOGNIZED' }[status] || 'M_UNKNOWN', error: rule },
  }),
  busy: (seconds) => ({
    status: 429,
    json: { errcode: 'M_LIMIT_EXCEEDED', error: 'Too Many Requests', retry_after_ms: seconds * 1000 },
  }),
  failed: () => ({ status: 500, json: { errcode: 'M_UNKNOWN', error: 'Internal server error' } }),
})
