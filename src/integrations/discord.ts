import * as z from 'zod/mini'
import { parseTimestamp } from '../clock.ts'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, codeBlock, cut, escapeMarkdown, facts, text } from './message.ts'
import { jsonOf, secretUrl, textOption } from './options.ts'

export default defineIntegration({
  name: 'discord',
  summary: 'Posts each alert to a Discord channel through a webhook.',
  docs: 'https://discord.com/developers/docs/resources/webhook#execute-webhook',

  options: z.object({
    hook_url: secretUrl('Webhook URL (https://discord.com/api/webhooks/…).'),
    username: textOption("Name to post under instead of the webhook's own."),
    thread_id: textOption('Thread of the channel to post in.'),
  }),
  example: { hook_url: 'https://discord.com/api/webhooks/123/abcdef' },

  // Five requests in two seconds, thirty a minute: what is above is told with 429.
  rate: 2,

  request(alert, { hook_url, username, thread_id }, { style, title }) {
    const url = new URL(hook_url)
    // Without it Discord answers before it has looked at the message.
    url.searchParams.set('wait', 'true')
    if (thread_id) url.searchParams.set('thread_id', thread_id)
    const time = parseTimestamp(alert.timestamp)
    const fields = facts(alert, style).map(({ name, value }) => ({
      name,
      value: cut(escapeMarkdown(value), 250),
      inline: value.length < 40,
    }))
    // All texts of a message together may have 6,000 characters.
    const used = fields.reduce((sum, { name, value }) => sum + name.length + value.length, 256)
    return {
      url: url.href,
      json: {
        username,
        embeds: [
          {
            title: cut(escapeMarkdown(title), 256),
            description: codeBlock(text(alert.full_log), Math.min(2500, 5900 - used)),
            color: bySeverity(alert, [0x8d99a6, 0x2f81f7, 0xd4a72c, 0xe36209, 0xcf222e]),
            fields,
            ...(time !== undefined && { timestamp: new Date(time).toISOString() }),
          },
        ],
        allowed_mentions: { parse: [] },
      },
    }
  },

  outcome({ status, text: body }): Outcome | undefined {
    if (status === 200) return { kind: 'delivered', ref: text(jsonOf(body).id) }
    if (status === 404) return { kind: 'paused', reason: 'HTTP 404: the webhook, or its thread, was deleted' }
    return undefined
  },
})
