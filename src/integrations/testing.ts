/** What the tests of integrations share. */
import * as z from 'zod/mini'
import type { Alert } from '../alert.ts'
import type { HttpRequest, Integration, IntegrationContext, Outgoing } from '../define.ts'
import { renderBody, renderTitle } from './message.ts'

/** A usual alert, with changes. */
export function alert(more: Partial<Omit<Alert, 'rule'>> & { rule?: Partial<Alert['rule']> } = {}): Alert {
  return {
    timestamp: '2024-01-15T10:30:45.123+0000',
    id: '1705314645.98',
    agent: { id: '001', name: 'web-01', ip: '10.0.0.7' },
    manager: { name: 'siem' },
    full_log: 'Failed password for root from 203.0.113.9 port 54321 ssh2',
    decoder: { name: 'sshd' },
    data: { srcip: '203.0.113.9', dstuser: 'root' },
    location: '/var/log/auth.log',
    ...more,
    rule: {
      level: 5,
      description: 'sshd: authentication failed.',
      id: '5760',
      groups: ['syslog', 'sshd'],
      mitre: { id: ['T1110.001'], tactic: ['Credential Access'], technique: ['Password Guessing'] },
      ...more.rule,
    },
  }
}

export function context(given: Alert, more: Partial<IntegrationContext> = {}): IntegrationContext {
  return {
    idempotency_key: '0123456789abcdef0123456789abcdef',
    line: JSON.stringify(given),
    title: renderTitle(given),
    body: renderBody(given),
    now: 1_705_314_650_000,
    session: '<session>',
    style: {},
    ...more,
  }
}

/** What a definition makes of an alert, with its example's options and changes to them. */
export function outgoing(
  integration: Integration,
  given = alert(),
  options: Record<string, unknown> = {},
  more: Partial<IntegrationContext> = {},
): Outgoing {
  const parsed = z.parse(integration.options, { ...integration.example, ...options })
  const made = integration.request(given, parsed, context(given, more))
  if (!made) throw new Error('no request')
  return made
}

/** The same for a definition that speaks HTTP. */
export function request(
  integration: Integration,
  given?: Alert,
  options?: Record<string, unknown>,
  more?: Partial<IntegrationContext>,
): HttpRequest {
  const made = outgoing(integration, given, options, more)
  if (!('url' in made)) throw new Error('not an HTTP request')
  return made
}

// biome-ignore lint/suspicious/noExplicitAny: each test knows the shape of its own service's JSON.
type Json = any

export const jsonOf = (
  integration: Integration,
  given?: Alert,
  options?: Record<string, unknown>,
  more?: Partial<IntegrationContext>,
): Json => request(integration, given, options, more).json

/** What a definition says of an answer, with its example's options and changes to them. */
export function outcome(integration: Integration, status: number, text = '', options: Record<string, unknown> = {}) {
  const parsed = z.parse(integration.options, { ...integration.example, ...options })
  return integration.outcome?.({ status, headers: {}, text }, parsed)
}
