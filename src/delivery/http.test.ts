import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createHttpClient } from './http.ts'
import { fakeServer } from './testing/setup.ts'

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
  await new Promise<void>((resolve) => closing.listen(0, '127.0.0.1', resolve))
  t.after(() => closing.close())
  const { port } = closing.address() as { port: number }
  assert.equal(await send(`http://127.0.0.1:${port}/`), 'failed: the connection was closed before an answer came')
  const speaking = createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'))
  await new Promise<void>((resolve) => speaking.listen(0, '127.0.0.1', resolve))
  t.after(() => speaking.close())
  const other = (speaking.address() as { port: number }).port
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
