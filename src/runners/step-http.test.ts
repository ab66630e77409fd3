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
import { createStepHttp } from './step-http.ts'

const serve = async (t: TestContext, listener: RequestListener) =>
  `http://127.0.0.1:${await listen(t, createServer(listener))}`

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

const noOpenssl = spawnSync('openssl', ['version']).status !== 0 && 'needs openssl'

test('trusts the authority of ca_file, or nobody, or everybody, for each firewall by itself', {
  skip: noOpenssl,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-tls-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { key, cert } = certificate(folder)
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => response.end())
  const url = `https://127.0.0.1:${await listen(t, server)}/`
  const http = client(t)
  for (let times = 0; times < 2; times++) {
    assert.equal((await http({ url }, 5000, { ca_file: cert })).status, 200)
    assert.equal((await http({ url }, 5000, { ssl_verify: false })).status, 200)
    await assert.rejects(http({ url }, 5000, {}), /its certificate is self-signed; name its authority with ca_file/)
  }
  await assert.rejects(http({ url }, 5000, { ca_file: join(folder, 'none') }), /ENOENT/)
})
