import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secondsOf } from './blocks.ts'

const now = Date.parse('2026-01-31T12:00:00Z')

test('how long something is allowed: for a while, until then, or for ever', () => {
  assert.equal(secondsOf({}, now), 0)
  assert.equal(secondsOf({ for: '2h' }, now), 7200)
  assert.equal(secondsOf({ for: '90' }, now), 90)
  assert.equal(secondsOf({ until: '2026-01-31T12:00:30.500Z' }, now), 31)
})

test('a time that is over or none at all is not taken for one', () => {
  for (const [given, message] of [
    [{ for: '2 hours' }, /"2 hours" is no duration/],
    [{ for: '0' }, /"0" is no duration/],
    [{ until: 'tomorrow' }, /"tomorrow" is no time/],
    [{ until: '2026-01-31T12:00:00Z' }, /is over/],
    [{ for: '2h', until: '2026-02-01' }, /contradict/],
  ] as const)
    assert.throws(() => secondsOf(given, now), message)
})
