import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createApi } from './server.ts'
import { memoryParts, silent, token } from './testing.ts'

const listToken = 'edge-firewall-2f8a61c0'
const bearer = { authorization: `Bearer ${listToken}` }

function setUp() {
  const { parts } = memoryParts(() => 0)
  let keys = ['203.0.113.5', '2001:db8::/64', '198.51.100.0/24']
  parts.blocklist = (name) => (name === 'blocklist' ? { keys, token: listToken } : undefined)
  const app = createApi(parts, { token, hosts: [], console: '/nowhere', log: silent, now: () => 0 })
  const get = (path: string, headers: Record<string, string> = bearer) => app.request(path, { headers })
  return { get, parts, set: (next: string[]) => (keys = next) }
}

test('a firewall fetches one address or network a line, and nothing when it has the list already', async () => {
  const { get, set } = setUp()
  const first = await get('/blocklist/blocklist')
  assert.equal(first.status, 200)
  assert.equal(first.headers.get('content-type'), 'text/plain; charset=utf-8')
  assert.equal(await first.text(), '198.51.100.0/24\n2001:db8::/64\n203.0.113.5\n')
  const known = { ...bearer, 'if-none-match': first.headers.get('etag')! }
  const second = await get('/blocklist/blocklist', known)
  assert.deepEqual([second.status, await second.text(), second.headers.get('etag')], [304, '', known['if-none-match']])
  set([])
  const third = await get('/blocklist/blocklist', known)
  assert.deepEqual([third.status, await third.text()], [200, ''])
})

test('one family alone', async () => {
  const { get } = setUp()
  assert.equal(await (await get('/blocklist/blocklist?family=4')).text(), '198.51.100.0/24\n203.0.113.5\n')
  assert.equal(await (await get('/blocklist/blocklist?family=6')).text(), '2001:db8::/64\n')
  assert.equal((await get('/blocklist/blocklist?family=5')).status, 400)
})

test("only the list's own token opens it, also as a password, never in the URL", async () => {
  const { get } = setUp()
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
  assert.equal((await get('/blocklist/blocklist', basic(`edge:${listToken}`))).status, 200)
  const refused: Record<string, string>[] = [
    {},
    { authorization: `Bearer ${token}` },
    basic('edge:wrong'),
    basic(listToken.slice(1)),
  ]
  for (const headers of refused) {
    const answer = await get(`/blocklist/blocklist?token=${listToken}`, headers)
    assert.equal(answer.status, 401, JSON.stringify(headers))
    assert.match(answer.headers.get('www-authenticate')!, /^Basic /)
    assert.doesNotMatch(await answer.text(), /203\.0\.113/)
  }
  assert.equal((await get('/api/status')).status, 401)
})

test('a list that is not configured is not there', async () => {
  const { get, parts } = setUp()
  assert.equal((await get('/blocklist/other')).status, 404)
  delete parts.blocklist
  const answer = await get('/blocklist/blocklist')
  assert.equal(answer.status, 404)
  assert.match(await answer.text(), /responses\.options\.blocklist\.token/)
})
