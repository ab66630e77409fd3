import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, retryAfter } from './outcome.ts'

const now = Date.parse('2024-01-15T10:00:00Z')
const answer = (status: number, text = '', headers: Record<string, string> = {}) => ({ status, text, headers })

test('judges by the status code', () => {
  for (const [status, kind] of [
    [200, 'delivered'],
    [202, 'delivered'],
    [301, 'rejected'],
    [400, 'rejected'],
    [401, 'paused'],
    [403, 'paused'],
    [404, 'rejected'],
    [407, 'paused'],
    [408, 'retry'],
    [413, 'rejected'],
    [425, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
    [503, 'retry'],
    [599, 'retry'],
  ] as const)
    assert.equal(judge(answer(status), now).kind, kind, `${status}`)
})

test('too many requests and unavailable are about the destination, an error is about the alert', () => {
  const busy = (status: number) => (judge(answer(status), now) as { busy?: boolean }).busy ?? false
  assert.deepEqual([429, 503, 500, 502].map(busy), [true, true, false, false])
})

test('the reason is one line with the start of the answer', () => {
  assert.deepEqual(judge(answer(400, ' bad\n "request" \t x'), now), {
    kind: 'rejected',
    reason: 'HTTP 400 "bad \\"request\\" x"',
  })
  assert.ok((judge(answer(400, 'x'.repeat(5000)), now) as { reason: string }).reason.length < 250)
  assert.deepEqual(judge(answer(404), now), { kind: 'rejected', reason: 'HTTP 404' })
})

test('reads every form of Retry-After', () => {
  for (const [text, headers, ms] of [
    ['', { 'retry-after': '30' }, 30_000],
    ['', { 'retry-after': '1.5' }, 1500],
    ['', { 'retry-after': 'Mon, 15 Jan 2024 10:02:00 GMT' }, 120_000],
    ['', { 'retry-after': 'Mon, 15 Jan 2024 09:00:00 GMT' }, 0],
    ['', { 'retry-after': 'soon' }, undefined],
    ['{"ok":false,"parameters":{"retry_after":7}}', {}, 7000],
    ['{"message":"rate limited","retry_after":0.337,"global":false}', {}, 337],
    ['{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}', {}, 2500],
    ['{"retry_after":9}', { 'retry-after': '3' }, 3000],
    ['{"retry_after":"9"}', {}, undefined],
    ['{broken', {}, undefined],
    ['', {}, undefined],
    ['', { 'retry-after': '99999999' }, 3_600_000],
  ] as const)
    assert.equal(retryAfter(answer(429, text, { ...headers }), now), ms, text + JSON.stringify(headers))
})
