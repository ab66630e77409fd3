import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, codeBlock, cut, escapeMarkdown, facts, text } from './message.ts'
import { jsonOf, secretUrl, textOption, tls } from './options.ts'

export default defineIntegration({
  name: 'rocketchat',
  summary: 'Posts each alert to a Rocket.Chat channel through an incoming webhook.',
  docs: 'https://docs.rocket.chat/docs/integrations',

  options: z.object({
    hook_url: secretUrl('Incoming webhook URL (https://…/hooks/…/…).'),
    channel: textOption('Channel (#name) or user (@name) to post to, where the webhook allows it.'),
    alias: textOption('Name to post under.'),
    avatar: textOption('Picture to post with.'),
    ...tls,
  }),
  example: { hook_url: 'https://chat.example/hooks/id/token' },

  // The default of its rate limiting is 10 a second.
  rate: 10,

  request(alert, { hook_url, channel, alias, avatar }, { style, title }) {
    return {
      url: hook_url,
      json: {
        channel,
        alias,
        avatar,
        text: escapeMarkdown(cut(title, 300)),
        attachments: [
          {
            color: bySeverity(alert, ['#8d99a6', '#2f81f7', '#d4a72c', '#e36209', '#cf222e']),
            // Messages hold 5,000 characters unless the administrator says otherwise.
            text: codeBlock(text(alert.full_log), 2000),
            fields: facts(alert, style).map(({ name, value }) => ({
              title: name,
              value: escapeMarkdown(cut(value, 150)),
              short: value.length < 40,
            })),
          },
        ],
      },
    }
  },

  outcome({ status, text: body }): Outcome | undefined {
    const { success, error } = jsonOf(body)
    if (success !== false || status === 429 || status >= 500) return undefined
    const reason = `HTTP ${status} "${text(error).slice(0, 200)}"`
    // Also how a webhook that does not exist looks.
    return /invalid|not-allowed|not_allowed|unauthorized|channel/i.test(text(error))
      ? { kind: 'paused', reason }
      : { kind: 'rejected', reason }
  },
})
