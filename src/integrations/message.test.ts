import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutWritten, escapeHtml, facts, jsonWithin, renderBody, text } from './message.ts'
import { alert } from './testing.ts'

test('a text has no NUL', () => {
  assert.equal(text('a\0b\0'), 'ab')
  assert.doesNotMatch(renderBody(alert({ full_log: 'a\0b' })), /\0/)
})

test('cuts a text so that what is written of it fits, and no earlier', () => {
  const written = (kept: string) => JSON.stringify(escapeHtml(kept))
  assert.equal(cutWritten('short', 100), 'short')
  for (const value of [
    '&'.repeat(5000),
    'ы'.repeat(5000),
    '\u0001'.repeat(5000),
    `${'a'.repeat(900)}${'&'.repeat(5000)}`,
  ]) {
    const size = Buffer.byteLength(written(cutWritten(value, 1000, written)))
    assert.ok(size <= 1000 && size > 900, `${size} bytes of ${value.slice(0, 3)}`)
  }
  assert.equal(cutWritten('&', 3, written), '')
  assert.equal(cutWritten('abc', -5), '')
})

test('an alert that is too long is still JSON, with its texts cut', () => {
  const line = (given: object) => JSON.stringify(given)
  const small = alert()
  assert.equal(jsonWithin(small, line(small), 10_000), line(small))
  const long = alert({ full_log: 'ы'.repeat(60_000) })
  const cut = JSON.parse(jsonWithin(long, line(long), 30_000))
  assert.equal(cut.full_log.length, 10_000)
  assert.deepEqual({ ...cut, full_log: '' }, { ...long, full_log: '' })
  const deep = alert({ data: Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`name${n}`, 'x'])) })
  const least = jsonWithin(deep, line(deep), 1000)
  assert.ok(least.length <= 1000)
  assert.equal(JSON.parse(least).rule.id, '5760')
})

test('what look-ups say stands behind what it is about, also in the usual text', () => {
  const found = [{ name: 'AbuseIPDB', value: 'not known' }]
  const names = facts(alert(), { found }).map(({ name }) => name)
  assert.deepEqual(names.slice(names.indexOf('Source address'), names.indexOf('ATT&CK') + 1), [
    'Source address',
    'User',
    'AbuseIPDB',
    'ATT&CK',
  ])
  assert.match(renderBody(alert(), { found }), /^AbuseIPDB: not known$/m)
  assert.doesNotMatch(renderBody(alert()), /AbuseIPDB/)
})
