import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import * as z from 'zod/mini'
import { credential, jsonBody } from './checks.ts'
import { defineFake } from './define.ts'
import { drawFault, type Faults, seeded } from './faults.ts'
import { type Note, startFake } from './server.ts'
import syslog from './syslog.ts'

const tickets = defineFake({
  name: 'tickets',
  source: 'https://example.com',
  routes: {
    'POST /hooks/{team}/{*token}'(request, store) {
      credential(request, 'Bearer')
      const { id } = jsonBody(request, z.looseObject({ id: z.string() }))
      if (id === 'again') store.repeats(request.headers['idempotency-key'] ?? '')
      return { status: 201, json: { number: store.next() }, did: `ticket ${id}` }
    },
    'GET /broken': () => {
      throw new TypeError('a slip of ours')
    },
    'GET /files/{path...}': ({ params }) => ({ status: 200, json: params }),
  },
  refusal: ({ status, message }) => ({ status, json: { wrong: message } }),
})

async function start(t: TestContext, faults: Faults = {}, random = () => 0) {
  const notes: Note[] = []
  const running = await startFake(tickets, {
    faults,
    retry_after: 7,
    random,
    now: () => 0,
    tell: (note) => notes.push(note),
  })
  t.after(() => running.close())
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(running.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer s3cret', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  return { ...running, notes, post }
}

test('takes what is right, and says which rule is broken by what is not', async (t) => {
  const { post, notes, counts } = await start(t)
  const taken = await post('/hooks/soc/t0ken', { id: '1' })
  assert.deepEqual([taken.status, await taken.json()], [201, { number: 1 }])
  for (const [path, body, headers, status, rule] of [
    ['/hooks/soc/t0ken', { id: 1 }, {}, 400, /^id: /],
    ['/hooks/soc/t0ken', '{', {}, 400, /^the body is not JSON$/],
    ['/hooks/soc/t0ken', '{"id":"\\ud83d"}', {}, 400, /half of a surrogate pair/],
    ['/hooks/soc/t0ken', {}, { 'content-type': 'text/plain' }, 415, /^content-type is "text\/plain"/],
    ['/hooks/soc/t0ken', {}, { authorization: 'Basic s3cret' }, 401, /^Authorization is not "Bearer …"$/],
    ['/hooks/soc', {}, {}, 404, /^no such path; it takes POST \/hooks\/\{team\}\/\{token\}, GET/],
    ['/files/a', {}, {}, 405, /^wrong method; it takes GET/],
    ['/hooks/%ff/t0ken', {}, {}, 400, /^the team in the path is not percent-encoded/],
  ] as const) {
    const response = await post(path, body, headers)
    assert.equal(response.status, status, path)
    assert.match(((await response.json()) as { wrong: string }).wrong, rule)
  }
  assert.deepEqual({ ...counts }, { requests: 9, accepted: 1, refused: 8, faults: 0, duplicates: 0 })
  assert.deepEqual(notes[0], {
    verdict: 'accepted',
    request: 'POST /hooks/soc/***',
    status: 201,
    what: 'ticket 1',
    duplicates: 0,
    lost: false,
  })
})

test('shows no credential, wherever it stands', async (t) => {
  const { post, notes } = await start(t)
  await post('/hooks/soc/t0ken-s3cret?key=s3cret', { id: 's' })
  await post('/hook/soc/t0ken-s3cret', {})
  await post('/t0ken-s3cret', {})
  await post('/hooks/soc/t0ken-s3cret', { key: 's3cret' }, { authorization: 'Token s3cret' })
  assert.equal(notes.length, 4)
  assert.doesNotMatch(JSON.stringify(notes), /s3cret/)
  assert.deepEqual(
    notes.map(({ request }) => request),
    ['POST /hooks/soc/***', 'POST /hook/…', 'POST /…', 'POST /hooks/soc/***'],
  )
})

test('counts what comes twice, by its key where the fake looks at one', async (t) => {
  const { post, counts } = await start(t)
  await post('/hooks/soc/t', { id: '1' })
  await post('/hooks/soc/t', { id: '1' })
  await post('/hooks/soc/t', { id: '2' })
  assert.equal(counts.duplicates, 1)
  await post('/hooks/soc/t', { id: 'again' }, { 'idempotency-key': 'a' })
  await post('/hooks/soc/t', { id: 'again' }, { 'idempotency-key': 'b' })
  await post('/hooks/soc/t', { id: 'again', n: 2 }, { 'idempotency-key': 'a' })
  assert.equal(counts.duplicates, 2)
})

test('too many requests, a server error, and a connection that breaks before or after the request was taken', async (t) => {
  const busy = await start(t, { busy: 1 })
  const answer = await busy.post('/hooks/soc/t', { id: '1' })
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, '7'])
  const failed = await start(t, { failed: 1 })
  assert.equal((await failed.post('/hooks/soc/t', { id: '1' })).status, 500)
  const before = await start(t, { reset: 1 }, () => 0.4)
  await assert.rejects(before.post('/hooks/soc/t', { id: '1' }))
  assert.deepEqual([before.counts.accepted, before.counts.faults], [0, 1])
  const after = await start(t, { reset: 1 }, () => 0.6)
  await assert.rejects(after.post('/hooks/soc/t', { id: '1' }))
  assert.deepEqual([after.counts.accepted, after.counts.faults, after.counts.requests], [1, 1, 1])
  const hanging = await start(t, { hang: 1 })
  const aborted = new AbortController()
  const waiting = fetch(`${hanging.url}/files/a`, { signal: aborted.signal })
  while (hanging.counts.faults === 0) await new Promise((resolve) => setImmediate(resolve))
  aborted.abort()
  await assert.rejects(waiting)
})

