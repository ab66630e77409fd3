import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import type { Mail } from '../define.ts'
import email from './email.ts'
import { alert, outgoing } from './testing.ts'

test('is a plain mail with an id that is the same for each try', () => {
  const mail = outgoing(email, alert({ rule: { description: 'one\r\nBcc: x@y' } }), {
    mail_to: 'a@example.com',
  }) as Mail
  assert.deepEqual(mail.smtp, {
    host: 'smtp.example',
    port: 587,
    security: 'starttls',
    user: 'wazuh',
    password: 'smtp-password',
    tls: { ca_file: undefined, ssl_verify: true },
  })
  assert.deepEqual([mail.from, mail.to], ['wazuh@example.com', ['a@example.com']])
  assert.equal(mail.subject, '[Wazuh] Level 5: one Bcc: x@y (web-01)')
  assert.match(mail.text, /^Agent: web-01[\s\S]*\n\nFailed password/)
  assert.equal(mail.message_id, '<0123456789abcdef0123456789abcdef@example.com>')
  assert.equal(mail.headers['Auto-Submitted'], 'auto-generated')
  assert.equal(mail.headers['X-Wazuh-Severity'], 'low')
})

test('refuses what is no address', () => {
  for (const change of [{ mail_from: 'a@b, c@d' }, { mail_to: [] }, { mail_to: 'x' }, { mail_from: 'a <b@c>' }])
    assert.equal(z.safeParse(email.options, { ...email.example, ...change }).success, false, JSON.stringify(change))
})
