import * as z from 'zod/mini'
import { anyText, credential, jsonBody, text } from './checks.ts'
import { Broken, defineFake, type FakeRequest } from './define.ts'

const field = z.looseObject({ title: anyText(), value: anyText(), short: z.optional(z.boolean()) })
const attachment = z.looseObject({
  fallback: z.optional(anyText()),
  color: z.optional(z.string().check(z.regex(/^(good|warning|danger|#[0-9a-f]{6})$/i, 'not a colour'))),
  text: z.optional(anyText(40_000)),
  fields: z.optional(z.array(field)),
  mrkdwn_in: z.optional(z.array(z.enum(['text', 'pretext', 'fields']))),
})
const block = z.looseObject({
  type: z.enum(['section', 'header', 'divider', 'context', 'actions', 'image', 'rich_text', 'markdown']),
  text: z.optional(z.looseObject({ type: z.enum(['mrkdwn', 'plain_text']), text: text(3000) })),
  fields: z.optional(z.array(z.looseObject({ text: text(2000) })).check(z.maxLength(10))),
})
const message = z.looseObject({
  // Longer ones are cut off without a word.
  text: z.optional(anyText(40_000)),
  attachments: z.optional(z.array(attachment).check(z.maxLength(100))),
  blocks: z.optional(z.array(block).check(z.maxLength(50))),
  thread_ts: z.optional(z.string()),
})

function read<S extends typeof message>(request: FakeRequest, schema: S, code: string): z.infer<S> {
  const given: z.infer<S> = jsonBody(request, schema, { code })
  const { attachments = [], blocks = [] } = given
  if (!given.text && attachments.length === 0 && blocks.length === 0)
    throw new Broken('neither text nor blocks nor attachments', 400, 'no_text')
  return given
}

function asBot<S extends typeof message>(request: FakeRequest, schema: S): z.infer<S> {
  if (!credential(request, 'Bearer', 'not_authed').startsWith('xox'))
    throw new Broken('the token does not begin with xox', 200, 'invalid_auth')
  return read(request, schema, 'invalid_arguments')
}

export default defineFake({
  name: 'slack',
  source: 'https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks',
  destinations: (url) => ({
    slack: { hook_url: `${url}/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX` },
    'slack-bot': { api_url: `${url}/api`, api_key: 'xoxb-000000000000-fake', channel: 'C0123456' },
  }),

  routes: {
    'POST /services/{team}/{app}/{*secret}'(request, store) {
      read(request, message, 'invalid_payload')
      return { status: 200, text: 'ok', did: `message ${store.next()}` }
    },
    'POST /api/chat.postMessage'(request, store) {
      const given = asBot(request, z.extend(message, { channel: text(100) }))
      const { thread_ts } = given
      if (thread_ts !== undefined && !store.made.has(thread_ts))
        throw new Broken(`there is no message ${thread_ts} to answer`, 200, 'thread_not_found')
      const ts = `${Math.floor(store.now() / 1000)}.${String(store.next()).padStart(6, '0')}`
      store.made.set(ts, { thread_ts })
      const did = thread_ts === undefined ? `message ${ts}` : `message ${ts} in the thread of ${thread_ts}`
      return { status: 200, json: { ok: true, channel: given.channel, ts, message: { ...given, ts } }, did }
    },
    'POST /api/chat.update'(request, store) {
      const { channel, ts } = asBot(request, z.extend(message, { channel: text(100), ts: text(100) }))
      if (!store.made.has(ts)) throw new Broken(`there is no message ${ts}`, 200, 'message_not_found')
      return { status: 200, json: { ok: true, channel, ts }, did: `changed ${ts}` }
    },
  },

  refusal: ({ status, code }, path) =>
    path.startsWith('/api/')
      ? { status: 200, json: { ok: false, error: code || 'invalid_arguments' } }
      : { status, text: code || 'invalid_payload' },
  busy(seconds, path) {
    const answer = { status: 429, headers: { 'retry-after': String(seconds) } }
    return path.startsWith('/api/')
      ? { ...answer, json: { ok: false, error: 'ratelimited' } }
      : { ...answer, text: 'rate_limited' }
  },
  failed: () => ({ status: 500, text: 'rollup_error' }),
})
