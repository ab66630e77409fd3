import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toBytes } from '../alert.ts'
import { readAlert } from './script-alert.ts'

test('half of a surrogate pair, which no service takes, is replaced here, too', () => {
  const json = String.raw`{"rule":{"id":"1"},"full_log":"größe \ud83d \ud83d\ude00"}`
  const given = readAlert(toBytes(json), '/tmp/x-1.alert')
  assert.ok('alert' in given)
  assert.equal(given.alert.full_log, 'größe \ufffd 😀')
  assert.equal(given.line, toBytes(json), 'the line stays as it was written: its hash is the key of the alert')
})

test('what is no alert says why', () => {
  for (const [text, problem] of [
    ['', /^it is empty$/],
    ['{', /^broken JSON: /],
    ['{"a":1}', /^it has no "rule"$/],
  ] as const) {
    const given = readAlert(text, '/tmp/x-1.alert')
    assert.match('problem' in given ? given.problem : '', problem)
  }
})
