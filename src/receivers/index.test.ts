import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { receivers } from './index.ts'

test('index and folder agree', async () => {
  const files = readdirSync(new URL('.', import.meta.url))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'index.ts')
    .map((file) => file.slice(0, -3))
  assert.deepEqual(Object.keys(receivers), files.sort())
  for (const [name, load] of Object.entries(receivers)) assert.equal((await load()).default.name, name)
})
