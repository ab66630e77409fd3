import * as z from 'zod/mini'
import { anyText, jsonBody } from './checks.ts'
import { Broken, defineFake } from './define.ts'

const message = z.looseObject({
  // A longer one becomes several posts.
  text: z.optional(anyText(16_383)),
  channel: z.optional(anyText()),
  username: z.optional(anyText()),
  icon_url: z.optional(anyText()),
  props: z.optional(z.looseObject({})),
  attachments: z.optional(
    z.array(
      z.looseObject({
        fallback: z.optional(anyText()),
        color: z.optional(anyText()),
        title: z.optional(anyText()),
        text: z.optional(anyText(16_383)),
        fields: z.optional(
          z.array(z.looseObject({ title: anyText(), value: z.unknown(), short: z.optional(z.boolean()) })),
        ),
      }),
    ),
  ),
})

export default defineFake({
  name: 'mattermost',
  source: 'https://developers.mattermost.com/integrate/webhooks/incoming/',
  destinations: (url) => ({ mattermost: { hook_url: `${url}/hooks/fakefakefakefakefakefakefa` } }),

  routes: {
    'POST /hooks/{*key}'(request, store) {
      const { text, attachments, props } = jsonBody(request, message)
      if (!text && !attachments?.length) throw new Broken('neither text nor attachments', 400)
      // PostPropsMaxUserRunes of the server's model.
      if ([...JSON.stringify({ ...props, attachments })].length > 760_000)
        throw new Broken('props and attachments have more than 760,000 characters')
      return { status: 200, text: 'ok', did: `post ${store.next()}` }
    },
  },

  refusal: ({ status, message: rule }) => ({
    status,
    json: { id: 'web.incoming_webhook.parse.app_error', message: rule, detailed_error: '', status_code: status },
  }),
  busy: (seconds) => ({
    status: 429,
    headers: { 'retry-after': String(seconds), 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(seconds) },
    text: 'limit exceeded',
  }),
})
