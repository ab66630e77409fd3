import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Health } from './health.ts'

const health = (concurrency = 8) => new Health({ concurrency, base_ms: 1000, breaker_failures: 3, random: () => 0.5 })
const never = Number.POSITIVE_INFINITY
const failed = { reason: 'HTTP 500' }

test('as many at once as allowed', () => {
  const one = health()
  assert.equal(one.wait(7, 0), 0)
  assert.equal(one.wait(8, 0), never)
})

test('halves when the destination is busy, once for what was under way, and widens with each success', () => {
  const one = health()
  const epoch = one.begin()
  for (const alert of ['a', 'b']) one.failed(alert, epoch, 0, { reason: 'HTTP 429', busy: true })
  assert.equal(one.wait(3, 0), 0)
  assert.equal(one.wait(4, 0), never)
  one.delivered(one.begin())
  assert.equal(one.wait(4, 0), 0)
})

test('after several alerts in a row there is a pause, then one try, then all again', () => {
  const one = health()
  for (const alert of ['a', 'b', 'c']) one.failed(alert, one.begin(), 0, failed)
  assert.equal(one.isAway, true)
  assert.equal(one.wait(0, 0), 500)
  assert.equal(one.wait(0, 500), 0)
  assert.equal(one.wait(1, 500), never, 'one at a time')
  one.failed('d', one.begin(), 500, failed)
  assert.equal(one.wait(0, 500), 1000, 'longer')
  assert.equal(one.delivered(one.begin()), true)
  assert.equal(one.isAway, false)
  assert.equal(one.wait(1, 1500), 0)
})

test('the same alert failing again and again says nothing about the destination', () => {
  const one = health()
  for (let n = 0; n < 20; n++) one.failed('a', one.begin(), 0, failed)
  assert.equal(one.isAway, false)
})

test('what began before the pause neither prolongs nor ends it', () => {
  const one = health()
  const before = one.begin()
  for (const alert of ['a', 'b', 'c', 'd', 'e']) one.failed(alert, before, 0, failed)
  assert.equal(one.wait(0, 0), 500)
  assert.equal(one.delivered(before), false)
  assert.equal(one.wait(0, 0), 500)
})

test('Retry-After holds all, and a success that began before does not lift it', () => {
  const one = health()
  const before = one.begin()
  one.failed('a', before, 0, { reason: 'HTTP 429', busy: true, after_ms: 30_000 })
  one.delivered(before)
  assert.equal(one.wait(0, 1000), 29_000)
  assert.equal(one.reason, 'HTTP 429')
})

test('paused: one try after five minutes, then less and less often, until a person or an answer', () => {
  const one = health()
  one.pause('HTTP 401', 0)
  assert.equal(one.wait(0, 0), 300_000)
  assert.equal(one.wait(1, 300_000), never)
  one.pause('HTTP 401', 300_000)
  assert.equal(one.wait(0, 300_000), 600_000)
  one.pause('HTTP 401', 300_001)
  assert.equal(one.wait(0, 300_000), 600_000, 'several that were under way together count once')
  let at = 0
  for (let n = 0; n < 10; n++) one.pause('HTTP 401', (at = one.paused!.probe_at))
  assert.equal(one.wait(0, at), 3_600_000)
  assert.equal(one.paused!.since, 0)
  one.resume()
  assert.equal(one.wait(0, 0), 0)
})

test('paused, and then away: the tries do not follow each other at once', () => {
  const one = health()
  one.pause('HTTP 401', 0)
  one.failed('a', one.begin(), 299_999, failed)
  assert.equal(one.wait(0, 300_000), 0, 'what was under way says nothing')
  one.failed('a', one.begin(), 300_000, failed)
  assert.equal(one.wait(0, 300_000), 500)
  one.failed('a', one.begin(), 300_500, failed)
  assert.equal(one.wait(0, 300_500), 1000)
  assert.equal(one.delivered(one.begin()), true)
  assert.equal(one.paused, undefined)
})
