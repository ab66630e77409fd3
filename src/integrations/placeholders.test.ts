import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import type { Alert } from '../alert.ts'
import { fillPlaceholders, withPlaceholders } from './placeholders.ts'
import { alert } from './testing.ts'

test('fills in what the alert says, times in UTC', () => {
  const given = alert({ timestamp: '2024-01-15T23:30:45.123-0200', rule: { level: 12 } })
  assert.equal(
    fillPlaceholders('{year}/{month}/{day}/{hour}/{agent}/{rule}-{level}-{severity}', given, 0),
    '2024/01/16/01/web-01/5760-12-high',
  )
})

test('no value can add a level, a wildcard or a step up; one that is missing leaves no gap', () => {
  const given = alert({ agent: { id: '1', name: '../a/b.*.#>+ é\n' } })
  assert.match(fillPlaceholders('x/{agent}/y', given, 0), /^x\/[A-Za-z0-9_-]+\/y$/)
  assert.equal(fillPlaceholders('x.{agent}.{rule}.{year}', { rule: {} } as Alert, 0), 'x._._.1970')
})

test('only known names may stand in braces', () => {
  const schema = withPlaceholders('a-z/', 'only letters and / may')
  for (const good of ['a/b', '{agent}', 'a/{year}/{day}']) assert.equal(z.parse(schema, good), good)
  for (const bad of ['', '{', 'a{name}', '{agent', 'A', 'a b'])
    assert.equal(z.safeParse(schema, bad).success, false, bad)
})
