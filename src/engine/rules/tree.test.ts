import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asLoaded } from '../load.ts'
import { seeded } from '../testing/mutate.ts'
import { inGroup, load } from '../testing/small.ts'

test('a rule goes before the first sibling of lower level, whatever was overwritten, repeated or dropped between', () => {
  const next = seeded(3)
  for (let round = 0; round < 60; round++) {
    const expected: { id: number; weight: number }[] = []
    const rules: string[] = []
    for (let i = 0; i < 60; i++) {
      const level = next(17)
      const accuracy = next(8) === 0 ? ' accuracy="0"' : ''
      const weight = (level || 99) * (accuracy ? 1 : 100)
      const rule = (id: number, tags = '<if_sid>1</if_sid>', more = '') =>
        `<rule id="${id}" level="${level}"${accuracy}${more}>${tags}<description>d</description></rule>`
      const known = expected[next(expected.length || 1)]
      const kind = next(10)
      if (known && kind < 2) {
        rules.push(rule(known.id, '', ' overwrite="yes"'))
        known.weight = weight
      } else if (known && kind === 2) {
        rules.push(rule(known.id))
      } else if (kind === 3) {
        // Placed below rule 1, and taken out again because the second parent is missing.
        rules.push(rule(200_000 + i, '<if_sid>1, 9</if_sid><if_matched_sid>2</if_matched_sid>'))
      } else {
        rules.push(rule(100_000 + i))
        const place = expected.findIndex((other) => weight > other.weight)
        expected.splice(place === -1 ? expected.length : place, 0, { id: 100_000 + i, weight })
      }
    }
    const { ruleset } = load(inGroup(rules.join('\n')))
    const siblings = asLoaded(ruleset!).top.find(({ rule }) => rule.id === 1)!.children
    assert.deepEqual(
      siblings.map(({ rule }) => rule.id),
      expected.map(({ id }) => id),
    )
  }
})
