import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAlert } from './attempt.ts'

test('half of a surrogate pair in an alert becomes U+FFFD, whole ones and what only looks like one stay', () => {
  const written = String.raw`{"full_log":"\ud83d \uDE00 \ud83d\ude00 \\ud83d \\\ud83d \ud83d\ud83d\ude00"}`
  assert.equal(parseAlert(written)?.full_log, '\ufffd \ufffd 😀 \\ud83d \\\ufffd \ufffd😀')
})

test('what is no alert is none', () => {
  for (const line of ['', '7', '[]', 'null', '{"a":']) assert.equal(parseAlert(line), undefined)
})
