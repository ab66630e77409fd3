import * as z from 'zod/mini'
import { defineIntegration, type HttpRequest, type Outcome } from '../define.ts'
import { bySeverity, cut, escapeHtml, facts, text } from './message.ts'
import { httpUrl, jsonOf, secretUrl, textOption } from './options.ts'

const options = z
  .object({
    hook_url: z.optional(secretUrl('Incoming webhook URL.')),
    api_key: z
      .optional(z.string().check(z.startsWith('xoxb-')))
      .check(z.meta({ description: 'Bot token (xoxb-…) with chat:write, to post as a bot.', secret: true })),
    channel: textOption(
      'Channel to post to as a bot, by id (C0123456) or name. A webhook has its own and ignores this.',
    ),
    api_url: z
      ._default(httpUrl('Address of the API for bots.'), 'https://slack.com/api')
      .check(z.describe('Address of the API for bots; https://slack-gov.com/api for GovSlack.')),
  })
  .check(
    z.refine(
      ({ hook_url, api_key, channel }) => hook_url !== undefined || (api_key !== undefined && channel !== undefined),
      {
        error: 'needs hook_url (an incoming webhook), or api_key and channel (a bot)',
      },
    ),
  )

type Options = z.infer<typeof options>

export default defineIntegration({
  name: 'slack',
  summary: 'Posts each alert to a Slack channel, through an incoming webhook or as a bot.',
  docs: 'https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks',

  options,
  example: { hook_url: 'https://hooks.slack.com/services/T000/B000/XXXX' },

  // One message a second and channel, https://docs.slack.dev/apis/web-api/rate-limits.
  rate: 1,

  request(alert, options, { style, title, incident }) {
    return post(options, incident?.ref, {
      // Shown in notifications and by readers for the blind; the attachment is what is seen.
      text: cut(escapeHtml(title), 3000),
      attachments: [
        {
          color: bySeverity(alert, ['#8d99a6', '#2f81f7', '#d4a72c', '#e36209', '#cf222e']),
          fallback: cut(escapeHtml(title), 3000),
          text: code(text(alert.full_log), 2900),
          mrkdwn_in: ['text'],
          fields: facts(alert, style).map(({ name, value }) => ({
            title: name,
            value: cut(escapeHtml(value), 2000),
            short: value.length < 40,
          })),
        },
      ],
    })
  },

  resolve(_, options, { title, incident }) {
    // A webhook has no threads: that nothing more happened is no news for the channel.
    if (!incident?.ref && incident?.over?.by === 'quiet') return undefined
    return post(options, incident?.ref, {
      text: cut(escapeHtml([title, incident?.why].filter(Boolean).join('\n')), 3000),
    })
  },

  outcome({ status, text: body }): Outcome | undefined {
    const reason = `HTTP ${status} "${body.slice(0, 200)}"`
    // The webhook was removed, its app or its channel too; no alert will get through until somebody acts.
    if (status === 404 || status === 410) return { kind: 'paused', reason }
    if (status !== 200 || body === 'ok') return undefined
    // chat.postMessage answers 200 also when it refuses: https://docs.slack.dev/reference/methods/chat.postMessage#errors
    const answer = jsonOf(body)
    const error = text(answer.error)
    if (answer.ok === true) return { kind: 'delivered', ref: `${text(answer.channel)}/${text(answer.ts)}` }
    if (answer.ok === undefined) return undefined
    const failed = `Slack answers "${error}"`
    if (busy.has(error)) return { kind: 'retry', reason: failed, busy: true }
    return aboutTheMessage.test(error) ? { kind: 'rejected', reason: failed } : { kind: 'paused', reason: failed }
  },
})

/** By webhook or as a bot. @param ref of the first message of an incident: as a bot, what follows goes into its thread */
function post({ hook_url, api_key, channel, api_url }: Options, ref: string | undefined, message: object): HttpRequest {
  if (hook_url !== undefined) return { url: hook_url, json: { channel, ...message } }
  return {
    url: `${api_url.replace(/\/$/, '')}/chat.postMessage`,
    headers: { authorization: `Bearer ${api_key}`, 'content-type': 'application/json; charset=utf-8' },
    json: { channel, ...(ref && { thread_ts: ref.split('/')[1] }), ...message },
  }
}

const busy = new Set([
  'ratelimited',
  'rate_limited',
  'fatal_error',
  'internal_error',
  'service_unavailable',
  'request_timeout',
])
const aboutTheMessage =
  /^(invalid_(attachments|blocks|arguments|form_data|json|post_type)|msg_|no_text|too_many_|markdown_)/

// Slack wants just HTML's three escaped: https://docs.slack.dev/messaging/formatting-message-text#escaping
function code(log: string, most: number): string | undefined {
  // A fence inside would end ours, and what follows would be formatted.
  return log === '' ? undefined : `\`\`\`${cut(escapeHtml(log.replaceAll('```', "'''")), most)}\`\`\``
}
