import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createApprovalLinks } from './approval-links.ts'

const until = Date.UTC(2026, 10, 21, 12)
const links = createApprovalLinks('a secret of this home')
const token = links.path('abcdefghjkmn', until).replace('/approve/', '')

test('a link is good for one lease until it expires', () => {
  assert.deepEqual(links.read(token, until - 1), { lease: 'abcdefghjkmn', is_expired: false })
  assert.deepEqual(links.read(token, until), { lease: 'abcdefghjkmn', is_expired: true })
  assert.match(token, /^[\w.-]+$/, 'nothing in it that a medium would have to escape')
})

test('whatever is changed in it makes it worthless', () => {
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === 'b' ? 'c' : 'b'
    const changed = `${token.slice(0, at)}${other}${token.slice(at + 1)}`
    // The last character of 32 bytes in base64 carries two bits that mean nothing; we compare texts, so it counts, too.
    assert.equal(links.read(changed, 0), undefined, `at ${at}`)
  }
  for (const wrong of ['', '.', token.slice(1), `${token}x`, `${token}.x`, createApprovalLinks('x').path('abc', until)])
    assert.equal(links.read(wrong, 0), undefined, wrong)
  const [lease, , signature] = token.split('.')
  assert.equal(links.read(`${lease}.zzzzzzzz.${signature}`, 0), undefined, 'its time cannot be stretched')
})
