import * as z from 'zod/mini'
import { defineIntegration } from '../define.ts'
import { brokerUrl, textOption, tls } from './options.ts'
import { fillPlaceholders, placeholderWords, withPlaceholders } from './placeholders.ts'

export default defineIntegration({
  name: 'mqtt',
  summary: 'Publishes each alert to a topic of an MQTT broker, with QoS 1.',
  docs: 'https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html',

  options: z
    .object({
      hook_url: brokerUrl('mqtt', 'mqtts').check(
        z.describe('Address of the broker: mqtt://host:1883, or mqtts://host:8883 for TLS.'),
      ),
      topic: z
        ._default(withPlaceholders('^{}#+\\x00-\\x1f', '+ and # may not stand in a topic'), 'wazuh/alerts')
        .check(z.describe(`Topic to publish to; ${placeholderWords}.`)),
      retain: z
        ._default(z.boolean(), false)
        .check(z.describe('The broker keeps the last alert of the topic, for those who subscribe later.')),
      version: z
        // As YAML reads them.
        ._default(z.union([z.literal(5), z.enum(['5', '3.1.1'])]), 5)
        .check(
          z.describe(
            'Version of MQTT: 5 or 3.1.1. With 3.1.1 a broker cannot say that it refused a message, and many acknowledge it all the same.',
          ),
        ),
      client_id: textOption('Id that the broker knows us by; a new one for each connection when empty.'),
      user: textOption('User name.'),
      api_key: z.optional(z.string().check(z.minLength(1))).check(z.meta({ description: 'Password.', secret: true })),
      ...tls,
    })
    .check(
      z.refine(({ user, api_key }) => api_key === undefined || user !== undefined, {
        path: ['user'],
        message: 'is needed with api_key',
      }),
    ),
  example: { hook_url: 'mqtts://mqtt.example:8883', topic: 'wazuh/{agent}', user: 'wazuh', api_key: 'mqtt-password' },

  request(alert, options, { line, idempotency_key, now }) {
    const { hook_url, topic, retain, version, client_id, user, api_key, ca_file, ssl_verify } = options
    return {
      mqtt: {
        url: hook_url,
        version: version === '3.1.1' ? version : '5',
        client_id,
        user,
        password: api_key,
        tls: { ca_file, ssl_verify },
      },
      topic: fillPlaceholders(topic, alert, now),
      payload: line,
      retain,
      properties: { idempotency_key },
    }
  },
})
