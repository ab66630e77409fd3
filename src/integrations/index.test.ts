import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { integrations } from './index.ts'

const shared = ['index.ts', 'message.ts', 'options.ts', 'placeholders.ts', 'search-index.ts', 'testing.ts']

test('index and folder agree, in order, and each has a test beside it', async () => {
  const files = readdirSync(new URL('.', import.meta.url))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !shared.includes(file))
    .map((file) => file.slice(0, -3))
  assert.deepEqual(Object.keys(integrations), files.sort())
  for (const [name, load] of Object.entries(integrations)) {
    assert.equal((await load()).default.name, name)
    assert.ok(existsSync(new URL(`${name}.test.ts`, import.meta.url)), `${name}.test.ts`)
  }
})
