import * as z from 'zod/mini'
import { defineIntegration } from '../define.ts'
import { brokerUrl, textOption, tls } from './options.ts'
import { fillPlaceholders, placeholderWords, withPlaceholders } from './placeholders.ts'

const address = brokerUrl('nats', 'tls')

export default defineIntegration({
  name: 'nats',
  summary: 'Publishes each alert to a subject of NATS, kept by JetStream.',
  docs: 'https://docs.nats.io/nats-concepts/jetstream',

  options: z
    .object({
      hook_url: z
        .union([address, z.array(address).check(z.minLength(1))])
        .check(z.describe('Address of the server, or a list: nats://host:4222, or tls://host:4222 to insist on TLS.')),
      subject: z
        ._default(
          withPlaceholders('!-)+-=?-z|~', 'blanks, * and > may not stand in a subject').check(
            z.regex(/^[^.]+(\.[^.]+)*$/, 'a part between two dots is empty'),
          ),
          'wazuh.alerts',
        )
        .check(z.describe(`Subject to publish to; ${placeholderWords}.`)),
      jetstream: z
        ._default(z.boolean(), true)
        .check(
          z.describe(
            'Delivered is what a stream has stored, once for each alert. False: what the server has; without a subscriber it is gone.',
          ),
        ),
      user: textOption('User name; the key is then the password. Without it the key is a token.'),
      api_key: z
        .optional(z.string().check(z.minLength(1)))
        .check(z.meta({ description: 'Password or token.', secret: true })),
      nkey_seed: z
        .optional(z.string().check(z.regex(/^SU[A-Z2-7]{56}$/, 'not the seed of a user: SU and 56 more')))
        .check(z.meta({ description: 'Seed of an nkey (SU…), instead of user and key.', secret: true })),
      ...tls,
    })
    .check(
      z.refine(({ user, api_key }) => user === undefined || api_key !== undefined, {
        path: ['api_key'],
        message: 'is needed with user',
      }),
    ),
  example: { hook_url: 'nats://nats.example:4222', user: 'wazuh', api_key: 'nats-password' },

  request(alert, options, { line, idempotency_key, now }) {
    const { hook_url, subject, jetstream, user, api_key, nkey_seed, ca_file, ssl_verify } = options
    const login = user === undefined ? { token: api_key } : { user, password: api_key }
    return {
      nats: { servers: [hook_url].flat(), ...login, nkey_seed, tls: { ca_file, ssl_verify } },
      subject: fillPlaceholders(subject, alert, now),
      payload: line,
      message_id: idempotency_key,
      jetstream,
    }
  },
})
