import * as z from 'zod/mini'
import { defineIntegration } from '../define.ts'
import { cut, levelOf, oneLine } from './message.ts'
import { brokerUrl, textOption, tls } from './options.ts'

/** XADD knows no key that makes a repeat harmless, so the entry carries one for whoever reads it. */
export default defineIntegration({
  name: 'redis-streams',
  summary: 'Adds each alert to a stream of Redis or Valkey.',
  docs: 'https://redis.io/docs/latest/commands/xadd/',

  options: z.object({
    hook_url: brokerUrl('redis', 'rediss').check(
      z.describe('Address of the server: redis://host:6379, or rediss://host:6379 for TLS.'),
    ),
    user: textOption('User name of an ACL that may XADD; without it the key is the password of the default user.'),
    api_key: z.optional(z.string().check(z.minLength(1))).check(z.meta({ description: 'Password.', secret: true })),
    database: z
      ._default(z.int().check(z.minimum(0), z.maximum(1_000_000)), 0)
      .check(z.describe('Number of the database.')),
    stream: z
      ._default(z.string().check(z.minLength(1)), 'wazuh:alerts')
      .check(
        z.describe(
          'Key of the stream. An entry has the fields alert (JSON), rule, level, agent, and idempotency_key, which is the same when an alert comes twice.',
        ),
      ),
    max_length: z
      ._default(z.int().check(z.minimum(0)), 1_000_000)
      .check(z.describe('The oldest entries go when there are about so many (MAXLEN ~), read or not; 0 keeps all.')),
    ...tls,
  }),
  example: { hook_url: 'rediss://redis.example:6379', user: 'wazuh', api_key: 'redis-password' },

  request(alert, options, { line, idempotency_key }) {
    const { hook_url, user, api_key, database, stream, max_length, ca_file, ssl_verify } = options
    return {
      redis: { url: hook_url, database, user, password: api_key, tls: { ca_file, ssl_verify } },
      stream,
      fields: {
        alert: line,
        rule: cut(oneLine(alert.rule?.id), 100),
        level: String(levelOf(alert)),
        agent: cut(oneLine(alert.agent?.name), 200),
        idempotency_key,
      },
      max_length,
    }
  },
})
