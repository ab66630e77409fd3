import { createHmac, timingSafeEqual } from 'node:crypto'
import * as z from 'zod/mini'
import { type Delivery, defineReceiver, type Verdict } from '../define.ts'

type Json = Record<string, unknown>

/**
 * Events keep the flat names of the guide's Flask receiver (`source`, `event`, `severity`, `summary`, `cve_id`, `repository`, `package`), so that
 * rules written for it fire unchanged. GitHub retired `repository_vulnerability_alert` in favour of `dependabot_alert`; both become
 * `vulnerability_alert`, and `github_event` tells them apart.
 */
export default defineReceiver({
  name: 'github',
  summary:
    'Takes GitHub webhooks: security advisories, Dependabot, code and secret scanning alerts, and repository events.',
  docs: 'https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries',

  options: z.object({
    secret: z
      .union([z.string().check(z.minLength(1)), z.array(z.string().check(z.minLength(1))).check(z.minLength(1))])
      .check(
        z.meta({ description: 'Webhook secret as set on GitHub; a list while it is being changed.', secret: true }),
      ),
  }),
  example: { secret: "It's a Secret to Everybody" },

  receive(delivery, { secret }): Verdict {
    if (delivery.method !== 'POST') return { kind: 'refused', status: 400, reason: 'GitHub delivers with POST' }
    const signature = delivery.headers['x-hub-signature-256']
    if (!signature) {
      return { kind: 'refused', status: 401, reason: 'no X-Hub-Signature-256 header: set a secret on the webhook' }
    }
    if (![secret].flat().some((key) => isSignedWith(key, delivery.body, signature))) {
      return { kind: 'refused', status: 401, reason: 'X-Hub-Signature-256 does not fit the body: the secrets differ' }
    }
    const payload = parseBody(delivery)
    if (typeof payload === 'string') return { kind: 'refused', status: 400, reason: payload }

    const name = delivery.headers['x-github-event'] ?? 'unknown'
    const id = delivery.headers['x-github-delivery']
    return { kind: 'accepted', id, events: name === 'ping' ? [] : [toEvent(name, payload, id)] }
  },

  sample(event, { secret }, now) {
    const payload = event ?? sampleAdvisory
    const body = Buffer.from(JSON.stringify(payload))
    const key = [secret].flat()[0]!
    return {
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'alert' in payload ? 'dependabot_alert' : 'security_advisory',
        'x-github-delivery': `sample-${now}`,
        'x-hub-signature-256': sign(key, body),
      },
      body,
    }
  },
})

const sampleAdvisory = {
  action: 'published',
  security_advisory: {
    ghsa_id: 'GHSA-xxxx-xxxx-xxxx',
    cve_id: 'CVE-2024-3094',
    summary: 'Malicious code in xz-utils',
    severity: 'critical',
  },
}

function sign(secret: string, body: Uint8Array): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

function isSignedWith(secret: string, body: Uint8Array, signature: string): boolean {
  const expected = Buffer.from(sign(secret, body))
  const given = Buffer.from(signature)
  return expected.length === given.length && timingSafeEqual(expected, given)
}

/** The payload, from either content type that GitHub offers; or what is wrong with it. */
function parseBody({ headers, body }: Delivery): Json | string {
  const text = Buffer.from(body).toString('utf8')
  const isForm = (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
  const json = isForm ? new URLSearchParams(text).get('payload') : text
  if (json === null) return 'the form has no "payload" field'
  try {
    const value: unknown = JSON.parse(json)
    return isObject(value) ? value : 'the body is not a JSON object'
  } catch (error) {
    return `the body is not JSON: ${(error as Error).message}`
  }
}

function toEvent(name: string, payload: Json, deliveryId: string | undefined): Json {
  const event: Json = {
    source: 'github',
    event: name === 'dependabot_alert' || name === 'repository_vulnerability_alert' ? 'vulnerability_alert' : name,
    github_event: name,
    action: payload.action,
    repository: pick(payload, 'repository.full_name'),
    organization: pick(payload, 'organization.login'),
    sender: pick(payload, 'sender.login'),
    delivery_id: deliveryId,
    ...details(name, payload),
  }
  // JSON null would reach the rules as the text "null" (spec of the JSON decoder), so what is not there is left out.
  return Object.fromEntries(
    Object.entries(event).filter(([, value]) => value !== undefined && value !== null && value !== ''),
  )
}

/** What each kind of event adds; every path is what GitHub's payload calls it. */
function details(name: string, payload: Json): Json {
  const at = (path: string) => pick(payload, path)
  switch (name) {
    case 'security_advisory':
    case 'repository_advisory': {
      const base = name === 'security_advisory' ? 'security_advisory' : 'repository_advisory'
      return {
        severity: at(`${base}.severity`),
        summary: at(`${base}.summary`),
        cve_id: at(`${base}.cve_id`),
        ghsa_id: at(`${base}.ghsa_id`),
        html_url: at(`${base}.html_url`),
      }
    }
    case 'dependabot_alert':
      return {
        package: at('alert.dependency.package.name') ?? at('alert.security_vulnerability.package.name'),
        severity: at('alert.security_advisory.severity') ?? at('alert.security_vulnerability.severity'),
        summary: at('alert.security_advisory.summary'),
        cve_id: at('alert.security_advisory.cve_id'),
        html_url: at('alert.html_url'),
      }
    case 'repository_vulnerability_alert':
      return {
        package: at('alert.affected_package_name'),
        severity: at('alert.severity'),
        cve_id: at('alert.external_identifier'),
        html_url: at('alert.external_reference'),
      }
    case 'code_scanning_alert':
      return {
        severity: at('alert.rule.security_severity_level') ?? at('alert.rule.severity'),
        summary: at('alert.rule.description'),
        html_url: at('alert.html_url'),
        ref: at('ref'),
      }
    case 'secret_scanning_alert':
      return {
        summary: at('alert.secret_type_display_name') ?? at('alert.secret_type'),
        html_url: at('alert.html_url'),
        resolution: at('alert.resolution'),
      }
    case 'push':
      return {
        ref: at('ref'),
        forced: at('forced'),
        deleted: at('deleted'),
        head: at('after'),
        html_url: at('compare'),
      }
    case 'member':
    case 'membership':
      return { member: at('member.login'), permission: at('changes.permission.to'), team: at('team.name') }
    case 'organization':
      return { member: at('membership.user.login'), role: at('membership.role') }
    case 'branch_protection_rule':
      return { branch: at('rule.name') }
    case 'deploy_key':
      return { key_title: at('key.title'), read_only: at('key.read_only') }
    default:
      return { ref: at('ref'), html_url: at('repository.html_url') }
  }
}

// A value deeper than an own property is not the sender's: `__proto__` and friends give undefined. Long texts are cut so that the
// event stays far below the 64 KiB at which Wazuh's log collector drops a line.
function pick(payload: Json, path: string): string | number | boolean | undefined {
  let value: unknown = payload
  for (const key of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  if (typeof value === 'string') return value.length > 2048 ? `${value.slice(0, 2045)}...` : value
  return typeof value === 'number' || typeof value === 'boolean' ? value : undefined
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
