import * as z from 'zod/mini'
import { jsonBody } from './checks.ts'
import { Broken, defineFake, type FakeRequest } from './define.ts'

const tags = new Set([
  ...['b', 'strong', 'i', 'em', 'u', 'ins', 's', 'strike', 'del', 'span', 'tg-spoiler'],
  ...['a', 'tg-emoji', 'code', 'pre', 'blockquote'],
])

const chat_id = z.union([z.int(), z.string().check(z.regex(/^(-?\d+|@\w{4,})$/, 'neither a number nor @name'))])
const message = z.looseObject({
  chat_id,
  message_id: z.optional(z.int()),
  message_thread_id: z.optional(z.int()),
  text: z.string(),
  parse_mode: z.optional(z.enum(['HTML', 'MarkdownV2', 'Markdown'])),
  disable_notification: z.optional(z.boolean()),
  link_preview_options: z.optional(z.looseObject({ is_disabled: z.optional(z.boolean()) })),
  reply_parameters: z.optional(
    z.looseObject({ message_id: z.int(), allow_sending_without_reply: z.optional(z.boolean()) }),
  ),
})

/** The text without its HTML. */
function plain(html: string): string {
  const bad = (what: string) => new Broken(`Bad Request: can't parse entities: ${what}`)
  const open: string[] = []
  const stripped = html.replace(/<(\/?)([a-z-]*)([^<>]*)>|[<>]/gi, (whole, end, name, _, at) => {
    if (name === undefined) throw bad(`"${whole}" that is not escaped at ${at}`)
    if (!tags.has(name)) throw bad(`unsupported tag "${name}" at ${at}`)
    if (end === '') open.push(name)
    else if (open.pop() !== name) throw bad(`unexpected end tag "${name}" at ${at}`)
    return ''
  })
  if (open.length > 0) throw bad(`no end tag for "${open.at(-1)}"`)
  return stripped.replace(/&(?:(lt|gt|amp|quot|#\d+|#x[\da-f]+);)?/gi, (whole, name: string | undefined) => {
    if (name === undefined) throw bad('"&" that is not escaped')
    const known = { lt: '<', gt: '>', amp: '&', quot: '"' }[name.toLowerCase()]
    return known ?? (whole === '' ? '' : '?')
  })
}

/** @returns how it is shown */
function check(request: FakeRequest): z.infer<typeof message> {
  // What is no token is a path that does not exist.
  if (!/^\d+:[\w-]{30,}$/.test(request.params.token ?? ''))
    throw new Broken('the token is not NUMBER:35 characters', 404)
  const given = jsonBody(request, message)
  const shown = given.parse_mode === 'HTML' ? plain(given.text) : given.text
  if (shown.trim() === '') throw new Broken('Bad Request: message text is empty')
  if (shown.length > 4096) throw new Broken(`Bad Request: message is too long (${shown.length} of 4096)`)
  return given
}

export default defineFake({
  name: 'telegram',
  source: 'https://core.telegram.org/bots/api#sendmessage',
  destinations: (url) => ({
    telegram: { hook_url: url, api_key: '123456:FAKE-fake-FAKE-fake-FAKE-fake-FAKE0', chat_id: '-1001234567890' },
  }),

  routes: {
    'POST /bot{*token}/sendMessage'(request, store) {
      const { chat_id, reply_parameters: reply } = check(request)
      const isAnswer = reply !== undefined && store.made.has(`${chat_id}/${reply.message_id}`)
      if (reply && !isAnswer && reply.allow_sending_without_reply !== true)
        throw new Broken('Bad Request: message to be replied not found')
      const message_id = store.next()
      store.made.set(`${chat_id}/${message_id}`, {})
      const result = { message_id, date: Math.floor(store.now() / 1000), chat: { id: Number(chat_id) || 0 } }
      const did = `message ${message_id}${isAnswer ? `, an answer to ${reply.message_id}` : ''}`
      return { status: 200, json: { ok: true, result }, did }
    },
    'POST /bot{*token}/editMessageText'(request, store) {
      const { chat_id, message_id = 0 } = check(request)
      if (!store.made.has(`${chat_id}/${message_id}`)) throw new Broken('Bad Request: message to edit not found')
      return { status: 200, json: { ok: true, result: { message_id } }, did: `changed ${message_id}` }
    },
  },

  refusal({ status, message }) {
    const description = { 404: 'Not Found', 405: 'Not Found' }[status] ?? message
    return { status, json: { ok: false, error_code: status, description } }
  },
  busy: (seconds) => ({
    status: 429,
    json: {
      ok: false,
      error_code: 429,
      description: `Too Many Requests: retry after ${seconds}`,
      parameters: { retry_after: seconds },
    },
  }),
  failed: () => ({ status: 500, json: { ok: false, error_code: 500, description: 'Internal Server Error' } }),
})
