import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { bySeverity, cut, text } from './message.ts'
import { httpUrl, jsonOf, secretText, tls, withPath } from './options.ts'

export default defineIntegration({
  name: 'gotify',
  summary: 'Sends each alert as a push notification through a Gotify server.',
  docs: 'https://gotify.net/docs/pushmsg',

  options: z.object({
    hook_url: httpUrl('Gotify server; /message is added when it has no path.'),
    api_key: secretText('Token of a Gotify application.'),
    ...tls,
  }),
  example: { hook_url: 'https://gotify.example', api_key: 'AxxxxToken' },

  request(alert, { hook_url, api_key }, { title, body }) {
    return {
      url: withPath(hook_url, '/message'),
      headers: { 'x-gotify-key': api_key },
      json: {
        title: cut(title, 200),
        message: cut(body, 8000),
        priority: bySeverity(alert, [0, 2, 4, 7, 10]),
        extras: { 'client::display': { contentType: 'text/plain' } },
      },
    }
  },

  outcome({ status, text: answer }): Outcome | undefined {
    return status === 200 ? { kind: 'delivered', ref: text(jsonOf(answer).id) } : undefined
  },
})
