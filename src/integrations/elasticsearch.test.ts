import assert from 'node:assert/strict'
import { test } from 'node:test'
import elasticsearch from './elasticsearch.ts'
import { alert, context, outcome, request } from './testing.ts'

test('creates a document under an id that makes a repeat harmless', () => {
  const { method = 'POST', url, headers, body } = request(elasticsearch, alert(), { index: 'wazuh-alerts-4.x' })
  assert.equal(method, 'POST')
  assert.match(url, /^https:\/\/search\.example:9200\/wazuh-alerts-4\.x\/_bulk\?filter_path=errors,items\.\*\.status,/)
  assert.match(headers!.authorization!, /^ApiKey VnVh/)
  const [action, document, rest] = (body as string).split('\n')
  assert.equal(action, '{"create":{"_id":"0123456789abcdef0123456789abcdef"}}')
  assert.deepEqual(JSON.parse(document!), { '@timestamp': '2024-01-15T10:30:45.123Z', ...alert() })
  assert.equal(rest, '', 'ends with a line end')
})

test('with a user the key is a password', () => {
  const { headers } = request(elasticsearch, alert(), { user: 'elastic', api_key: 'pw' })
  assert.equal(headers!.authorization, `Basic ${Buffer.from('elastic:pw').toString('base64')}`)
})

test('many documents are as many pairs of lines', () => {
  const { batch, example } = elasticsearch
  const options = { ...example, index: 'i' } as never
  const parts = [1, 2, 3].map((n) =>
    batch!.part(alert(), options, context(alert(), { idempotency_key: `k${n}`, line: `{"id":"${n}"}` })),
  )
  const { body } = batch!.request(parts, options, 0)
  assert.equal(
    (body as string).replace(/"@timestamp":"[^"]*",/g, ''),
    [1, 2, 3].map((n) => `{"create":{"_id":"k${n}"}}\n{"id":"${n}"}\n`).join(''),
  )
})

const bulk = (...items: [status: number, type?: string, reason?: string][]) =>
  JSON.stringify({
    errors: items.some(([status]) => status >= 300),
    items: items.map(([status, type, reason]) => ({ create: { status, ...(type && { error: { type, reason } }) } })),
  })

test('what became of each document is its own', () => {
  const text = bulk(
    [201],
    [409, 'version_conflict_engine_exception', 'document already exists'],
    [429, 'es_rejected_execution_exception', 'queue is full'],
    [400, 'document_parsing_exception', 'failed to parse field [data.x]'],
    [404, 'index_not_found_exception', 'no such index [i]'],
    [500, 'internal', 'oops'],
  )
  const outcomes = elasticsearch.batch!.outcomes!({ status: 200, headers: {}, text }, {} as never, 6)
  assert.deepEqual(outcomes, [
    { kind: 'delivered' },
    { kind: 'delivered' },
    { kind: 'retry', reason: 'HTTP 429 es_rejected_execution_exception: queue is full', busy: true },
    { kind: 'rejected', reason: 'HTTP 400 document_parsing_exception: failed to parse field [data.x]' },
    { kind: 'paused', reason: 'HTTP 404: the index does not exist and may not be created' },
    { kind: 'retry', reason: 'HTTP 500 internal: oops' },
  ])
})

test("reads the cluster's answers to a request with one document", () => {
  assert.equal(outcome(elasticsearch, 200, bulk([201]))?.kind, 'delivered')
  assert.equal(outcome(elasticsearch, 200, bulk([409]))?.kind, 'delivered')
  assert.equal(outcome(elasticsearch, 200, bulk([429]))?.kind, 'retry')
  assert.deepEqual(
    outcome(elasticsearch, 400, '{"error":{"type":"illegal_argument_exception","reason":"Malformed action"}}'),
    { kind: 'rejected', reason: 'HTTP 400 illegal_argument_exception: Malformed action' },
  )
  assert.equal(outcome(elasticsearch, 404)?.kind, 'paused')
  assert.equal(outcome(elasticsearch, 429), undefined)
})

test('a page that a proxy shows is not taken for an answer', () =>
  assert.equal(outcome(elasticsearch, 200, '<html>please sign in</html>')?.kind, 'retry'))

test('a stranger cannot have a document refused by the names in his log', () => {
  const made = (data: unknown) =>
    JSON.parse((request(elasticsearch, alert({ data } as never)).body as string).split('\n')[1]!).data
  const usual = { 'a.b': 1, c: { d: [{ e: '' }] } }
  assert.deepEqual(made(usual), usual)
  assert.deepEqual(made({ '': 1, ' ': 2, _: 3, 'x.': { '': 4 }, '../../etc/profile': [''], a: [{ '.': 5 }] }), {
    _: 1,
    __2: 2,
    __3: 3,
    'x._': { _: 4 },
    '_._./._./etc/profile': [''],
    a: [{ '_._': 5 }],
  })
  const blank = Array.from({ length: 1024 }, (_, n) => [n.toString(4).replace(/\d/g, (digit) => ' \t\n\r'[+digit]!), n])
  const names = Object.keys(made(Object.fromEntries(blank)))
  assert.equal(names.length, 1024)
  assert.ok(
    names.every(({ length }) => length < 10),
    'names that grow with each other take seconds',
  )
  const deep = (levels: number): unknown => (levels === 0 ? 'x' : { a: deep(levels - 1) })
  const depth = (value: unknown): number => (typeof value === 'object' ? 1 + depth((value as { a: unknown }).a) : 0)
  assert.equal(depth(made(deep(10))), 10)
  assert.equal(depth(made(deep(500))), 18)
})
