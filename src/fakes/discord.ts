import * as z from 'zod/mini'
import { anyText, jsonBody } from './checks.ts'
import { Broken, defineFake, type FakeRequest } from './define.ts'

/** Discord trims a text before it looks whether there is one. */
const shown = (most: number) => z.string().check(z.maxLength(most), z.regex(/\S/, 'is empty'))

const embed = z.looseObject({
  title: z.optional(shown(256)),
  description: z.optional(anyText(4096)),
  url: z.optional(z.url()),
  color: z.optional(z.int().check(z.minimum(0), z.maximum(0xffffff))),
  timestamp: z.optional(z.iso.datetime({ offset: true })),
  fields: z.optional(
    z
      .array(z.looseObject({ name: shown(256), value: shown(1024), inline: z.optional(z.boolean()) }))
      .check(z.maxLength(25)),
  ),
  footer: z.optional(z.looseObject({ text: shown(2048) })),
  author: z.optional(z.looseObject({ name: shown(256) })),
})
const message = z.looseObject({
  content: z.optional(anyText(2000)),
  username: z.optional(shown(80)),
  embeds: z.optional(z.array(embed).check(z.maxLength(10))),
  allowed_mentions: z.optional(z.looseObject({ parse: z.optional(z.array(z.enum(['roles', 'users', 'everyone']))) })),
})

function check(request: FakeRequest): void {
  if (!/^\d+$/.test(request.params.id ?? '')) throw new Broken('the id of the webhook is not a number')
  const { content, username, embeds = [] } = jsonBody(request, message)
  if (!content && embeds.length === 0) throw new Broken('Cannot send an empty message', 400, '50006')
  if (/discord|clyde/i.test(username ?? '')) throw new Broken('username: cannot contain "discord" or "clyde"')
  const texts = embeds.flatMap(({ title, description, fields = [], footer, author }) => [
    ...[title, description, footer?.text, author?.name],
    ...fields.flatMap(({ name, value }) => [name, value]),
  ])
  const length = texts.reduce((sum, one) => sum + (one?.trim().length ?? 0), 0)
  if (length > 6000) throw new Broken(`embeds: ${length} characters together, of 6000`)
}

export default defineFake({
  name: 'discord',
  source: 'https://discord.com/developers/docs/resources/webhook#execute-webhook',
  destinations: (url) => ({ discord: { hook_url: `${url}/api/webhooks/1234567890/fake-token` } }),

  routes: {
    'POST /api/webhooks/{id}/{*token}'(request, store) {
      check(request)
      const id = String(1_000_000_000_000_000_000n + BigInt(store.next()))
      store.made.set(id, {})
      const did = `message ${id}`
      return request.query.get('wait') === 'true' ? { status: 200, json: { id, type: 0 }, did } : { status: 204, did }
    },
    'PATCH /api/webhooks/{id}/{*token}/messages/{message}'(request, store) {
      const { message: id = '' } = request.params
      if (!store.made.has(id)) throw new Broken(`there is no message ${id}`, 404)
      check(request)
      return { status: 200, json: { id, type: 0 }, did: `changed ${id}` }
    },
  },

  refusal: ({ status, code, message: rule }) =>
    status === 404
      ? { status, json: { message: 'Unknown Webhook', code: 10015 } }
      : {
          status,
          json: {
            message: 'Invalid Form Body',
            code: Number(code) || 50035,
            errors: { _errors: [{ code: 'INVALID', message: rule }] },
          },
        },
  busy: (seconds) => ({
    status: 429,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset-after': String(seconds) },
    json: { message: 'You are being rate limited.', retry_after: seconds, global: false },
  }),
  failed: () => ({ status: 500, json: { message: '500: Internal Server Error', code: 0 } }),
})
