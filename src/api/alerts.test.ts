import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { AlertFeed } from './alert-feed.ts'
import { alertStream, readFilter } from './alerts.ts'
import { createApi, listen } from './server.ts'
import { memoryParts, sampleAlert, silent, token } from './testing.ts'

interface SseEvent {
  id?: string
  event: string
  data: string
}

/** Reads one stream, event by event; `event()` waits for the next one. */
function reading(t: TestContext, stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  let text = ''
  // Already broken off where the server closed.
  t.after(() => reader.cancel().catch(() => {}))
  return {
    async event(): Promise<SseEvent | undefined> {
      for (;;) {
        const end = text.indexOf('\n\n')
        if (end < 0) {
          const { done, value } = await reader.read()
          if (done) return undefined
          text += decoder.decode(value, { stream: true })
          continue
        }
        const lines = text.slice(0, end).split('\n')
        text = text.slice(end + 2)
        const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
        const data = field('data')
        if (data !== undefined) return { id: field('id'), event: field('event') ?? 'message', data }
      }
    },
  }
}

/** Counts who listens, and lets a test push numbered alerts. */
function numbered(options?: ConstructorParameters<typeof AlertFeed>[0]) {
  let listeners = 0
  class Counted extends AlertFeed {
    override subscribe(listener: () => void): () => void {
      listeners++
      const stop = super.subscribe(listener)
      return () => {
        listeners--
        stop()
      }
    }
  }
  const feed = new Counted(options)
  const push = (n: number, level = 5) => feed.push(sampleAlert({ id: String(n), rule: { level } }))
  return { feed, push, listeners: () => listeners }
}

const idOf = (event: SseEvent | undefined) => Number((JSON.parse(event!.data) as { id: string }).id)

function options(query: Record<string, string> = {}, after?: string) {
  return { filter: readFilter(query), after, mask: (text: string) => text, heartbeat_ms: 60_000, disconnect() {} }
}

test('the ring forgets the oldest by count and by size, but never the newest', () => {
  const { feed, push } = numbered({ capacity: 3 })
  assert.equal(feed.first, feed.last + 1)
  for (let n = 1; n <= 5; n++) push(n)
  assert.deepEqual([feed.first, feed.last], [3, 5])
  assert.equal(feed.get(2), undefined)
  assert.equal(JSON.parse(feed.get(3)!.line).id, '3')

  const small = new AlertFeed({ max_chars: 1000 })
  for (let n = 1; n <= 3; n++) small.push(sampleAlert({ full_log: 'x'.repeat(2000) }))
  assert.deepEqual([small.first, small.last], [3, 3])
})

test('a line with a line break cannot end an event early', () => {
  const feed = new AlertFeed()
  feed.push(sampleAlert({ id: '7' }), '{"id":"7"}\n')
  assert.ok(!feed.get(1)!.line.includes('\n'))
  assert.equal(JSON.parse(feed.get(1)!.line).id, '7')
})

test('sends alerts as they happen, only the wanted ones', async (t) => {
  const { feed, push } = numbered()
  push(1, 12)
  const stream = reading(t, alertStream(feed, options({ level: '7' })))
  const next = stream.event()
  push(2, 3)
  push(3, 10)
  const event = await next
  assert.deepEqual([event!.event, event!.id, idOf(event)], ['message', `${feed.epoch}-3`, 3])
})

test('goes on after the last alert that a client saw', async (t) => {
  const { feed, push } = numbered()
  for (let n = 1; n <= 1200; n++) push(n)
  const stream = reading(t, alertStream(feed, options({}, `${feed.epoch}-2`)))
  for (let n = 3; n <= 1200; n++) assert.equal(idOf(await stream.event()), n)
  push(1201)
  assert.equal(idOf(await stream.event()), 1201)
})

test('says that there is a gap when the ring lost some, or the daemon was restarted', async (t) => {
  const { feed, push } = numbered({ capacity: 2 })
  for (let n = 1; n <= 5; n++) push(n)
  for (const after of [`${feed.epoch}-2`, 'otherepoch-5', `${feed.epoch}-x`, 'nonsense', '']) {
    const stream = reading(t, alertStream(feed, options({}, after)))
    assert.equal((await stream.event())!.event, 'gap', after)
    assert.equal(idOf(await stream.event()), 4)
    assert.equal(idOf(await stream.event()), 5)
  }
  const current = reading(t, alertStream(feed, options({}, `${feed.epoch}-3`)))
  assert.equal(idOf(await current.event()), 4)
  // A place in the future is one that this ring never gave out; the client simply gets what comes.
  const future = reading(t, alertStream(feed, options({}, `${feed.epoch}-99`)))
  push(6)
  assert.equal(idOf(await future.event()), 6)
})

test('a client that does not read is told so and cut off when the ring overtakes it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let disconnected = 0
  const { feed, push, listeners } = numbered({ capacity: 10 })
  const stream = alertStream(feed, { ...options(), disconnect: () => disconnected++ })
  assert.equal(listeners(), 1)
  for (let n = 1; n <= 11; n++) push(n)
  assert.equal(listeners(), 0)
  const slow = reading(t, stream)
  let last: SseEvent | undefined
  for (let event = await slow.event(); event; event = await slow.event()) last = event
  assert.equal(last!.event, 'dropped')
  t.mock.timers.tick(5000)
  assert.equal(disconnected, 1)
})

test('a client that leaves is forgotten', async () => {
  const { feed, push, listeners } = numbered()
  const reader = alertStream(feed, options()).getReader()
  await reader.read()
  assert.equal(listeners(), 1)
  await reader.cancel()
  assert.equal(listeners(), 0)
  push(1)
})

test('a quiet stream shows that it is there, and how far it has looked', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { feed, push } = numbered()
  const reader = alertStream(feed, options({ level: '16' })).getReader()
  t.after(() => reader.cancel())
  await reader.read()
  const next = reader.read()
  push(1, 3)
  await new Promise((resolve) => setImmediate(resolve))
  t.mock.timers.tick(60_000)
  assert.equal(new TextDecoder().decode((await next).value), `: still here\nid: ${feed.epoch}-1\n\n`)
})

test('over a real connection: live, resumed by Last-Event-ID, ended when the server closes', async (t) => {
  const { parts, feed } = memoryParts(() => 0)
  const app = createApi(parts, { token, hosts: [], console: '/nowhere', log: silent, now: () => 0 })
  const server = await listen(app, '127.0.0.1', 0)
  assert.ok(server.ok)
  const open = (headers: Record<string, string> = {}) =>
    fetch(`${server.url}/api/alerts/stream`, { headers: { authorization: `Bearer ${token}`, ...headers } })

  const first = await open()
  assert.match(first.headers.get('content-type')!, /^text\/event-stream/)
  const live = reading(t, first.body!)
  feed.push(sampleAlert({ id: '1' }))
  const seen = await live.event()
  assert.equal(idOf(seen), 1)

  feed.push(sampleAlert({ id: '2' }))
  const resumed = reading(t, (await open({ 'last-event-id': seen!.id! })).body!)
  assert.equal(idOf(await resumed.event()), 2)

  assert.equal(idOf(await live.event()), 2)
  const ended = Promise.all([live.event(), resumed.event()].map((event) => event.catch(() => undefined)))
  await server.close()
  assert.deepEqual(await ended, [undefined, undefined])
})
