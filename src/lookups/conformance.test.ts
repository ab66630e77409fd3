/** What every look-up must do, whatever the service. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import type { Alert } from '../alert.ts'
import type { Answer, HttpRequest, Lookup, Outcome, Subject } from '../define.ts'
import { showRequest } from '../delivery/attempt.ts'
import { judge } from '../delivery/outcome.ts'
import { collectSecrets, optionNames } from '../settings-check.ts'
import { destinationOptions } from '../settings-schema.ts'
import { eventOf } from './event.ts'
import { lookups } from './index.ts'
import { limits } from './options.ts'
import { publicAddress, publicName } from './subjects.ts'
import { addressAlert, domain, fileAlert, hash, ip, md5, optionsOf, sha1, url } from './testing.ts'

const hostileText = `<!channel> </script>{{7*7}} "'\`;$(id) \u0000\u001b[31m\r\nBcc: x\u202e\ud83d 😀 |a|b| ${'x'.repeat(70_000)}`
const texts = (...names: string[]) => Object.fromEntries(names.map((name) => [name, hostileText]))
const alerts: Record<string, Alert> = {
  'a file': fileAlert(),
  'an address': addressAlert(),
  'everything at once': addressAlert('8.8.4.4', {
    data: { srcip: '8.8.4.4', hostname: 'evil.com', url: url.value, sha256: hash.value },
    syscheck: { path: '/x', md5_after: md5, sha1_after: sha1 },
  }),
  bare: { rule: {} } as unknown as Alert,
  hostile: {
    timestamp: hostileText,
    id: hostileText,
    rule: { level: 1e300, description: hostileText, id: hostileText },
    agent: { id: hostileText, name: hostileText, ip: hostileText },
    data: texts('srcip', 'dstip', 'hostname', 'url', 'sha256', 'md5'),
    syscheck: texts('path', 'md5_after', 'sha1_after', 'sha256_after'),
    location: hostileText,
  } as unknown as Alert,
  odd: { id: 7, rule: { id: 5710 }, agent: 'web', data: 'text', syscheck: [], location: 9 } as unknown as Alert,
}

// What somebody could put into a log to have it asked about.
const subjectsOfKind: Record<Subject['kind'], Subject[]> = {
  ip: [ip, { kind: 'ip', value: '2001:4860:4860::8888' }],
  hash: [hash, { kind: 'hash', value: md5 }, { kind: 'hash', value: sha1 }],
  domain: [domain],
  url: [url, { kind: 'url', value: `http://evil.com/../%2e/?a="'\\&b=||&&#${'é'.repeat(500)}` }],
}

const bodies = [
  '',
  'ok',
  '{}',
  '[]',
  'null',
  '7',
  '{"data":null}',
  '{"data":[],"errors":[null]}',
  '{"data":{"attributes":{"last_analysis_stats":[]}}}',
  '{"response":{"Attribute":[7,null,{}]}}',
  '{"query_status":"ok","urls":[null,7],"tags":{},"payloads":[[]]}',
  '{"pulse_info":{"count":1,"pulses":[null,7,{"tags":"x","malware_families":[null]}]}}',
  '{"type":7,"classification":[],"blacklist":[null,7,{"external_references":7}]}',
  '{"ip":"8.8.4.4","behaviors":7,"location":null,"scores":[]}',
  '{"noise":true,"riot":"x","name":{}}',
  '{"data":{"abuseConfidenceScore":1,"totalReports":1}}',
  '{"data":{"indicators":{"edges":[null,{"node":7}]},"stixCyberObservables":7}}',
  '<html>login</html>',
  '{',
]

for (const [name, load] of Object.entries(lookups)) {
  const { default: lookup } = (await load()) as { default: Lookup }
  const options = optionsOf(lookup)
  const asked = Object.values(subjectsOfKind)
    .flat()
    .filter(({ kind }) => kindsOf(lookup).includes(kind))
  const secrets = new Set<string>()
  collectSecrets(lookup.options, options, secrets)

  test(`${name}: describes itself`, () => {
    assert.match(lookup.summary, /^[A-Z].*\.$/)
    assert.equal(lookup.title.toLowerCase(), name.replace('-cti', ''))
    assert.equal(new URL(lookup.docs).protocol, 'https:')
    const schema = z.toJSONSchema(lookup.options, { io: 'input', unrepresentable: 'any' }) as {
      properties: Record<string, { description?: string; secret?: boolean }>
    }
    const names = optionNames(lookup.options)
    for (const common of [...Object.keys(limits({})), 'fields', 'hook_url', 'api_key'])
      assert.ok(names.includes(common), `has ${common}`)
    for (const option of names) {
      assert.ok(!optionNames(destinationOptions).includes(option), `${option} is an option of every destination`)
      const { description, secret } = schema.properties[option]!
      assert.match(description ?? '', /^[A-Z].*\.$/s, `${option} is described`)
      if (/key|token|secret|password/.test(option)) assert.equal(secret, true, `${option} is marked as secret`)
    }
    assert.ok(secrets.size > 0)
  })

  for (const [kind, alert] of Object.entries(alerts))
    test(`${name}: asks only what may be asked about ${kind}`, () => {
      const found = lookup.subjects(structuredClone(alert), options)
      assert.deepEqual(found, lookup.subjects(structuredClone(alert), options))
      if (kind === 'everything at once') assert.ok(found.length > 0)
      if (['bare', 'hostile', 'odd'].includes(kind)) assert.deepEqual(found, [])
      assert.equal(new Set(found.map((subject) => subject.kind)).size, found.length, 'one of a kind')
      for (const subject of found) assert.ok(isPublic(subject), JSON.stringify(subject))
    })

  test(`${name}: whatever is asked, the request goes to its own host and is well formed`, () => {
    assert.ok(asked.length > 0)
    for (const subject of asked) {
      const made = lookup.request(subject, options)
      assert.deepEqual(made, lookup.request(subject, options), 'the same each time')
      checkRequest(made, new URL(String(options.hook_url)).host)
      const elsewhere = lookup.request(subject, optionsOf(lookup, { hook_url: 'http://127.0.0.1:9/' }))
      checkRequest(elsewhere, '127.0.0.1:9')
    }
  })

  test(`${name}: every answer is understood, judged by its status, or rejected, and none shows a secret`, () => {
    for (const subject of asked)
      for (const status of [200, 204, 302, 400, 401, 403, 404, 408, 422, 429, 500, 502, 503])
        for (const text of bodies) {
          const response = { status, headers: {}, text }
          const answer: Answer | Outcome = lookup.read(response, subject, options) ?? judge(response, 0)
          const about = `${status} ${text}`
          if (answer.kind === 'known' || answer.kind === 'unknown') {
            assert.ok(status === 200 || status === 404, about)
            checkEvents(lookup, answer, subject, options)
          } else if (answer.kind !== 'delivered') {
            assert.ok(answer.reason.length > 3 && answer.reason.length < 1000 && !answer.reason.includes('\n'), about)
            for (const secret of secrets) assert.ok(!answer.reason.includes(secret))
          }
          if (status === 429 || status >= 500) assert.equal(answer.kind, 'retry', about)
          if (status === 401 || status === 403) assert.equal(answer.kind, 'paused', about)
        }
  })

  test(`${name}: trouble is an event of its own name`, () => {
    const event = lookup.error?.(503, 'x') ?? {
      [lookup.event_name ?? name]: { error: 503, description: 'x' },
      integration: name,
    }
    assert.equal(event.integration, name)
    const [body] = Object.values(event) as { error?: unknown; description?: unknown }[]
    assert.equal(typeof body?.error, 'number')
    assert.equal(typeof body?.description, 'string')
  })
}

function kindsOf(lookup: Lookup): Subject['kind'][] {
  const all: Subject['kind'][] = ['ip', 'hash', 'domain', 'url']
  const isAsked = (kind: string) => lookup.options.safeParse({ ...lookup.example, ask: [kind] }).success
  return optionNames(lookup.options).includes('ask') ? all.filter(isAsked) : ['ip']
}

function isPublic({ kind, value }: Subject): boolean {
  switch (kind) {
    case 'ip':
      return publicAddress(value) === value
    case 'hash':
      return /^([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/.test(value)
    case 'domain':
      return publicName(value) === value
    case 'url':
      return URL.canParse(value)
  }
}

function checkRequest(made: HttpRequest, host: string): void {
  const to = new URL(made.url)
  assert.equal(to.host, host)
  assert.ok(['http:', 'https:'].includes(to.protocol))
  assert.equal(to.username, '')
  assert.ok(['GET', 'POST'].includes(made.method ?? ''))
  for (const [field, value] of Object.entries(made.headers ?? {})) {
    assert.match(field, /^[a-z0-9-]+$/, 'lower case')
    assert.match(value, /^[\t\x20-\x7e]+$/, `header ${field}`)
  }
  assert.doesNotMatch(showRequest(made), /\bundefined\b|\[object Object\]|\bNaN\b/)
  assert.doesNotMatch(to.search, /key/i, 'no key in the URL')
}

function checkWords(lookup: Lookup, said: Record<string, unknown>): void {
  for (const language of ['en', 'ru'] as const)
    for (const part of lookup.words(said, language)) {
      assert.equal(typeof part, 'string')
      assert.doesNotMatch(part, /\bundefined\b|\[object Object\]|\bNaN\b/)
    }
}

function checkEvents(lookup: Lookup, answer: Answer, subject: Subject, options: Record<string, unknown>): void {
  // As it comes back from the cache.
  const kept =
    answer.kind === 'known' ? (JSON.parse(JSON.stringify(answer.fields)) as Record<string, unknown>) : undefined
  for (const alert of Object.values(alerts)) {
    const event = lookup.event(kept, subject, alert, options)
    if (!event) {
      assert.equal(answer.kind, 'unknown', 'what is known is an event')
      continue
    }
    assert.equal(event.integration, lookup.name)
    const own = event[lookup.event_name ?? lookup.name] as Record<string, unknown>
    assert.equal(typeof own, 'object', 'what it says stands below its name')
    if (answer.kind === 'known') checkWords(lookup, { ...own, ...event })
    const { log, location } = eventOf(lookup.name, event, alert.agent)
    assert.ok(log.length <= 60_000)
    assert.match(log, /^\{\s*"[\x20-\x7e]*\}$/, 'one line of ASCII, as the JSON decoder wants it')
    assert.ok(location.endsWith(lookup.name))
    assert.doesNotMatch(log, /\bundefined\b|\[object Object\]|\bNaN\b/)
  }
}
