import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareEngines, suiteLines } from '../testing/compare.ts'
import { skip } from '../testing/stock.ts'

// The long run is scripts/fuzz-engine.ts.
test('the fast engine decides like the plain one, over mutated lines and in one long session', { skip }, () => {
  const { difference, events, alerts } = compareEngines(suiteLines(), { events: 2_000, seed: 5 })
  assert.equal(difference, undefined)
  assert.equal(events, 2_000)
  assert.ok(alerts > 500, String(alerts))
})
