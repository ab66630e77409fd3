import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alert, bench, FakeClock, type FakeServer, fakeServer, range, until } from './testing/setup.ts'

/** The numbers of the alerts in a body of `_bulk`. */
const numbersIn = (body: string) => [...body.matchAll(/"id":"1705314645\.(\d+)"/g)].map(([, n]) => Number(n))
const batches = ({ received }: FakeServer) => received.map(({ body }) => numbersIn(body))

/** An answer of `_bulk` with a status for each alert. */
function bulk(body: string, statusOf: (n: number) => number = () => 201) {
  const items = numbersIn(body).map((n) => {
    const status = statusOf(n)
    return { create: { status, ...(status >= 300 && { error: { type: 'some_exception', reason: `of alert ${n}` } }) } }
  })
  return { status: 200, body: JSON.stringify({ items }) }
}

const search = (url: string, more = {}) => ({
  type: 'elasticsearch',
  options: { hook_url: url, index: 'i' },
  ...more,
})

test('many alerts that wait go in few requests, each once and in order', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  append(...range(1, 1200).map((n) => alert(n)))
  server.answer = ({ body }) => bulk(body)
  const runner = await open([search(server.url)])
  await until(() => runner.status()[0]!.delivered === 1200)
  assert.ok(server.received.length <= 8, `${server.received.length} requests`)
  assert.ok(batches(server).every((batch) => batch.length <= 500))
  assert.deepEqual(
    batches(server)
      .flat()
      .toSorted((a, b) => a - b),
    range(1, 1200),
  )
  for (const batch of batches(server))
    assert.deepEqual(
      batch,
      batch.toSorted((a, b) => a - b),
    )
})

test('an alert that comes alone goes at once; others gather while it is on its way', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const clock = new FakeClock()
  const times: number[] = []
  server.answer = ({ body }) => {
    times.push(clock.now)
    return numbersIn(body)[0] === 1 ? 'hang' : bulk(body)
  }
  const runner = await open([search(server.url)], { now: () => clock.now, schedule: clock.schedule })
  append(alert(1))
  await until(() => server.received.length === 1)
  append(alert(2), alert(3), alert(4))
  await until(() => {
    clock.advance(1)
    return runner.status()[0]!.delivered === 3
  })
  assert.deepEqual(batches(server), [[1], [2, 3, 4]])
  assert.ok(times[1]! - times[0]! >= 20, 'they gathered for a while')
  append(alert(5))
  await until(() => {
    clock.advance(1)
    return runner.status()[0]!.delivered === 4
  })
})

test('what becomes of each alert of a request is its own', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  append(...range(1, 8).map((n) => alert(n)))
  const statuses: Record<number, number[]> = { 3: [429, 429], 5: [400], 6: [409], 8: [500] }
  server.answer = ({ body }) => bulk(body, (n) => statuses[n]?.shift() ?? 201)
  const runner = await open([search(server.url)])
  await until(() => runner.status()[0]!.delivered === 7 && runner.status()[0]!.rejected === 1)
  assert.deepEqual(batches(server)[0], range(1, 8))
  assert.deepEqual(
    batches(server)
      .slice(1)
      .flat()
      .toSorted((a, b) => a - b),
    [3, 3, 8],
    'only those that were refused are sent again',
  )
  const [row] = runner.list({ limit: 10 })
  assert.equal(row!.alert.id, '1705314645.5')
  assert.equal(row!.reason, 'HTTP 400 some_exception: of alert 5')
  const { request } = runner.show(row!.id)!
  assert.deepEqual(numbersIn(request!), [5], 'shown as if it had been alone')
})

test('a batch that is too large is split, and those that follow are smaller', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  append(...range(1, 300).map((n) => alert(n)))
  server.answer = ({ body }) => (body.length > 20_000 ? { status: 413, body: 'Request Entity Too Large' } : bulk(body))
  const runner = await open([search(server.url, { concurrency: 1 })])
  await until(() => runner.status()[0]!.delivered === 300)
  const refused = server.received.filter(({ body }) => body.length > 20_000).length
  append(...range(301, 600).map((n) => alert(n)))
  await until(() => runner.status()[0]!.delivered === 600)
  assert.equal(server.received.filter(({ body }) => body.length > 20_000).length, refused, 'none is too large again')
  const taken = server.received.filter(({ body }) => body.length <= 20_000).flatMap(({ body }) => numbersIn(body))
  assert.deepEqual(taken, range(1, 600), 'each once, in the order of the file')
})

test('the one alert that spoils a batch is found', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  append(...range(1, 16).map((n) => alert(n)))
  server.answer = ({ body }) => (/log 11\\"/.test(body) ? { status: 400, body: 'entry too far behind' } : 204)
  const runner = await open([
    { type: 'loki', options: { hook_url: server.url, labels: { job: 'wazuh' } }, concurrency: 1 },
  ])
  await until(() => runner.status()[0]!.delivered === 15 && runner.status()[0]!.rejected === 1)
  const [row] = runner.list({ limit: 10 })
  assert.deepEqual([row!.alert.id, row!.reason], ['1705314645.11', 'HTTP 400 "entry too far behind"'])
  assert.ok(server.received.length <= 9, 'by halves')
})

