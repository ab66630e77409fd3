import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import * as z from 'zod/mini'
import s3 from './s3.ts'
import { alert, context, outcome, request } from './testing.ts'

const hashOf = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex')
const line = `${JSON.stringify(alert())}\n`
const name = `20240115T103045Z-${hashOf(line).slice(0, 32)}.ndjson`

test('one object for an alert, at its time, named after what is in it', () => {
  const { method, url, body, headers } = request(s3, alert(), { gzip: false, storage_class: 'STANDARD_IA' })
  assert.equal(method, 'PUT')
  assert.equal(url, `https://example-alerts.s3.eu-central-1.amazonaws.com/wazuh/2024/01/15/${name}`)
  assert.equal(body, line)
  assert.equal(headers!['x-amz-content-sha256'], hashOf(line))
  assert.equal(headers!['x-amz-date'], '20240115T103050Z')
  assert.equal(headers!['x-amz-storage-class'], 'STANDARD_IA')
  assert.match(
    headers!.authorization!,
    /^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE\/20240115\/eu-central-1\/s3\/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, Signature=[0-9a-f]{64}$/,
  )
})

test('compressed, the name tells so and the hash is that of what is sent', () => {
  const { url, body, headers } = request(s3, alert(), { session_token: 'token', gzip: true })
  assert.ok(url.endsWith(`${name}.gz`))
  assert.equal(gunzipSync(body as Uint8Array).toString(), line)
  assert.equal(headers!['x-amz-content-sha256'], hashOf(body as Uint8Array))
  assert.equal(headers!['x-amz-security-token'], 'token')
})

test('services of others, with the bucket in the path or in the name', () => {
  const urlOf = (options: Record<string, unknown>) =>
    request(s3, alert(), { gzip: false, prefix: 'a/', ...options }).url
  const hook_url = 'https://minio.example:9000'
  assert.equal(urlOf({ hook_url, path_style: true }), `https://minio.example:9000/example-alerts/a/${name}`)
  assert.equal(urlOf({ hook_url }), `https://example-alerts.minio.example:9000/a/${name}`)
  assert.equal(urlOf({ hook_url: 'https://x/s3/', path_style: true }), `https://x/s3/example-alerts/a/${name}`)
})

test('many alerts are one object, a line each; the same ones have the same name', () => {
  const options = z.parse(s3.options, { ...s3.example, prefix: 'h={hour}/', gzip: false })
  const alerts = [alert(), alert({ full_log: 'größe' })]
  const parts = alerts.map((one) => s3.batch!.part(one, options, context(one)))
  const [first, again] = [0, 60_000].map((later) => s3.batch!.request(parts, options, 1_705_314_650_000 + later))
  assert.equal(first!.body, alerts.map((one) => `${JSON.stringify(one)}\n`).join(''))
  assert.match(first!.url, /\/h=10\/20240115T103045Z-[0-9a-f]{32}\.ndjson$/)
  assert.equal(again!.url, first!.url)
  assert.notEqual(again!.headers!.authorization, first!.headers!.authorization, 'signed anew')
})

test('answers: what is about every object waits for a person', () => {
  const xml = (code: string, more = '') =>
    `<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>A &amp; b</Message>${more}</Error>`
  for (const [status, code, kind] of [
    [403, 'SignatureDoesNotMatch', 'paused'],
    [403, 'RequestTimeTooSkewed', 'paused'],
    [404, 'NoSuchBucket', 'paused'],
    [301, 'PermanentRedirect', 'paused'],
    [400, 'ExpiredToken', 'paused'],
    [400, 'RequestTimeout', 'retry'],
    [409, 'OperationAborted', 'retry'],
    [400, 'EntityTooLarge', 'rejected'],
  ] as const) {
    const got = outcome(s3, status, xml(code))
    assert.equal(got?.kind, kind, code)
    assert.ok(got && 'reason' in got && got.reason.startsWith(`HTTP ${status} ${code}: A &amp; b`))
  }
  assert.deepEqual(outcome(s3, 400, xml('AuthorizationHeaderMalformed', '<Region>eu-west-1</Region>')), {
    kind: 'paused',
    reason: 'HTTP 400 AuthorizationHeaderMalformed: A &amp; b; the bucket is in region eu-west-1',
  })
  for (const status of [200, 429, 500, 503]) assert.equal(outcome(s3, status, xml('SlowDown')), undefined)
})

test('what cannot be a bucket or a prefix is refused', () => {
  for (const wrong of [
    { bucket: 'Upper' },
    { bucket: 'a/b' },
    { prefix: '/a' },
    { prefix: '{agent}/' },
    { prefix: 'a b' },
    { region: 'EU' },
  ])
    assert.equal(z.safeParse(s3.options, { ...s3.example, ...wrong }).success, false, JSON.stringify(wrong))
})
