import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { basicAuth, secretUrl, textOption, tls } from './options.ts'

export default defineIntegration({
  name: 'n8n',
  summary: 'Starts an n8n workflow for each alert.',
  docs: 'https://docs.n8n.io/integrations/builtin/core-nodes/n8n-nodes-base.webhook/',

  options: z.object({
    hook_url: secretUrl("Production URL of the workflow's Webhook node (https://…/webhook/…).").check(
      z.refine((url) => !/\/webhook-test\//.test(url), {
        error: 'the test URL, which works only once after a click in the editor; use the production URL (/webhook/…)',
      }),
    ),
    auth_header: z
      ._default(z.string().check(z.regex(/^[A-Za-z][A-Za-z0-9-]*$/)), 'x-api-key')
      .check(z.describe('Header that carries the key, when the node asks for header authentication.')),
    user: textOption('User name, when the node asks for basic authentication; the key is then the password.'),
    api_key: z
      .optional(z.string().check(z.regex(/^[\x21-\x7e]+$/)))
      .check(z.meta({ description: 'Key or password the node asks for.', secret: true })),
    ...tls,
  }),
  example: { hook_url: 'https://n8n.example/webhook/11111111-2222', api_key: 'n8n-key' },

  request(_, { hook_url, auth_header, user, api_key }, { line, idempotency_key }) {
    return {
      url: hook_url,
      headers: {
        'content-type': 'application/json',
        'idempotency-key': idempotency_key,
        ...(api_key && (user ? { authorization: basicAuth(user, api_key) } : { [auth_header.toLowerCase()]: api_key })),
      },
      body: line,
    }
  },

  outcome({ status }): Outcome | undefined {
    if (status === 404)
      return {
        kind: 'paused',
        reason: 'HTTP 404: the workflow is not active, or its webhook has another path or method',
      }
    return undefined
  },
})
