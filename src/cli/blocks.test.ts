import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secondsOf, summarize } from './blocks.ts'

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

test('a report counts what is alike, the most targets first', () => {
  const one = (key: string, change: Partial<Parameters<typeof summarize>[0][number]> = {}) => ({
    ...{ response: 'firewall-drop', key, state: 'dry run', guard: undefined, by: 'rule 5712', hits: 1 },
    ...change,
  })
  const blocks = [
    one('192.0.2.1', { state: 'refused', guard: 'gateway', hits: 40 }),
    ...['203.0.113.1', '203.0.113.2', '203.0.113.2', '203.0.113.3', '203.0.113.4'].map((key) => one(key)),
    one('203.0.113.9', { state: 'ended', by: 'cli:root' }),
    one('203.0.113.9', { state: 'in force', by: 'cli:root', hits: 2 }),
    one('203.0.113.7', { state: 'failed' }),
  ] as Parameters<typeof summarize>[0]
  assert.deepEqual(
    summarize(blocks).map(({ what, by, targets, times, examples }) => [what, by, targets, times, examples.join()]),
    [
      ['would have been done', 'rule 5712', 4, 5, '203.0.113.1,203.0.113.2,203.0.113.3'],
      ['refused (gateway)', 'rule 5712', 1, 40, '192.0.2.1'],
      ['done', 'cli:root', 1, 3, '203.0.113.9'],
      ['failed', 'rule 5712', 1, 1, '203.0.113.7'],
    ],
  )
  assert.deepEqual(summarize([]), [])
})
