import * as z from 'zod/mini'
import { anyText, jsonBody, text } from './checks.ts'
import { Broken, defineFake } from './define.ts'

const widget = z.looseObject({
  decoratedText: z.optional(z.looseObject({ text: text(32_000), topLabel: z.optional(anyText()) })),
  textParagraph: z.optional(z.looseObject({ text: text(32_000) })),
})
const message = z.looseObject({
  text: z.optional(text(32_000)),
  cardsV2: z.optional(
    z
      .array(
        z.looseObject({
          cardId: z.optional(text(64)),
          card: z.looseObject({
            header: z.optional(z.looseObject({ title: text(32_000) })),
            sections: z.array(z.looseObject({ widgets: z.array(widget).check(z.minLength(1)) })).check(z.minLength(1)),
          }),
        }),
      )
      .check(z.maxLength(100)),
  ),
  thread: z.optional(z.looseObject({ threadKey: z.optional(text(4000)) })),
})

export default defineFake({
  name: 'google-chat',
  source: 'https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create',
  destinations: (url) => ({ 'google-chat': { hook_url: `${url}/v1/spaces/AAAAfake/messages?key=fake&token=fake` } }),

  routes: {
    'POST /v1/spaces/{space}/messages'(request, store) {
      const { query, body, params } = request
      for (const name of ['key', 'token'])
        if (!query.get(name)) throw new Broken(`no "${name}" in the URL`, 401, 'UNAUTHENTICATED')
      if (body.length > 32_000) throw new Broken(`the message has ${body.length} bytes, of 32,000`)
      const { text: plain, cardsV2 = [], thread } = jsonBody(request, message)
      if (!plain && cardsV2.length === 0) throw new Broken('Message cannot be empty.')
      for (const { card } of cardsV2)
        if (card.sections.reduce((sum, { widgets }) => sum + widgets.length, 0) > 100)
          throw new Broken('a card has more than 100 widgets')
      // The same request id gives the message that was made before.
      const request_id = query.get('requestId')
      const known = request_id !== null && store.repeats(request_id) ? store.made.get(request_id) : undefined
      const made = known ?? { name: `spaces/${params.space}/messages/fake.${store.next()}` }
      if (request_id !== null) store.made.set(request_id, made)
      const key = thread?.threadKey
      // Without the option the key of a thread starts a new one.
      const isAnswer = key !== undefined && query.has('messageReplyOption') && store.made.has(`thread ${key}`)
      if (key !== undefined) store.made.set(`thread ${key}`, {})
      return {
        status: 200,
        json: made,
        did: `message ${String(made.name)}${isAnswer ? ` in the thread of ${key}` : ''}`,
      }
    },
  },

  refusal: ({ status, code, message: rule }) => ({
    status,
    json: {
      error: { code: status, message: rule, status: code || { 404: 'NOT_FOUND' }[status] || 'INVALID_ARGUMENT' },
    },
  }),
  // It has no Retry-After.
  busy: () => ({
    status: 429,
    json: { error: { code: 429, message: 'Resource has been exhausted', status: 'RESOURCE_EXHAUSTED' } },
  }),
  failed: () => ({
    status: 500,
    json: { error: { code: 500, message: 'Internal error encountered.', status: 'INTERNAL' } },
  }),
})
