import assert from 'node:assert/strict'
import { test } from 'node:test'
import { definitions } from './runners/definitions.ts'
import { optionNames } from './settings-check.ts'
import { destinationOptions, receiverOptions, toByteCount, toSeconds, wodleOptions } from './settings-schema.ts'

test('no definition has an option whose name every entry of its section has', async () => {
  for (const [kind, common] of [
    ['integrations', destinationOptions],
    ['receivers', receiverOptions],
    ['wodles', wodleOptions],
  ] as const) {
    const taken = optionNames(common)
    for (const [name, load] of Object.entries(definitions[kind])) {
      const own = optionNames((await load()).default.options)
      const both = own.filter((option) => taken.includes(option))
      assert.deepEqual(both, [], `${kind}/${name}: give these options other names`)
    }
  }
})

test('reads durations and sizes', () => {
  assert.deepEqual(
    [30, '30', '30s', '10m', '1h', '2d', '1w', 0.5].map((value) => toSeconds(value)),
    [30, 30, 30, 600, 3600, 172_800, 604_800, 0.5],
  )
  assert.deepEqual(
    [512, '512', '2K', '5M'].map((value) => toByteCount(value)),
    [512, 512, 2048, 5_242_880],
  )
})
