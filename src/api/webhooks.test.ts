import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Receivers } from './parts.ts'
import { createApi, listen } from './server.ts'
import { memoryParts, silent, token } from './testing.ts'

function setUp({ receivers, body_timeout_ms }: { receivers?: Receivers; body_timeout_ms?: number } = {}) {
  const memory = memoryParts(() => 1_795_255_200_000)
  if (receivers) memory.parts.receivers = receivers
  const app = createApi(memory.parts, {
    token,
    hosts: [],
    console: '/nowhere',
    log: silent,
    now: () => 1_795_255_200_000,
    body_timeout_ms,
  })
  return { ...memory, app }
}

/** A bare connection, so that a body can be sent too slowly or without end. `text()` is everything until the server closes. */
async function raw(t: TestContext, app: ReturnType<typeof setUp>['app']) {
  const server = await listen(app, '127.0.0.1', 0)
  assert.ok(server.ok)
  const socket: Socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  t.after(() => {
    socket.destroy()
    return server.close()
  })
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    text += chunk
  })
  socket.on('error', () => {})
  return {
    socket,
    text: () => new Promise<string>((resolve) => socket.on('close', () => resolve(text))),
  }
}

test('hands over raw bytes, headers in lower case, query and path; needs no token and any host name will do', async () => {
  const { app, received } = setUp()
  const body = new Uint8Array([0xff, 0x00, 0x22, 0x0a])
  const answer = await app.request('http://hooks.example/webhook/github?a=1&__proto__=x', {
    method: 'POST',
    headers: { 'X-Signature': 'right' },
    body,
  })
  assert.deepEqual([answer.status, await answer.text()], [200, 'accepted 1 event\n'])
  const [delivery] = received
  assert.deepEqual(delivery!.body, body)
  assert.equal(delivery!.headers['x-signature'], 'right')
  assert.equal(delivery!.path, '/webhook/github')
  assert.equal(delivery!.query.a, '1')
  assert.equal(delivery!.now, 1_795_255_200_000)
})

test('answers with the verdict, in one plain line', async () => {
  const { app, received } = setUp()
  const send = async (path: string, method = 'POST', body = '{}') => {
    const answer = await app.request(path, { method, ...(method === 'POST' && { body }) })
    assert.match(answer.headers.get('content-type')!, /^text\/plain/)
    return [answer.status, await answer.text()]
  }
  assert.deepEqual(await send('/webhook/github'), [401, 'signature does not match\n'])
  assert.deepEqual(await send('/webhook/github', 'GET'), [405, '/webhook/github takes POST only\n'])
  assert.deepEqual(await send('/webhook/github', 'PUT'), [405, '/webhook/github takes POST only\n'])
  assert.equal((await send('/webhook/gitlab'))[0], 404)
  assert.deepEqual(await send('/webhook/github', 'POST', 'x'.repeat(1001)), [413, 'body is larger than 1000 bytes\n'])
  assert.deepEqual(received, [])
})

test('asks to come again when the events could not be kept', async () => {
  const { app } = setUp({
    receivers: {
      find: () => ({ name: 'github', max_body: 1000 }),
      receive: async () => ({ kind: 'unavailable', reason: 'disk is full' }),
    },
  })
  const answer = await app.request('/webhook/github', { method: 'POST', body: '{}' })
  assert.equal(answer.status, 503)
  assert.equal(answer.headers.get('retry-after'), '30')
})

test('the answer waits for the disk', async () => {
  const order: string[] = []
  let onDisk = () => {}
  const { app } = setUp({
    receivers: {
      find: () => ({ name: 'github', max_body: 1000 }),
      receive: () =>
        new Promise((resolve) => {
          onDisk = () => {
            order.push('on disk')
            resolve({ kind: 'accepted', events: [] })
          }
        }),
    },
  })
  const answer = Promise.resolve(app.request('/webhook/github', { method: 'POST', body: '{}' })).then((response) => {
    order.push('answered')
    return response.status
  })
  await new Promise((resolve) => setImmediate(resolve))
  onDisk()
  assert.equal(await answer, 200)
  assert.deepEqual(order, ['on disk', 'answered'])
})

test('a body without end is refused while it is still coming', async (t) => {
  const { app, received } = setUp()
  const { socket, text } = await raw(t, app)
  socket.write('POST /webhook/github HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
  const chunk = `190\r\n${'x'.repeat(400)}\r\n`
  const more = setInterval(() => socket.write(chunk), 5)
  t.after(() => clearInterval(more))
  const answer = await text()
  assert.match(answer, /^HTTP\/1\.1 413 .*\r\n/)
  assert.match(answer, /body is larger than 1000 bytes\n/)
  assert.deepEqual(received, [])
})

test('an announced body over the limit is refused before it is sent', async (t) => {
  const { app } = setUp()
  const { socket, text } = await raw(t, app)
  socket.write('POST /webhook/github HTTP/1.1\r\nHost: x\r\nContent-Length: 20971520\r\n\r\n')
  assert.match(await text(), /^HTTP\/1\.1 413 /)
})

test('a body that does not arrive in time is given up', async (t) => {
  const { app } = setUp({ body_timeout_ms: 50 })
  const { socket, text } = await raw(t, app)
  socket.write('POST /webhook/github HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc')
  const answer = await text()
  assert.match(answer, /^HTTP\/1\.1 408 /)
  assert.match(answer, /body was not complete after 0.05 seconds\n/)
})

test('a sender that hangs up in the middle harms nobody', async (t) => {
  const { app, received } = setUp()
  const { socket, text } = await raw(t, app)
  socket.end('POST /webhook/github HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc')
  await text()
  const answer = await app.request('/webhook/github', {
    method: 'POST',
    headers: { 'x-signature': 'right' },
    body: '{}',
  })
  assert.equal(answer.status, 200)
  assert.equal(received.length, 1)
})
