import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newJob } from './job.ts'
import { nextTry } from './next-try.ts'
import type { Tuning } from './types.ts'

const tuning = { backoff_base_ms: 1000, backoff_cap_ms: 900_000, max_tries: 20, give_up_ms: 86_400_000 } as Tuning
const failed = { kind: 'retry', reason: 'HTTP 500' } as const
const away = { ...failed, busy: true }

function again(
  outcome: typeof failed | typeof away,
  tries: number,
  more: { now?: number; delivered?: number; isAway?: boolean } = {},
) {
  const job = newJob('', undefined, undefined, 0)
  let next: number | 'give up' = 0
  for (job.attempts = 1; job.attempts <= tries && next !== 'give up'; job.attempts++)
    next = nextTry(job, outcome, {
      now: 0,
      tuning,
      random: 0.5,
      isAway: false,
      ...more,
      delivered: job.attempts === 1 ? 0 : (more.delivered ?? 0),
    })
  return next
}

test('waits longer after each failure, up to a limit', () => {
  assert.deepEqual(
    [1, 2, 3, 15].map((tries) => again(failed, tries)),
    [500, 1000, 2000, 450_000],
  )
  assert.deepEqual(
    [1, 2, 3, 15].map((tries) => again(away, tries)),
    [500, 1000, 2000, 30_000],
  )
})

test('what the destination asks for counts when it is longer', () => {
  const job = newJob('', undefined, undefined, 0)
  job.attempts = 1
  const at = { now: 7, tuning, random: 0.5, delivered: 0, isAway: false }
  assert.equal(nextTry(job, { ...away, after_ms: 20_000 }, at), 20_007)
  assert.equal(nextTry(job, { ...away, after_ms: 1 }, at), 507)
})

test('is given up when others got through, and not before twenty tries', () => {
  assert.notEqual(again(failed, 19, { delivered: 5 }), 'give up')
  assert.equal(again(failed, 20, { delivered: 5 }), 'give up')
  assert.notEqual(again(failed, 100), 'give up', 'nothing proves that the destination works')
})

test('is given up after a day, but not by a destination that is away', () => {
  const day = 86_400_000
  assert.equal(again(failed, 8, { now: day }), 'give up')
  assert.notEqual(again(failed, 7, { now: day }), 'give up')
  assert.notEqual(again(failed, 50, { now: day, isAway: true }), 'give up')
  assert.notEqual(again(away, 50, { now: 7 * day, delivered: 9 }), 'give up')
})
