import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { certificate } from '../testing/certificate.ts'
import { listen } from '../testing/listen.ts'
import { createPost } from './script-http.ts'

const start = async (t: TestContext, answer: RequestListener) =>
  `http://127.0.0.1:${await listen(t, createServer(answer))}/`

const post = (change: Partial<Parameters<typeof createPost>[0]> = {}) =>
  createPost({ left_ms: () => 5000, env: {}, ...change })

test('sends what is asked for, and gives the answer back as it is', async (t) => {
  const url = await start(t, (request, response) => {
    let body = ''
    request.on('data', (part) => (body += part))
    request.on('end', () => {
      const { host: _, ...headers } = request.headers
      response.writeHead(429, { 'retry-after': '7', 'set-cookie': ['a=1', 'b=2'] })
      response.end(JSON.stringify({ method: request.method, headers, body }))
    })
  })
  const result = await post()({ method: 'PUT', url, headers: { 'x-a': 'b' }, json: { größe: 1 } }, false)
  assert.ok(result.kind === 'answer')
  const { status, headers, text } = result.response
  assert.deepEqual([status, headers['retry-after'], headers['set-cookie']], [429, '7', 'a=1, b=2'])
  assert.deepEqual(JSON.parse(text), {
    method: 'PUT',
    headers: {
      'user-agent': 'outrider',
      'content-type': 'application/json',
      'x-a': 'b',
      'content-length': '13',
      connection: 'close',
    },
    body: '{"größe":1}',
  })
})

test('says in words why there is no answer, and whether anybody was there', async (t) => {
  const hangs = await start(t, () => {})
  const closes = await start(t, ({ socket }) => socket.destroy())
  const stop = new AbortController()
  const stopped = post({ signal: stop.signal })({ url: hangs }, false)
  stop.abort()
  assert.deepEqual(
    await Promise.all([
      post({ left_ms: () => 30 })({ url: hangs }, false),
      post()({ url: closes }, false),
      post()({ url: 'http://127.0.0.1:1/' }, false),
      post()({ url: 'http://user:secret@127.0.0.1/' }, false),
      post()({ url: hangs, headers: { 'x-a': 'a\nb' } }, false),
      stopped,
    ]),
    [
      { kind: 'failed', reason: 'no answer within 0 s', busy: false },
      { kind: 'failed', reason: 'the connection was closed before an answer came', busy: false },
      { kind: 'failed', reason: 'cannot be reached: connection refused (ECONNREFUSED)', busy: true },
      { kind: 'impossible', reason: 'a URL with a user name in it; put the credential into its own option' },
      { kind: 'impossible', reason: 'Invalid character in header content ["x-a"]' },
      { kind: 'failed', reason: 'stopped', busy: true },
    ],
  )
})

test('an answer without end is cut at 64 KiB', async (t) => {
  const url = await start(t, (_, response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(16_384)));
    }
    response.on('drain', more)
    more()
  })
  const result = await post()({ url }, true)
  assert.equal(result.kind === 'answer' && result.response.text.length, 65_536)
})

const noProxy = Number(process.versions.node.split('.')[0]) < 24 && 'Node obeys proxies from 24.5 on'

test('goes through the proxy of the environment', { skip: noProxy }, async (t) => {
  const asked: string[] = []
  const proxy = await start(t, ({ url = '' }, response) => {
    asked.push(url)
    response.end()
  })
  await post({ env: { HTTP_PROXY: proxy } })({ url: 'http://soc.example/x' }, false)
  assert.deepEqual(asked, ['http://soc.example/x'])
})

const noOpenssl = spawnSync('openssl', ['version']).status !== 0 && 'needs openssl'

test('trusts the authority of ca_file, or nobody, or everybody', { skip: noOpenssl }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-tls-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { key, cert } = certificate(folder)
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => response.end())
  const url = `https://127.0.0.1:${await listen(t, server)}/`
  assert.equal((await post({ ca_file: cert })({ url }, false)).kind, 'answer')
  assert.equal((await post({ ssl_verify: false })({ url }, false)).kind, 'answer')
  const refused = await post()({ url }, false)
  assert.match(
    refused.kind === 'failed' ? refused.reason : '',
    /its certificate is self-signed; name its authority with ca_file/,
  )
  assert.throws(() => post({ ca_file: join(folder, 'none') }), /ENOENT/)
})
