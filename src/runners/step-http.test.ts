import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createStepHttp } from './step-http.ts'

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function client(t: TestContext) {
  const { http, close } = createStepHttp()
  t.after(close)
  return http
}

test('gives status, headers and the whole of a long answer', async (t) => {
  const long = 'x'.repeat(3 << 20)
  const url = await serve(t, (_, response) => response.writeHead(207, { 'x-more': 'yes' }).end(long))
  const answer = await client(t)({ method: 'GET', url }, 5000)
  assert.equal(answer.status, 207)
  assert.equal(answer.headers['x-more'], 'yes')
  assert.equal(answer.text.length, long.length)
})

test('follows no redirect', async (t) => {
  const url = await serve(t, (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end())
  assert.equal((await client(t)({ method: 'GET', url }, 5000)).status, 302)
})

test('rejects when there is no answer in time, or nobody listens', async (t) => {
  const url = await serve(t, () => {})
  const http = client(t)
  await assert.rejects(http({ url, json: {} }, 50), /no answer within 0.05 s/)
  await assert.rejects(http({ url: 'http://127.0.0.1:1/' }, 5000), /refused/)
})
