import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, cut, cutBytes, cutWritten, oneLine, text } from './message.ts'
import { httpUrl, jsonOf, textOption, tls } from './options.ts'

export default defineIntegration({
  name: 'ntfy',
  summary: 'Sends each alert as a push notification through ntfy.',
  docs: 'https://docs.ntfy.sh/publish/#publish-as-json',

  options: z.object({
    hook_url: z._default(httpUrl('Server.'), 'https://ntfy.sh').check(z.describe('Address of the ntfy server.')),
    topic: z
      .string()
      .check(
        z.regex(/^[-_A-Za-z0-9]{1,64}$/, 'letters, digits, - and _ only'),
        z.meta({ description: 'Topic; on a public server whoever knows it can read it.', secret: true }),
      ),
    api_key: z
      .optional(z.string().check(z.minLength(1)))
      .check(z.meta({ description: 'Access token, where the topic is protected.', secret: true })),
    click: textOption('Address that opens on a tap, such as that of the dashboard.'),
    ...tls,
  }),
  example: { topic: 'soc-5f8a9c' },

  // The public server takes 60 at once and then one every five seconds; 429 says when.
  rate: 1,

  request(alert, { hook_url, topic, api_key, click }, { title, body }) {
    return {
      url: new URL(hook_url).origin,
      headers: api_key ? { authorization: `Bearer ${api_key}` } : undefined,
      json: {
        topic,
        title: cutWritten(cut(title, 200), 800),
        // From 4,096 bytes on the text becomes an attachment, and the JSON may have 8,192.
        message: cutWritten(cutBytes(body, 3900), 6500),
        priority: bySeverity(alert, [1, 2, 3, 4, 5]),
        tags: ['wazuh', cut(`rule-${oneLine(alert.rule?.id)}`, 40)],
        click,
      },
    }
  },

  outcome({ status, text: answer }): Outcome | undefined {
    return status === 200 ? { kind: 'delivered', ref: text(jsonOf(answer).id) } : undefined
  },
})
