import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, cut, cutWritten, escapeHtml, facts, text } from './message.ts'
import { jsonOf, secretUrl } from './options.ts'

export default defineIntegration({
  name: 'google-chat',
  summary: 'Posts each alert to a Google Chat space through a webhook.',
  docs: 'https://developers.google.com/workspace/chat/quickstart/webhooks',

  options: z.object({
    hook_url: secretUrl('Webhook URL (https://chat.googleapis.com/v1/spaces/…/messages?key=…&token=…).'),
  }),
  example: { hook_url: 'https://chat.googleapis.com/v1/spaces/AAAA/messages?key=k&token=t' },

  // 60 a minute and space.
  rate: 1,

  request(alert, { hook_url }, { style, title, idempotency_key, incident }) {
    const url = new URL(hook_url)
    // A message with the same request id is made once.
    url.searchParams.set('requestId', idempotency_key)
    // Messages of an incident share a thread, where the space has threads.
    if (incident) url.searchParams.set('messageReplyOption', 'REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD')
    // A message may have 32,000 bytes.
    const log = cutWritten(text(alert.full_log), 8000, (kept) => JSON.stringify(escapeHtml(kept)))
    const mark = bySeverity(alert, ['⚪', '🔵', '🟡', '🟠', '🔴'])
    return {
      url: url.href,
      json: {
        ...(incident && { thread: { threadKey: incident.key } }),
        // A card and not a text: in a text <users/all> would call everybody.
        cardsV2: [
          {
            cardId: 'alert',
            card: {
              header: { title: cut(`${mark} ${title}`, 200) },
              sections: [
                {
                  widgets: [
                    ...facts(alert, style).map(({ name, value }) => ({
                      decoratedText: { topLabel: name, text: escapeHtml(cut(value, 300)), wrapText: true },
                    })),
                    ...(log === '' ? [] : [{ textParagraph: { text: escapeHtml(log) } }]),
                  ],
                },
              ],
            },
          },
        ],
      },
    }
  },

  outcome({ status, text: body }): Outcome | undefined {
    if (status === 200) return { kind: 'delivered', ref: text(jsonOf(body).name) }
    if (status === 404) return { kind: 'paused', reason: 'HTTP 404: the webhook, or its space, was deleted' }
    return undefined
  },
})
