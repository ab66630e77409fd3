import * as z from 'zod/mini'
import { defineIntegration } from '../define.ts'
import { cut, oneLine, severityOf } from './message.ts'
import { choice, textOption, tls } from './options.ts'

const address = z.string().check(z.regex(/^[^\s@<>"(),:;]+@[^\s@<>"(),:;]+$/, 'not a mail address'))

export default defineIntegration({
  name: 'email',
  summary: 'Mails each alert through an SMTP server.',
  docs: 'https://www.rfc-editor.org/rfc/rfc5321',

  options: z.object({
    host: z.string().check(z.minLength(1), z.describe('Name or address of the SMTP server.')),
    port: z
      ._default(z.int().check(z.minimum(1), z.maximum(65_535)), 587)
      .check(z.describe('Port: 587, or 465 for security: tls.')),
    security: choice(
      ['starttls', 'tls', 'none'],
      'starttls',
      'How the connection is protected; none only for a server on this machine.',
    ),
    user: textOption('User name, when the server asks for one.'),
    api_key: z
      .optional(z.string().check(z.minLength(1)))
      .check(z.meta({ description: 'Password of the user.', secret: true })),
    mail_from: address.check(z.describe('Address of the sender.')),
    mail_to: z
      .union([address, z.array(address).check(z.minLength(1))])
      .check(z.describe('Address of the recipient, or a list.')),
    ...tls,
  }),
  example: {
    host: 'smtp.example',
    user: 'wazuh',
    api_key: 'smtp-password',
    mail_from: 'wazuh@example.com',
    mail_to: ['soc@example.com'],
  },

  request(alert, options, { title, body, idempotency_key }) {
    const { host, port, security, user, api_key, mail_from, mail_to, ca_file, ssl_verify } = options
    return {
      smtp: { host, port, security, user, password: api_key, tls: { ca_file, ssl_verify } },
      from: mail_from,
      to: [mail_to].flat(),
      subject: cut(`[Wazuh] ${oneLine(title)}`, 200),
      text: cut(body, 100_000),
      // The same for each try: a mail server that keeps an eye on it shows one.
      message_id: `<${idempotency_key}@${mail_from.split('@')[1]}>`,
      headers: {
        // No out-of-office answers, please.
        'Auto-Submitted': 'auto-generated',
        'X-Wazuh-Rule': oneLine(alert.rule?.id)
          .replace(/[^\x20-\x7e]/g, '?')
          .slice(0, 100),
        'X-Wazuh-Severity': severityOf(alert),
      },
    }
  },
})
