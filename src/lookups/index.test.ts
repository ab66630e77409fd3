import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { integrations } from '../integrations/index.ts'
import { lookups } from './index.ts'

const shared = [
  'ask',
  'event',
  'geoip',
  'index',
  'mmdb-testing',
  'options',
  'read',
  'runner',
  'store',
  'subjects',
  'testing',
  'trial',
]

test('index and folder agree, in order, and each has a test beside it', async () => {
  const files = readdirSync(new URL('.', import.meta.url))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -3))
    .filter((name) => !shared.includes(name))
  assert.deepEqual(Object.keys(lookups), files.sort())
  for (const [name, load] of Object.entries(lookups)) {
    assert.equal((await load()).default.name, name)
    assert.ok(existsSync(new URL(`${name}.test.ts`, import.meta.url)), `${name}.test.ts`)
  }
})

test('no look-up has the name of an integration', () => {
  assert.deepEqual(
    Object.keys(lookups).filter((name) => Object.hasOwn(integrations, name)),
    [],
  )
})
