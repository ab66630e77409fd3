import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { wodles } from './index.ts'

test('index and folder agree', async () => {
  const files = readdirSync(new URL('.', import.meta.url))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'index.ts')
    .map((file) => file.slice(0, -3))
  assert.deepEqual(Object.keys(wodles), files.sort())
  for (const [name, load] of Object.entries(wodles)) assert.equal((await load()).default.name, name)
})
