/** What the tests of look-ups share. */
import * as z from 'zod/mini'
import type { Alert } from '../alert.ts'
import type { Answer, HttpRequest, Lookup, Subject } from '../define.ts'

export const md5 = '44d88612fea8a8f36de82e1278abb02f'
export const sha1 = '3395856ce81f2b7382dee72602f798b642f14140'
export const sha256 = '275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f'

/** A file was added on an agent, as syscheck tells it. */
export function fileAlert(more: Partial<Alert> = {}): Alert {
  return {
    timestamp: '2024-01-15T10:30:45.123+0000',
    id: '1705314645.98',
    rule: { level: 5, description: 'File added to the system.', id: '554', groups: ['ossec', 'syscheck'] },
    agent: { id: '001', name: 'web-01', ip: '10.0.0.7' },
    manager: { name: 'siem' },
    syscheck: {
      path: '/tmp/eicar.com',
      event: 'added',
      md5_after: md5,
      sha1_after: sha1,
      sha256_after: sha256,
    },
    location: 'syscheck',
    ...more,
  }
}

/** Somebody at a public address. */
export function addressAlert(srcip = '8.8.4.4', more: Partial<Alert> = {}): Alert {
  return {
    timestamp: '2024-01-15T10:30:45.123+0000',
    id: '1705314645.99',
    rule: { level: 5, description: 'sshd: authentication failed.', id: '5760', groups: ['syslog', 'sshd'] },
    agent: { id: '000', name: 'siem' },
    manager: { name: 'siem' },
    data: { srcip },
    location: '/var/log/auth.log',
    ...more,
  }
}

export const ip: Subject = { kind: 'ip', value: '8.8.4.4' }
export const hash: Subject = { kind: 'hash', value: sha256 }
export const domain: Subject = { kind: 'domain', value: 'evil.com' }
export const url: Subject = { kind: 'url', value: 'http://evil.com/a?b=c' }

export function optionsOf(lookup: Lookup, more: Record<string, unknown> = {}): Record<string, unknown> {
  return z.parse(lookup.options, structuredClone({ ...lookup.example, ...more }))
}

export function subjects(lookup: Lookup, alert: Alert, more: Record<string, unknown> = {}): string[] {
  return lookup.subjects(alert, optionsOf(lookup, more)).map(({ kind, value }) => `${kind} ${value}`)
}

export function request(lookup: Lookup, subject: Subject, more: Record<string, unknown> = {}): HttpRequest {
  return lookup.request(subject, optionsOf(lookup, more))
}

/** What it makes of an answer with this JSON. */
export function read(lookup: Lookup, subject: Subject, body: unknown, status = 200): Answer | undefined {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return lookup.read({ status, headers: {}, text }, subject, optionsOf(lookup))
}

/** The event of an answer with this JSON. */
// biome-ignore lint/suspicious/noExplicitAny: each test knows the shape of its own event.
export function event(lookup: Lookup, subject: Subject, alert: Alert, body: unknown, status = 200): any {
  const answer = read(lookup, subject, body, status)
  if (answer?.kind !== 'known' && answer?.kind !== 'unknown') throw new Error(`no answer but ${JSON.stringify(answer)}`)
  const fields = answer.kind === 'known' ? answer.fields : undefined
  return lookup.event(fields, subject, alert, optionsOf(lookup))
}
