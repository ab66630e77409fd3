import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { listen } from '../testing/listen.ts'
import { createHttpClient } from './http.ts'
import { fakeServer, until } from './testing/setup.ts'

function client(t: TestContext, connections = 2) {
  const made = createHttpClient(connections)
  t.after(() => made.close())
  return made
}

test('sends a request and reads the answer', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => ({ status: 201, headers: { 'x-id': '7' }, body: 'größe' })
  const result = await client(t).send(
    { url: `${server.url}/a?b=c`, method: 'PUT', headers: { 'x-a': 'b' }, json: { é: 1 } },
    1000,
    true,
  )
  assert.ok(result.kind === 'answer')
  assert.deepEqual([result.response.status, result.response.headers['x-id'], result.response.text], [201, '7', 'größe'])
  const [{ method, path, headers, body }] = server.received as [(typeof server.received)[0]]
  assert.deepEqual([method, path, body], ['PUT', '/a?b=c', '{"é":1}'])
  assert.deepEqual(
    [headers['content-type'], headers['x-a'], headers['user-agent']],
    ['application/json', 'b', 'outrider'],
  )
})

test('a connection that the server closed while it was idle is made anew', async (t) => {
  const server = await fakeServer(t)
  server.answer = (_, count) => (count === 2 ? 'reset' : 200)
  const http = client(t, 1)
  for (let n = 0; n < 2; n++)
    assert.equal((await http.send({ url: server.url, body: 'x' }, 1000, false)).kind, 'answer')
  assert.equal(server.received.length, 3)
})

test('says in words why it failed, and whether the destination is away', async (t) => {
  const http = client(t)
  const send = async (url: string) => {
    const result = await http.send({ url }, 1000, false)
    return result.kind === 'failed' ? `${result.busy ? 'away' : 'failed'}: ${result.reason}` : result.kind
  }
  assert.equal(await send('http://127.0.0.1:1/'), 'away: cannot be reached: connection refused (ECONNREFUSED)')
  const closing = createServer((socket) => socket.destroy())
  const port = await listen(t, closing)
  assert.equal(await send(`http://127.0.0.1:${port}/`), 'failed: the connection was closed before an answer came')
  const speaking = createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'))
  const other = await listen(t, speaking)
  assert.match(await send(`http://127.0.0.1:${other}/`), /cannot be reached|closed/)
})

test('what is no request is not sent', async (t) => {
  const http = client(t)
  for (const request of [
    { url: 'not a url' },
    { url: 'ftp://host/' },
    { url: 'http://user:pass@127.0.0.1/' },
    { url: 'http://127.0.0.1:1/', headers: { 'x-a': 'b\r\nc: d' } },
  ]) {
    const result = await http.send(request, 1000, false)
    assert.equal(result.kind, 'impossible', request.url)
    assert.doesNotMatch(JSON.stringify(result), /pass@/)
  }
})

test('an answer that does not end is cut at 64 KiB, one that does not come at the deadline', async (t) => {
  const server = await fakeServer(t)
  server.answer = (_, count) => (count === 1 ? { status: 400, body: 'é'.repeat(1 << 20) } : 'hang')
  const http = client(t)
  const long = await http.send({ url: server.url }, 5000, true)
  assert.ok(long.kind === 'answer' && long.response.text.length === 32 * 1024)
  const none = await http.send({ url: server.url }, 30, true)
  assert.deepEqual(none, { kind: 'failed', reason: 'no answer within 0.03 s', busy: false })
  const abort = new AbortController()
  const stopped = http.send({ url: server.url }, 5000, true, abort.signal)
  abort.abort()
  assert.deepEqual(await stopped, { kind: 'failed', reason: 'stopped', busy: true })
})

test('there are at most so many connections, and the others wait for one', async (t) => {
  const server = await fakeServer(t)
  const http = client(t, 3)
  const results = await Promise.all(
    Array.from({ length: 50 }, (_, n) => http.send({ url: server.url, body: `${n}` }, 5000, false)),
  )
  assert.ok(results.every(({ kind }) => kind === 'answer'))
  assert.ok(server.most <= 3)
  assert.equal(new Set(server.received.map(({ body }) => body)).size, 50)
})

test('one that is given up, while it waits or on its way, holds up nobody', async (t) => {
  const server = await fakeServer(t)
  server.answer = ({ body }) => (body === 'hangs' ? 'hang' : 200)
  const http = client(t, 1)
  const [hangs, waits] = await Promise.all([
    http.send({ url: server.url, body: 'hangs' }, 60, false),
    http.send({ url: server.url, body: 'waits' }, 30, false),
  ])
  assert.deepEqual(hangs, { kind: 'failed', reason: 'no answer within 0.06 s', busy: false })
  assert.deepEqual(waits, { kind: 'failed', reason: 'no answer within 0.03 s', busy: true })
  assert.equal((await http.send({ url: server.url, body: 'next' }, 5000, false)).kind, 'answer')
  assert.deepEqual(
    server.received.map(({ body }) => body),
    ['hangs', 'next'],
  )
})

test('what waits or is on its way when it is closed fails', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => 'hang'
  const http = createHttpClient(1)
  const sent = [1, 2].map(() => http.send({ url: server.url }, 5000, false))
  await until(() => server.received.length === 1)
  await http.close()
  for (const { kind } of await Promise.all(sent)) assert.equal(kind, 'failed')
})

test('goes through the proxy that the environment names', async (t) => {
  const asked: string[] = []
  const proxy = createHttpServer((request, response) => {
    asked.push(request.url!)
    response.writeHead(201).end('here')
  })
  const port = await listen(t, proxy)
  const before = process.env.HTTP_PROXY
  process.env.HTTP_PROXY = `http://127.0.0.1:${port}`
  t.after(() => {
    if (before === undefined) delete process.env.HTTP_PROXY
    else process.env.HTTP_PROXY = before
  })
  const result = await client(t).send({ url: 'http://soc.example/x', body: 'y' }, 5000, true)
  assert.ok(result.kind === 'answer' && result.response.text === 'here')
  assert.deepEqual(asked, ['http://soc.example/x'])
})

test('reads an answer that ends with its connection, and notices one that breaks off', async (t) => {
  let count = 0
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.0 200 OK\r\n')
      socket.end(++count === 1 ? '\r\nall of it' : 'content-length: 10\r\n\r\nhalf')
    })
  })
  const http = client(t)
  const url = `http://127.0.0.1:${await listen(t, server)}/`
  const whole = await http.send({ url }, 5000, true)
  assert.ok(whole.kind === 'answer' && whole.response.text === 'all of it')
  const broken = await http.send({ url }, 5000, true)
  assert.ok(broken.kind === 'failed' && broken.reason.startsWith('the answer broke off'))
})
