import * as z from 'zod/mini'
import { anyText, jsonBody } from './checks.ts'
import { Broken, defineFake } from './define.ts'

const message = z.looseObject({
  // Message_MaxAllowedSize of a new server.
  text: z.optional(anyText(5000)),
  alias: z.optional(anyText()),
  avatar: z.optional(anyText()),
  channel: z.optional(z.string().check(z.regex(/^[#@]?\S+$/, 'not #channel or @user'))),
  attachments: z.optional(
    z.array(
      z.looseObject({
        title: z.optional(anyText()),
        text: z.optional(anyText(5000)),
        color: z.optional(anyText()),
        fields: z.optional(
          z.array(z.looseObject({ title: anyText(), value: anyText(), short: z.optional(z.boolean()) })),
        ),
      }),
    ),
  ),
})

export default defineFake({
  name: 'rocketchat',
  source: 'https://docs.rocket.chat/docs/integrations',
  destinations: (url) => ({ rocketchat: { hook_url: `${url}/hooks/fakeIntegrationId/fakeToken` } }),

  routes: {
    'POST /hooks/{id}/{*token}'(request, store) {
      const { text, attachments } = jsonBody(request, message)
      if (!text && !attachments?.length) throw new Broken('neither text nor attachments')
      return { status: 200, json: { success: true }, did: `message ${store.next()}` }
    },
  },

  refusal: ({ status, message: rule }) => ({
    status,
    json: { success: false, error: status === 404 ? 'Invalid integration id or token provided.' : rule },
  }),
  busy: (seconds) => ({
    status: 429,
    headers: { 'x-ratelimit-remaining': '0' },
    json: {
      success: false,
      error: `Error, too many requests. Please slow down. You must wait ${seconds} seconds before trying this endpoint again. [error-too-many-requests]`,
    },
  }),
})
