import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, cut, escapeHtml, facts, text } from './message.ts'
import { httpUrl, jsonOf } from './options.ts'

export default defineIntegration({
  name: 'telegram',
  summary: 'Sends each alert to a Telegram chat, group or channel as a bot.',
  docs: 'https://core.telegram.org/bots/api#sendmessage',

  options: z.object({
    api_key: z
      .string()
      .check(
        z.regex(/^\d+:[\w-]+$/, 'not a bot token such as 123456:ABC-DEF'),
        z.meta({ description: 'Bot token, as @BotFather gave it.', secret: true }),
      ),
    chat_id: z
      .union([z.string().check(z.regex(/^(-?\d+|@\w+)$/, 'not a chat id such as -1001234567890 or @channel')), z.int()])
      .check(z.describe('Chat to send to: a number (groups begin with -), or @name of a channel.')),
    message_thread_id: z.optional(z.int()).check(z.describe('Topic of a forum group.')),
    silent_below: z._default(z.int(), 7).check(z.describe('Alerts below this level make no sound.')),
    hook_url: z
      ._default(httpUrl('Bot API server.'), 'https://api.telegram.org')
      .check(z.describe('Address of the Bot API, when you run your own server.')),
  }),
  example: { api_key: '123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11', chat_id: '-1001234567890' },

  // One message a second and chat; groups take 20 a minute and say so with 429.
  rate: 1,

  request(alert, { api_key, chat_id, message_thread_id, silent_below, hook_url }, { style, title, incident }) {
    const sign = bySeverity(alert, ['⚪', '🔵', '🟡', '🟠', '🔴'])
    const lines = facts(alert, style).map(({ name, value }) => `${name}: ${cut(value, 200)}`)
    const log = text(alert.full_log)
    const used = lines.reduce((sum, line) => sum + line.length + 1, 310)
    return {
      url: `${hook_url.replace(/\/$/, '')}/bot${api_key}/sendMessage`,
      json: {
        chat_id,
        message_thread_id,
        ...(incident?.ref && {
          reply_parameters: { message_id: Number(incident.ref), allow_sending_without_reply: true },
        }),
        // 4,096 characters count after entities were resolved, so the parts are cut before they are escaped.
        text: [
          `${sign} <b>${escapeHtml(cut(title, 300))}</b>`,
          ...lines.map(escapeHtml),
          ...(log === '' ? [] : [`<pre>${escapeHtml(cut(log, Math.min(1500, 4000 - used)))}</pre>`]),
        ].join('\n'),
        parse_mode: 'HTML',
        link_preview_options: { is_disabled: true },
        disable_notification: typeof alert.rule?.level === 'number' && alert.rule.level < silent_below,
      },
    }
  },

  outcome({ status, text: body }): Outcome | undefined {
    const { ok, description, result, parameters } = jsonOf(body)
    if (ok === true)
      return { kind: 'delivered', ref: text((result as { message_id?: unknown } | undefined)?.message_id) }
    const reason = `HTTP ${status} "${text(description).slice(0, 200)}"`
    // 404 is how a token that is none looks.
    if (status === 404) return { kind: 'paused', reason: `${reason}; is the bot token right?` }
    if (status !== 400) return undefined
    const moved = (parameters as { migrate_to_chat_id?: unknown } | undefined)?.migrate_to_chat_id
    if (moved !== undefined) return { kind: 'paused', reason: `the group has a new id; set chat_id to ${text(moved)}` }
    return /chat not found|thread not found|chat_id is empty|not enough rights|TOPIC_/i.test(text(description))
      ? { kind: 'paused', reason }
      : { kind: 'rejected', reason }
  },
})
