/** Sends mail through an SMTP server, over connections that are kept. */
import { readFileSync } from 'node:fs'
import nodemailer from 'nodemailer'
import type { Mail, Outcome } from '../define.ts'

export interface MailTransport {
  send(mail: Mail): Promise<Outcome>
  close(): Promise<void>
}

export function mailTransport(smtp: Mail['smtp'], connections: number): MailTransport {
  const { host, port, security, user, password, tls = {} } = smtp
  const transporter = nodemailer.createTransport({
    pool: true,
    maxConnections: Math.min(connections, 5),
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
    tls: {
      ca: tls.ca_file === undefined ? undefined : readFileSync(tls.ca_file),
      rejectUnauthorized: tls.ssl_verify !== false,
    },
    connectionTimeout: 30_000,
    // A text of an alert must never make us read a file or fetch a URL.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    async send({ from, to, subject, text, headers, message_id }) {
      try {
        const { messageId } = await transporter.sendMail({ from, to, subject, text, headers, messageId: message_id })
        return { kind: 'delivered', ref: messageId }
      } catch (error) {
        return outcomeOf(error as Error & { code?: string; responseCode?: number })
      }
    },
    async close() {
      transporter.close()
    },
  }
}

/** RFC 5321, 4.2.1: 4yz may work later, 5yz will not. */
function outcomeOf({ code, responseCode, message }: Error & { code?: string; responseCode?: number }): Outcome {
  const reason = message.replace(/\s+/g, ' ').slice(0, 300)
  if (code === 'EAUTH' || code === 'ENOAUTH' || responseCode === 530 || responseCode === 535)
    return { kind: 'paused', reason }
  if (code === 'EENVELOPE' && responseCode === undefined) return { kind: 'rejected', reason }
  if (responseCode !== undefined && responseCode >= 500) {
    // Refused sender, relay or recipient: the same for every alert.
    return code === 'EENVELOPE' ? { kind: 'paused', reason } : { kind: 'rejected', reason }
  }
  // Greylisting and a full mailbox are about the message, all else about the server.
  return { kind: 'retry', reason, busy: responseCode === undefined || responseCode === 421 }
}
