import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { makeSchema, schemaFile } from './make-schema.ts'

test('outrider.schema.json is current', async () => {
  const current = await makeSchema()
  assert.ok(readFileSync(schemaFile, 'utf8') === current, 'it is not: run node scripts/make-schema.ts')
})
