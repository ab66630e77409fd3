import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Escalation, escalate } from './escalation.ts'

const day = 86_400_000
const plain: Escalation = { list: [], factor: 1, longest: 86_400, decay_ms: 30 * day }

test('as execd: the configured time first, then the list, its last entry for ever', () => {
  const rules = { ...plain, list: [1, 2, 3] }
  const times: number[] = []
  let former: { count: number; last: number } | undefined
  for (let n = 0; n < 6; n++) {
    const { seconds, count } = escalate(former, 600, n, rules)
    times.push(seconds)
    former = { count, last: n }
  }
  assert.deepEqual(times, [600, 60, 120, 180, 180, 180])
})

test('without a list: by a factor, up to a limit, never less than configured', () => {
  const rules = { ...plain, factor: 2 }
  const at = (count: number, seconds: number) => escalate({ count, last: 0 }, seconds, 0, rules).seconds
  assert.deepEqual([at(1, 600), at(2, 600), at(3, 600), at(20, 600)], [1200, 2400, 4800, 86_400])
  assert.equal(at(3, 100_000), 100_000)
  assert.equal(escalate({ count: 5, last: 0 }, 600, 0, plain).seconds, 600, 'no escalation unless asked for')
})

test('forgives one time after each stretch of calm, and what is for ever stays so', () => {
  const rules = { ...plain, list: [1, 2, 3] }
  assert.deepEqual(escalate({ count: 3, last: 0 }, 600, 31 * day, rules), { seconds: 120, count: 3 })
  assert.deepEqual(escalate({ count: 3, last: 0 }, 600, 300 * day, rules), { seconds: 600, count: 1 })
  assert.equal(escalate({ count: 3, last: 0 }, 0, 1, rules).seconds, 0)
  assert.equal(escalate({ count: 3, last: 9 }, 600, 1, rules).count, 4, 'a clock that was set back forgives nothing')
})
