import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { integrations } from '../integrations/index.ts'
import { lookups } from './index.ts'
import { optionsOf } from './testing.ts'

const shared = [
  'ask',
  'asker',
  'event',
  'geoip',
  'index',
  'mmdb-testing',
  'options',
  'read',
  'rest',
  'runner',
  'runner-testing',
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

test('the guide names every look-up, with its quotas and its fields', async () => {
  const guide = readFileSync(new URL('../../docs/lookups.md', import.meta.url), 'utf8')
  const rows = [...guide.matchAll(/^\| \[([\w-]+)\]\(lookups\/.*$/gm)]
  assert.deepEqual(
    rows.map(([, name]) => name),
    Object.keys(lookups),
  )
  for (const [row, name] of rows) {
    const { per_minute, per_day } = optionsOf((await lookups[name!]!()).default)
    const told = (unit: string) => Number(new RegExp(`(\\d+) a ${unit}`).exec(row)?.[1] ?? 0)
    assert.deepEqual([told('minute'), told('day')], [per_minute, per_day], name)
    const source = readFileSync(new URL(`${name}.ts`, import.meta.url), 'utf8')
    const [, , , , , fields = ''] = row.split('|')
    for (const [, field] of fields.matchAll(/`([\w.]+)(?:\.\*)?`/g))
      for (const part of field!.split('.')) assert.match(source, new RegExp(`\\b${part}\\b`), `${name}: ${field}`)
  }
})
