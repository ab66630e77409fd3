import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRest } from './rest.ts'

test('what a service asks for, and a revoked key, are heeded by account', () => {
  const rest = createRest()
  rest.heard('a', { kind: 'retry', reason: 'HTTP 429', after_ms: 60_000, busy: true }, 0)
  rest.heard('b', { kind: 'paused', reason: 'HTTP 401' }, 0)
  assert.equal(rest.reason('a', 59_999), 'HTTP 429')
  assert.equal(rest.reason('a', 60_000), undefined)
  assert.equal(rest.reason('b', 299_999), 'HTTP 401')
  assert.equal(rest.reason('b', 300_000), undefined)
  assert.equal(rest.reason('c', 0), undefined)
})

test('failures in a row make the rest longer, and any answer ends it', () => {
  const rest = createRest()
  const failure = { kind: 'retry', reason: 'HTTP 500' } as const
  const rests: number[] = []
  let now = 0
  for (let n = 0; n < 10; n++) {
    if (n % 2 === 0) rest.heard('a', failure, now)
    else rest.missed('a', 'late', now)
    let rested = 0
    while (rest.reason('a', now + rested) !== undefined) rested += 1000
    rests.push(rested / 1000)
    now += rested
  }
  assert.deepEqual(rests, [0, 0, 10, 20, 40, 80, 160, 300, 300, 300])
  rest.heard('a', failure, now)
  rest.heard('a', { kind: 'unknown' }, now)
  assert.equal(rest.reason('a', now), undefined)
  rest.heard('a', failure, now)
  assert.equal(rest.reason('a', now), undefined, 'from the beginning')
})
