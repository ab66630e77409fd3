/** What every definition must do, whatever the service. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import type { Alert } from '../alert.ts'
import type { HttpRequest, Integration } from '../define.ts'
import { showRequest } from '../delivery/attempt.ts'
import { judge } from '../delivery/outcome.ts'
import { collectSecrets, optionNames } from '../settings-check.ts'
import { destinationOptions } from '../settings-schema.ts'
import { integrations } from './index.ts'
import { alert, context } from './testing.ts'

const now = context(alert()).now

const bare = { rule: {} } as unknown as Alert

const hostileText = `<!channel> @everyone @here </script>{{7*7}} "'\`;$(id) \u0000\u001b[31m\r\nBcc: x\u202e\ud83d 😀 |a|b| *_~ ${'x'.repeat(300_000)}`
const hostile = {
  timestamp: hostileText,
  id: hostileText,
  rule: {
    level: 1e300,
    description: hostileText,
    id: hostileText,
    groups: Array(2000).fill(hostileText.slice(0, 50)),
    mitre: { id: [7, hostileText], technique: null },
  },
  agent: { id: hostileText, name: hostileText, ip: hostileText, labels: { customer: '__proto__' } },
  manager: { name: hostileText },
  full_log: hostileText,
  data: { srcip: hostileText, dstuser: ['a'], win: 'text' },
  location: hostileText,
  syscheck: { path: hostileText },
} as unknown as Alert

// What an alert from elsewhere may look like: the right names with the wrong types.
const odd = {
  timestamp: 7,
  id: 7,
  rule: { level: '12', description: { a: 1 }, id: 5710, groups: 'sshd', mitre: 'T1110' },
  agent: 'web',
  manager: null,
  full_log: ['a'],
  data: 'text',
  location: 9,
  syscheck: [],
} as unknown as Alert

function bodyOf({ json, body }: HttpRequest): string {
  return json !== undefined
    ? JSON.stringify(json)
    : typeof body === 'string'
      ? body
      : Buffer.from(body ?? '').toString()
}

function checkText(text: string): void {
  assert.doesNotMatch(text, /\bundefined\b|\[object Object\]|\bNaN\b/)
}

for (const [name, load] of Object.entries(integrations)) {
  const { default: integration } = (await load()) as { default: Integration }
  const parse = () => z.parse(integration.options, structuredClone(integration.example))
  const secretsOf = () => {
    const secrets = new Set<string>()
    collectSecrets(integration.options, parse(), secrets)
    return [...secrets].filter((secret) => secret.length >= 4)
  }

  test(`${name}: describes itself`, () => {
    assert.match(integration.summary, /^[A-Z].*\.$/s)
    assert.doesNotMatch(integration.summary, /\n/)
    assert.ok(['http:', 'https:'].includes(new URL(integration.docs).protocol))
    const schema = z.toJSONSchema(integration.options, { io: 'input', unrepresentable: 'any' }) as {
      properties: Record<string, { description?: string; secret?: boolean }>
    }
    for (const option of optionNames(integration.options)) {
      assert.ok(!optionNames(destinationOptions).includes(option), `${option} is an option of every destination`)
      const { description, secret } = schema.properties[option]!
      assert.match(description ?? '', /^[A-Z].*\.$/s, `${option} is described`)
      assert.match(option, /^[a-z][a-z0-9_]*$/)
      if (/key|token|secret|password/.test(option) && !/^(dedup_|public_)/.test(option))
        assert.equal(secret, true, `${option} is marked as secret`)
    }
  })

  test(`${name}: its example parses`, () => {
    parse()
  })

  for (const [kind, given] of [
    ['a usual', alert()],
    ['a bare', bare],
    ['a hostile', hostile],
    ['an odd', odd],
  ] as const)
    test(`${name}: ${kind} alert gives a sensible request, the same each time`, () => {
      const make = () => integration.request(structuredClone(given), parse(), context(given))
      const made = make()
      assert.deepEqual(made, make())
      if (kind === 'a usual') assert.ok(made, 'is sent')
      if (!made) return
      checkText(showRequest(made))
      if (!('url' in made)) return
      const url = new URL(made.url)
      assert.ok(['http:', 'https:'].includes(url.protocol))
      assert.equal(url.username, '', 'no credential in the URL')
      assert.ok(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', undefined].includes(made.method))
      for (const [field, value] of Object.entries(made.headers ?? {})) {
        assert.match(field, /^[a-z0-9-]+$/, 'lower case')
        assert.match(value, /^[\t\x20-\x7e]*$/, `header ${field}`)
      }
      const body = bodyOf(made)
      checkText(body)
      if (made.json !== undefined) assert.deepEqual(JSON.parse(body), JSON.parse(JSON.stringify(made.json)))
      // The host and the path's shape are the options', never the alert's.
      const usual = integration.request(alert(), parse(), context(alert())) as HttpRequest
      assert.equal(url.host, new URL(usual.url).host)
    })

  test(`${name}: what goes for one alert goes for many in a request`, () => {
    const { batch } = integration
    if (!batch) return
    const alerts = [alert(), bare, hostile, odd]
    const options = parse()
    const parts = alerts.map((given) => batch.part(structuredClone(given), options, context(given)))
    for (const [n, given] of alerts.entries())
      assert.deepEqual(batch.request([parts[n]!], options, now), integration.request(given, options, context(given)))
    const { url, ...request } = batch.request(parts, options, now)
    assert.equal(new URL(url).host, new URL(batch.request(parts.slice(0, 1), options, now).url).host)
    checkText(bodyOf({ url, ...request }))
    for (const text of [
      '',
      'ok',
      '{}',
      '[]',
      'null',
      '{"items":null}',
      '{"items":[null]}',
      '{"items":[{"create":null}]}',
    ])
      for (const { kind } of batch.outcomes?.({ status: 200, headers: {}, text }, options, 1) ?? [])
        assert.notEqual(kind, 'delivered', text)
  })

  test(`${name}: every answer is one of the outcomes, and none shows a secret`, () => {
    const secrets = secretsOf()
    for (const status of [
      200, 201, 202, 204, 302, 400, 401, 403, 404, 408, 409, 410, 413, 422, 429, 500, 502, 503, 504,
    ])
      for (const text of [
        '',
        'ok',
        '{}',
        '[]',
        'null',
        '{"ok":false,"error":"x"}',
        '<html>login</html>',
        '{"items":null,"errors":7}',
        '{',
      ]) {
        const response = { status, headers: {}, text }
        const outcome = integration.outcome?.(response, parse()) ?? judge(response, 0)
        assert.ok(['delivered', 'retry', 'rejected', 'paused'].includes(outcome.kind))
        if (outcome.kind !== 'delivered') {
          assert.ok(outcome.reason.length > 3 && outcome.reason.length < 1000 && !outcome.reason.includes('\n'))
          for (const secret of secrets) assert.ok(!outcome.reason.includes(secret))
        }
        if (status === 429 || status >= 500) assert.equal(outcome.kind, 'retry', `${status} ${text}`)
        if (status === 401 || status === 403) assert.equal(outcome.kind, 'paused', `${status} ${text}`)
        if (status >= 400)
          assert.notEqual(outcome.kind === 'delivered' && status !== 409 && status !== 400, true, `${status} ${text}`)
      }
  })
}
