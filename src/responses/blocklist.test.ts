import assert from 'node:assert/strict'
import { test } from 'node:test'
import blocklist from './blocklist.ts'
import { blocklistPage } from './blocklist-page.ts'
import { actorOf, keepsItsPromises } from './test-kit.ts'

test('nothing is done anywhere', async () => {
  await keepsItsPromises(actorOf(blocklist, {}), [], () => [])
  assert.equal((await actorOf(blocklist, {}).add([{ key: '203.0.113.5', seconds: 60 }])).size, 0)
})

test('one line each, in the same order whatever the order was, so that the same list has the same ETag', () => {
  const page = blocklistPage(['203.0.113.5', '198.51.100.0/24', '2001:db8::5', '203.0.113.5'], undefined)
  assert.equal(page.status, 200)
  assert.equal(page.body, '198.51.100.0/24\n2001:db8::5\n203.0.113.5\n')
  const again = blocklistPage(['2001:db8::5', '203.0.113.5', '198.51.100.0/24'], page.headers.etag)
  assert.deepEqual([again.status, again.body, again.headers.etag], [304, '', page.headers.etag])
  for (const tag of [`W/${page.headers.etag}`, `"x", ${page.headers.etag}`, '*'])
    assert.equal(blocklistPage(['2001:db8::5', '203.0.113.5', '198.51.100.0/24'], tag).status, 304, tag)
  assert.equal(blocklistPage(['203.0.113.5'], page.headers.etag).status, 200)
})

test('one family alone, and an empty list is a list', () => {
  assert.equal(blocklistPage(['203.0.113.5', '2001:db8::5'], undefined, 6).body, '2001:db8::5\n')
  assert.deepEqual([blocklistPage([], undefined).status, blocklistPage([], undefined).body], [200, ''])
})
