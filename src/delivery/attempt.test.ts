import assert from 'node:assert/strict'
import { test } from 'node:test'
import gotify from '../integrations/gotify.ts'
import { alert } from '../integrations/testing.ts'
import { buildRequest, type Presentation, parseAlert } from './attempt.ts'

test('half of a surrogate pair in an alert becomes U+FFFD, whole ones and what only looks like one stay', () => {
  const written = String.raw`{"full_log":"\ud83d \uDE00 \ud83d\ude00 \\ud83d \\\ud83d \ud83d\ud83d\ude00"}`
  assert.equal(parseAlert(written)?.full_log, '\ufffd \ufffd 😀 \\ud83d \\\ufffd \ufffd😀')
})

test('what is no alert is none', () => {
  for (const line of ['', '7', '[]', 'null', '{"a":']) assert.equal(parseAlert(line), undefined)
})

test('a template that comes to nothing gives the usual words, and none brings a NUL in', () => {
  const given = alert()
  const json = (style: Presentation) => {
    const options = { hook_url: 'https://gotify.example', api_key: 'k' }
    const built = buildRequest(gotify, options, { destination: 'd', line: '', alert: given, now: () => 0, style })
    return (built as { request: { json: { title: string; message: string } } }).request.json
  }
  const usual = json({})
  for (const empty of ['', ' \n', '\0']) assert.deepEqual(json({ title: () => empty, body: () => empty }), usual)
  assert.equal(json({ title: () => 'a\0b' }).title, 'ab')
})