test('a destination that is away fails once for a request, and gets the same alerts together when it is back', async (t) => {
  const server = await fakeServer(t)
  const { append, open, logged } = bench(t)
  append(...range(1, 40).map((n) => alert(n)))
  server.answer = ({ body }, count) => (count <= 2 ? 503 : bulk(body))
  const runner = await open([search(server.url)])
  await until(() => runner.status()[0]!.delivered === 40)
  assert.deepEqual(batches(server), [range(1, 40), range(1, 40), range(1, 40)])
  assert.deepEqual(logged, [])
})

test('in file order, a request that failed comes again before what follows', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  append(...range(1, 30).map((n) => alert(n)))
  server.answer = ({ body }, count) => (count === 2 || count === 3 ? 500 : bulk(body))
  const runner = await open([search(server.url, { concurrency: 1 })])
  await until(() => runner.status()[0]!.delivered === 30)
  append(...range(31, 60).map((n) => alert(n)))
  await until(() => server.received.length === 2)
  append(...range(61, 90).map((n) => alert(n)))
  await until(() => runner.status()[0]!.delivered === 90)
  const taken = server.received.filter((_, n) => n !== 1 && n !== 2).flatMap(({ body }) => numbersIn(body))
  assert.deepEqual(taken, range(1, 90))
  assert.equal(server.most, 1)
})

test('in file order, what had no room in a request that failed does not go before it', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  append(...range(1, 500).map((n) => alert(n)))
  let left = 8
  // It learns how little is taken, and after a while one is not.
  server.answer = ({ body }) => (body.length > 20_000 ? 413 : left-- === 0 ? 503 : bulk(body))
  const runner = await open([search(server.url, { concurrency: 1 })])
  const taken: number[] = []
  const { answer } = server
  server.answer = (request, count) => {
    const result = answer(request, count)
    if (typeof result === 'object') taken.push(...numbersIn(request.body))
    return result
  }
  await until(() => runner.status()[0]!.delivered === 500)
  assert.ok(left < 0)
  assert.deepEqual(taken, range(1, 500))
})

test('one alert that is refused by itself is passed by those behind it, and comes later', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  append(...range(1, 10).map((n) => alert(n)))
  let refusals = 1
  server.answer = ({ body }) => bulk(body, (n) => (n === 4 && refusals-- > 0 ? 429 : 201))
  const runner = await open([search(server.url, { concurrency: 1 })])
  await until(() => runner.status()[0]!.delivered === 10)
  assert.deepEqual(batches(server), [range(1, 10), [4]])
})

const hec = (url: string) => ({
  type: 'splunk-hec',
  options: { hook_url: url, api_key: 'k', sourcetype: 'wazuh', source: 'wazuh', acknowledge: true },
})

test('with acknowledgement alerts count as delivered when Splunk says that they are indexed', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  append(alert(1), alert(2), alert(3))
  let asked = 0
  server.answer = ({ path, body }) => {
    if (!path.startsWith('/services/collector/ack'))
      return { status: 200, body: '{"text":"Success","code":0,"ackId":5}' }
    assert.deepEqual(JSON.parse(body), { acks: [5] })
    asked++
    return { status: asked === 1 ? 503 : 200, body: JSON.stringify({ acks: { 5: asked > 2 } }) }
  }
  const runner = await open([hec(server.url)])
  await until(() => asked === 1)
  assert.equal(runner.status()[0]!.delivered, 0)
  await until(() => runner.status()[0]!.delivered === 3)
  assert.equal(asked, 3)
  const channels = server.received.map(
    ({ path, headers }) => headers['x-splunk-request-channel'] ?? new URL(path, server.url).searchParams.get('channel'),
  )
  assert.equal(new Set(channels).size, 1, 'asked in the channel that they came through')
})

test('what Splunk does not acknowledge in time is sent again', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  append(alert(1), alert(2))
  const clock = new FakeClock()
  let ackId = 0
  server.answer = ({ path, body }) => {
    if (!path.startsWith('/services/collector/ack')) return { status: 200, body: `{"code":0,"ackId":${++ackId}}` }
    // Five minutes pass while it is asked about the first ones.
    if (ackId === 1) clock.advance(300_000)
    return { status: 200, body: body.replace(/.*\[(\d+)\].*/, (_, id) => `{"acks":{"${id}":${id === '2'}}}`) }
  }
  const runner = await open([hec(server.url)], { now: () => clock.now, schedule: clock.schedule })
  await until(() => runner.status()[0]!.waiting === 2)
  assert.equal(runner.list({ limit: 1 })[0]!.reason, 'it was taken, but not confirmed in time')
  await until(() => {
    clock.advance(10)
    return runner.status()[0]!.delivered === 2
  })
  assert.deepEqual(
    batches(server).filter((batch) => batch.length > 0),
    [
      [1, 2],
      [1, 2],
    ],
  )
})

test('alerts that became longer after they were chosen are split, so that no request is larger than it may be', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  server.answer = ({ body }) => bulk(body)
  const said = { text: 'x'.repeat(8000) }
  const runner = await open([search(server.url, { lookups: ['misp'], concurrency: 1 })], {
    asker: () => () => [
      {
        service: 'misp',
        title: 'MISP',
        answer: { kind: 'known', said, words: () => [] },
        missed: () => {},
      },
    ],
  })
  append(...range(1, 400).map((n) => alert(n)))
  await until(() => runner.status()[0]!.delivered === 400)
  assert.deepEqual(batches(server).flat(), range(1, 400), 'each once and in order')
  // An action and a time are added to each line.
  for (const { body } of server.received) assert.ok(body.length <= (1 << 20) + 200 * numbersIn(body).length)
  assert.ok(server.received.some(({ body }) => numbersIn(body).length > 50))
})
