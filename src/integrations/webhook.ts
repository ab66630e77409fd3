import { createHmac } from 'node:crypto'
import * as z from 'zod/mini'
import { defineIntegration, type Outcome } from '../define.ts'
import { choice, secretUrl, tls } from './options.ts'

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

export default defineIntegration({
  name: 'webhook',
  summary: 'Sends each alert as JSON to any URL, signed if wanted.',
  docs: 'https://www.standardwebhooks.com/',

  options: z.object({
    hook_url: secretUrl('Where to send.'),
    method: choice(['POST', 'PUT', 'PATCH'], 'POST', 'HTTP method.'),
    api_key: z
      .optional(z.string().check(z.minLength(1)))
      .check(z.meta({ description: 'Sent as "Authorization: Bearer …".', secret: true })),
    headers: z
      ._default(z.record(z.string().check(z.regex(token)), z.string().check(z.regex(/^[\t\x20-\x7e]*$/))), {})
      .check(z.meta({ description: 'More headers, by name.', secret: true })),
    signing_secret: z
      .optional(z.string().check(z.minLength(1)))
      .check(
        z.meta({ description: 'Signs each request; for Standard Webhooks usually whsec_… in base64.', secret: true }),
      ),
    signing: choice(
      ['standard', 'github'],
      'standard',
      'How to sign: Standard Webhooks (webhook-signature), or X-Hub-Signature-256 as GitHub does.',
    ),
    success_contains: z
      .optional(z.string().check(z.minLength(1)))
      .check(
        z.describe('A 2xx answer counts as delivered only if its body contains this text; tried again otherwise.'),
      ),
    ...tls,
  }),
  example: { hook_url: 'https://soc.example/wazuh', signing_secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },

  request(_, options, { line, idempotency_key, now }) {
    const { hook_url, method, api_key, headers, signing_secret, signing } = options
    return {
      method,
      url: hook_url,
      headers: {
        'content-type': 'application/json',
        'idempotency-key': idempotency_key,
        ...(api_key && { authorization: `Bearer ${api_key}` }),
        ...(signing_secret && sign(signing, signing_secret, line, idempotency_key, Math.floor(now / 1000))),
        ...headers,
      },
      body: line,
    }
  },

  outcome({ status, text }, { success_contains }): Outcome | undefined {
    // The URL itself is wrong or gone, whatever the alert.
    if (status === 404 || status === 410 || status === 405)
      return { kind: 'paused', reason: `HTTP ${status}; is the URL right?` }
    if (success_contains === undefined || status < 200 || status >= 300 || text.includes(success_contains))
      return undefined
    return { kind: 'retry', reason: `HTTP ${status} without "${success_contains}" in the answer` }
  },
})

function sign(
  how: 'standard' | 'github',
  secret: string,
  body: string,
  id: string,
  seconds: number,
): Record<string, string> {
  if (how === 'github')
    return { 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : secret
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` }
}
