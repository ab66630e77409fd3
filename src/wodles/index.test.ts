import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { wodles } from './index.ts'

test('index and folder agree', async () => {
  const files = readdirSync(new URL('.', import.meta.url))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'index.ts')
    .map((file) => file.slice(0, -3))
  assert.deepEqual(Object.keys(wodles), files.sort())
  for (const [name, load] of Object.entries(wodles)) {
    const { default: wodle } = await load()
    assert.equal(wodle.name, name)
    assert.ok(wodle.options.safeParse(wodle.example).success, `${name}: its example does not parse`)
    assert.match(wodle.summary, /^[A-Z].*\.$/)
  }
})
