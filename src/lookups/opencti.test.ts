import assert from 'node:assert/strict'
import { test } from 'node:test'
import opencti from './opencti.ts'
import { addressAlert, event, fileAlert, hash, ip, read, request, sha256, url } from './testing.ts'

const indicator = (pattern: string, more = {}) => ({
  id: 'i-1',
  name: 'Cobalt Strike',
  pattern,
  pattern_type: 'stix',
  valid_until: '2030-01-01T00:00:00.000Z',
  revoked: false,
  confidence: 70,
  indicator_types: ['malicious-activity'],
  x_opencti_score: 50,
  x_opencti_detection: true,
  ...more,
})
const edges = (...nodes: unknown[]) => ({ edges: nodes.map((node) => ({ node })) })
const answer = (indicators: unknown[], observables: unknown[] = []) => ({
  data: { indicators: edges(...indicators), stixCyberObservables: edges(...observables) },
})

test('searches for the exact value', () => {
  const made = request(opencti, ip)
  assert.equal(made.url, 'https://opencti.example/graphql')
  assert.equal(made.headers!.authorization, 'Bearer opencti-token')
  assert.deepEqual((made.json as { variables: unknown }).variables, { value: '"8.8.4.4"' })
  assert.equal(
    request(opencti, ip, { hook_url: 'https://cti.example/base/graphql' }).url,
    'https://cti.example/base/graphql',
  )
})

test('an indicator whose pattern is the value', () => {
  assert.deepEqual(event(opencti, ip, addressAlert(), answer([indicator("[ipv4-addr:value = '8.8.4.4']")])), {
    opencti: {
      event_type: 'indicator_pattern_match',
      query_values: '8.8.4.4',
      indicator: indicator("[ipv4-addr:value = '8.8.4.4']"),
      indicators: 1,
      indicator_link: 'https://opencti.example/dashboard/observations/indicators/i-1',
      source: { alert_id: '1705314645.99', rule: '5760', ip: '8.8.4.4' },
    },
    integration: 'opencti',
  })
  const type = (subject: Parameters<typeof event>[1], pattern: string) =>
    event(opencti, subject, fileAlert(), answer([indicator(pattern)]))?.opencti.event_type
  assert.equal(type(hash, `[file:hashes.'SHA-256' = '${sha256.toUpperCase()}']`), 'indicator_pattern_match')
  assert.equal(type(url, `[url:value = '${url.value}' AND x:y = 'z']`), 'indicator_partial_pattern_match')
})

test('what the search finds beyond the value does not count', () => {
  for (const pattern of [
    "[ipv4-addr:value = '18.8.4.4']",
    "[ipv4-addr:value = '8.8.4.40']",
    "[url:value = 'http://8.8.4.4/']",
  ])
    assert.equal(event(opencti, ip, addressAlert(), answer([indicator(pattern)])), undefined, pattern)
})

test('of several indicators the one in force with the highest score is told', () => {
  const pattern = "[ipv4-addr:value = '8.8.4.4']"
  const several = [
    indicator(pattern, { id: 'revoked', revoked: true, x_opencti_score: 100 }),
    indicator(pattern, { id: 'weak', x_opencti_score: 10 }),
    indicator(pattern, { id: 'strong', x_opencti_score: 90 }),
  ]
  const { opencti: told } = event(opencti, ip, addressAlert(), answer(several))
  assert.deepEqual([told.indicator.id, told.indicators], ['strong', 3])
})

test('an observable counts when it has an indicator', () => {
  const observable = (more = {}) => ({
    id: 'o-1',
    entity_type: 'StixFile',
    observable_value: 'evil.exe',
    x_opencti_score: 80,
    hashes: [{ algorithm: 'SHA-256', hash: sha256 }],
    indicators: edges(indicator('[file:name = 1]')),
    ...more,
  })
  const { opencti: told } = event(opencti, hash, fileAlert(), answer([], [observable()]))
  assert.deepEqual(
    [told.event_type, told.observable_value, told.type, told.indicator.name, told.observable_link],
    [
      'observable_with_indicator',
      'evil.exe',
      'StixFile',
      'Cobalt Strike',
      'https://opencti.example/dashboard/observations/observables/o-1',
    ],
  )
  assert.equal(event(opencti, hash, fileAlert(), answer([], [observable({ indicators: edges() })])), undefined)
  assert.equal(event(opencti, hash, fileAlert(), answer([], [observable({ hashes: [] })])), undefined)
})

test('reads the errors of GraphQL', () => {
  const failed = (error: unknown, status = 200) => read(opencti, ip, { errors: [error], data: null }, status)
  assert.deepEqual(failed({ message: 'You must be logged in', extensions: { code: 'AUTH_REQUIRED' } }), {
    kind: 'paused',
    reason: 'OpenCTI answers "You must be logged in"',
  })
  assert.equal(failed({ message: 'x', name: 'ForbiddenAccess' })?.kind, 'paused')
  assert.deepEqual(
    failed({ message: 'Cannot query field "x"', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }, 400),
    {
      kind: 'rejected',
      reason: 'OpenCTI answers "Cannot query field \\"x\\""'.replaceAll('\\"', '"'),
    },
  )
  assert.equal(read(opencti, ip, {}), undefined)
})
