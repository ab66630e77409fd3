import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, codeBlock, cut, escapeMarkdown, facts, oneLine, text } from './message.ts'
import { jsonOf, secretUrl, textOption, tls } from './options.ts'

export default defineIntegration({
  name: 'mattermost',
  summary: 'Posts each alert to a Mattermost channel through an incoming webhook.',
  docs: 'https://developers.mattermost.com/integrate/webhooks/incoming/',

  options: z.object({
    hook_url: secretUrl('Incoming webhook URL (https://…/hooks/…).'),
    channel: textOption("Channel to post to instead of the webhook's own, where that is allowed."),
    username: textOption('Name to post under, where that is allowed.'),
    icon_url: textOption('Picture to post with, where that is allowed.'),
    ...tls,
  }),
  example: { hook_url: 'https://chat.example/hooks/xxx' },

  // The default of its rate limiting, when that is on.
  rate: 10,

  request(alert, { hook_url, channel, username, icon_url }, { style, title }) {
    return {
      url: hook_url,
      json: {
        channel,
        username,
        icon_url,
        attachments: [
          {
            color: bySeverity(alert, ['#8d99a6', '#2f81f7', '#d4a72c', '#e36209', '#cf222e']),
            fallback: cut(title, 300),
            title: cut(escapeMarkdown(title), 300),
            // A post holds 16,383 characters.
            text: codeBlock(text(alert.full_log), 8000),
            fields: facts(alert, style).map(({ name, value }) => ({
              title: name,
              value: escapeMarkdown(cut(value, 300)),
              short: value.length < 40,
            })),
          },
        ],
        props: { disable_group_highlight: true },
      },
    }
  },

  outcome({ status, text: body }): Outcome | undefined {
    if (status === 404) return { kind: 'paused', reason: 'HTTP 404: the webhook was deleted, or its channel was' }
    if (status === 501) return { kind: 'paused', reason: 'HTTP 501: incoming webhooks are switched off' }
    // How a webhook looks that was deleted or never was; newer servers no longer say more than "general".
    if (status === 400 && /"id":"web\.incoming_webhook\.(invalid|general|user|channel)\.app_error"/.test(body))
      return {
        kind: 'paused',
        reason: `HTTP 400 "${cut(oneLine(jsonOf(body).message), 200)}"; does the webhook still exist, and its channel?`,
      }
    return undefined
  },
})