test('faults come as often as they should, and the same for the same seed', () => {
  const draw = (seed: number) => {
    const random = seeded(seed)
    return Array.from({ length: 10_000 }, () => drawFault({ busy: 0.3, hang: 0.05 }, random()))
  }
  assert.deepEqual(draw(1), draw(1))
  assert.notDeepEqual(draw(1), draw(2))
  const count = (fault: string) => draw(3).filter((one) => one === fault).length
  assert.ok(Math.abs(count('busy') - 3000) < 200 && Math.abs(count('hang') - 500) < 100)
  assert.equal(count('failed') + count('reset'), 0)
})

test('what follows in a path may hold anything', async (t) => {
  const { url } = await start(t)
  assert.deepEqual(await (await fetch(`${url}/files/a/b%20c`)).json(), { path: 'a/b c' })
})

test('a mistake in a fake is told and ends nothing', async (t) => {
  const { url, notes } = await start(t)
  assert.equal((await fetch(`${url}/broken`)).status, 500)
  assert.match(notes[0]!.what, /^the fake itself fails: a slip of ours$/)
})

test('listens on this machine only', async (t) => {
  const { url } = await start(t)
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
  await assert.rejects(fetch(url.replace('127.0.0.1', '127.0.0.2')))
})

test('frames that come in pieces, and frames that are none', async (t) => {
  const notes: Note[] = []
  const running = await startFake(syslog, { random: () => 0, now: () => 0, tell: (note) => notes.push(note) })
  t.after(() => running.close())
  const socket = connect(Number(new URL(running.url).port), '127.0.0.1')
  await once(socket, 'connect')
  const message = '<133>1 2026-03-01T10:30:45.123Z web-01 wazuh - 5760 - größe'
  const frame = Buffer.from(`${Buffer.byteLength(message)} ${message}`)
  for (const byte of Buffer.concat([frame, frame, Buffer.from('<133>1 …')])) socket.write(Buffer.of(byte))
  socket.resume()
  await once(socket, 'close')
  assert.deepEqual(
    notes.map(({ verdict, duplicates }) => [verdict, duplicates]),
    [
      ['accepted', 0],
      ['accepted', 1],
      ['refused', 0],
    ],
  )
})
