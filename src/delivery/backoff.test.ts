import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoff, RateLimit } from './backoff.ts'

test('waits longer after each failure, at random below the limit', () => {
  assert.deepEqual(
    [1, 2, 3, 4].map((tries) => backoff(tries, 1000, 900_000, 0.5)),
    [500, 1000, 2000, 4000],
  )
  assert.equal(backoff(1, 1000, 900_000, 0), 0)
  assert.equal(backoff(100, 1000, 900_000, 0.999), 899_100)
  assert.equal(backoff(2000, 1000, 900_000, 0.5), 450_000)
})

test('lets through what it may, with a second of credit', () => {
  const limit = new RateLimit(2, 0)
  const take = (now: number) => {
    const wait = limit.wait(now)
    if (wait === 0) limit.take()
    return wait
  }
  assert.deepEqual([take(0), take(0), take(0), take(400), take(500), take(500)], [0, 0, 500, 100, 0, 500])
  assert.deepEqual([take(60_000), take(60_000), take(60_000)], [0, 0, 500], 'the credit does not grow beyond')
  assert.equal(take(10_000), 500, 'a clock that was set back')
})

test('fewer than one a second', () => {
  const limit = new RateLimit(0.5, 0)
  assert.equal(limit.wait(0), 0)
  limit.take()
  assert.equal(limit.wait(1000), 1000)
})
