import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import type { Delivery } from '../define.ts'
import github from './github.ts'

const options = { secret: "It's a Secret to Everybody" }

function delivery(body: string, headers: Record<string, string> = {}, secret = options.secret): Delivery {
  return {
    method: 'POST',
    path: '/webhook/github',
    query: {},
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'security_advisory',
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
      ...headers,
    },
    body: Buffer.from(body),
    now: 0,
  }
}

test('accepts the signature of GitHub’s own documentation', () => {
  const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'
  const verdict = github.receive(delivery('Hello, World!', { 'x-hub-signature-256': signature }), options)
  // The body of that example is no JSON, so getting as far as this complaint means that the signature held.
  assert.equal(verdict.kind === 'refused' && verdict.reason.startsWith('the body is not JSON'), true)
})

test('turns an advisory into the event of the guide', () => {
  const payload = {
    action: 'published',
    security_advisory: { severity: 'critical', summary: 'xz backdoor', cve_id: 'CVE-2024-3094', description: null },
  }
  assert.deepEqual(github.receive(delivery(JSON.stringify(payload)), options), {
    kind: 'accepted',
    id: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    events: [
      {
        source: 'github',
        event: 'security_advisory',
        github_event: 'security_advisory',
        action: 'published',
        delivery_id: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
        severity: 'critical',
        summary: 'xz backdoor',
        cve_id: 'CVE-2024-3094',
      },
    ],
  })
})

test('reads the form that GitHub sends with the other content type', () => {
  const payload = JSON.stringify({ action: 'created', alert: { dependency: { package: { name: 'lodash' } } } })
  const body = `payload=${encodeURIComponent(payload)}`
  const verdict = github.receive(
    delivery(body, { 'content-type': 'application/x-www-form-urlencoded', 'x-github-event': 'dependabot_alert' }),
    options,
  )
  assert.equal(verdict.kind, 'accepted')
  assert.partialDeepStrictEqual(verdict.kind === 'accepted' && verdict.events[0], {
    event: 'vulnerability_alert',
    github_event: 'dependabot_alert',
    package: 'lodash',
  })
})

test('refuses a wrong, a missing and a truncated signature', () => {
  const good = delivery('{}')
  for (const signature of [
    '',
    'sha256=',
    good.headers['x-hub-signature-256']!.slice(0, -1),
    `sha256=${'0'.repeat(64)}`,
  ]) {
    const verdict = github.receive({ ...good, headers: { ...good.headers, 'x-hub-signature-256': signature } }, options)
    assert.equal(verdict.kind === 'refused' && verdict.status, 401, signature)
  }
})

test('takes the old and the new secret while they are being changed', () => {
  const both = { secret: ['new', 'old'] }
  for (const secret of both.secret) assert.equal(github.receive(delivery('{}', {}, secret), both).kind, 'accepted')
  assert.equal(github.receive(delivery('{}', {}, 'other'), both).kind, 'refused')
})

test('answers a ping without making an event', () => {
  const verdict = github.receive(delivery('{"zen":"…"}', { 'x-github-event': 'ping' }), options)
  assert.deepEqual(verdict.kind === 'accepted' && verdict.events, [])
})

test('keeps a hostile payload small, flat and without inherited names', () => {
  const payload = `{"repository":{"full_name":"${'x'.repeat(100_000)}"},"__proto__":{"polluted":1},"security_advisory":[1]}`
  const verdict = github.receive(delivery(payload), options)
  assert.equal(verdict.kind, 'accepted')
  assert.equal(verdict.kind === 'accepted' && JSON.stringify(verdict.events[0]).length < 4096, true)
})

test('signs its own sample', () => {
  const sample = github.sample(undefined, options, 1)
  const verdict = github.receive({ ...delivery(''), ...sample }, options)
  assert.equal(verdict.kind === 'accepted' && verdict.events[0]?.severity, 'critical')
})
