import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadToken } from './access.ts'
import { createApi, listen } from './server.ts'
import { memoryParts, sampleAlert, silent, token } from './testing.ts'

const bearer = { authorization: `Bearer ${token}` }
const jsonBearer = { ...bearer, 'content-type': 'application/json' }

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'outrider-api-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

function setUp({ hosts = [] as string[], console = '/nowhere' } = {}) {
  const memory = memoryParts(() => 1_795_255_200_000)
  const app = createApi(memory.parts, { token, hosts, console, log: silent, now: () => 1_795_255_200_000 })
  return { ...memory, app }
}

/** The cookie that the printed URL is exchanged for. */
async function signIn(app: ReturnType<typeof setUp>['app']): Promise<string> {
  const answer = await app.request(`http://localhost/?token=${token}`)
  assert.equal(answer.status, 303)
  return answer.headers.get('set-cookie')!.split(';')[0]!
}

test('nothing under /api answers without the token', async () => {
  const { app } = setUp()
  const paths = [...new Set(app.routes.filter((route) => route.path.startsWith('/api/')).map((route) => route.path))]
  assert.ok(paths.length > 10)
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
      for (const [name, value] of [
        ['x-outrider', '1'],
        ['authorization', 'Bearer wrong'],
        ['cookie', 'outrider_80=wrong'],
      ] as const) {
        const headers = { [name]: value }
        assert.equal((await app.request(path.replace('*', 'x'), { method, headers })).status, 401, `${method} ${path}`)
      }
    }
  }
  assert.equal((await app.request('/healthz')).status, 200)
})

test('the printed URL becomes a cookie that scripts cannot read and other sites do not send', async () => {
  const { app } = setUp()
  const answer = await app.request(`http://localhost:7654/?token=${token}`)
  assert.equal(answer.headers.get('location'), '/')
  const cookie = answer.headers.get('set-cookie')!
  assert.match(cookie, /^outrider_7654=[\w-]{43}; /)
  for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/']) assert.ok(cookie.includes(part), part)
  assert.ok(!cookie.includes(token))

  const status = await app.request('http://localhost:7654/api/status', { headers: { cookie } })
  assert.equal(status.status, 200)
  // The same cookie under the name of another port is not ours.
  assert.equal((await app.request('http://localhost:7655/api/status', { headers: { cookie } })).status, 401)
})

test('a wrong token signs nobody in', async () => {
  const { app } = setUp()
  const answer = await app.request('/?token=wrong')
  assert.equal(answer.status, 401)
  assert.equal(answer.headers.get('set-cookie'), null)
})

test('a link from another site is loaded once more, because the first request has no cookie', async () => {
  const { app } = setUp()
  const first = await app.request('/', { headers: { 'sec-fetch-site': 'cross-site' } })
  assert.match(await first.text(), /http-equiv="refresh"/)
  const second = await app.request('/', { headers: { 'sec-fetch-site': 'same-origin' } })
  assert.equal(second.status, 401)
})

test('the token file is made once, readable by its owner only', (t) => {
  const file = join(folder(t), 'console.token')
  const made = loadToken(file)
  assert.match(made, /^[\w-]{43}$/)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(loadToken(file), made)
  assert.equal(readFileSync(file, 'utf8'), `${made}\n`)

  const short = join(folder(t), 'console.token')
  writeFileSync(short, 'guess me\n', { mode: 0o644 })
  assert.notEqual(loadToken(short), 'guess me')
  assert.equal(statSync(short).mode & 0o777, 0o600)
})

test('a foreign host name is refused, addresses and configured names are not', async () => {
  const { app } = setUp({ hosts: ['soc.example'] })
  const status = async (host: string) =>
    (await app.request('http://localhost/api/status', { headers: { ...bearer, host } })).status
  for (const host of ['localhost', 'localhost:7654', '127.0.0.1:7654', '[::1]:7654', '192.0.2.1', 'SOC.example:80']) {
    assert.equal(await status(host), 200, host)
  }
  for (const host of [
    'attacker.example',
    'attacker.example:7654',
    'localhost.attacker.example',
    '127.0.0.1.nip.example',
  ]) {
    assert.equal(await status(host), 421, host)
  }
  assert.equal((await app.request('/', { headers: { host: 'attacker.example' } })).status, 421)
})

test('with the cookie, only our own page can change something', async () => {
  const { app, actions, blocks, parts } = setUp()
  await parts.blocks!.add({ response: 'firewall-drop', key: '203.0.113.7', seconds: 60, reason: 'test', by: 'test' })
  const cookie = await signIn(app)
  const remove = (headers: Record<string, string>) =>
    app.request(`http://localhost/api/blocks/${blocks[0]!.id}`, {
      method: 'DELETE',
      headers: { cookie, 'content-type': 'application/json', ...headers },
      // The console cannot act in another's name.
      body: JSON.stringify({ reason: 'a mistake', by: 'cli:root' }),
    })
  const ours = { 'x-outrider': '1', origin: 'http://localhost', 'sec-fetch-site': 'same-origin' }
  assert.equal((await remove({})).status, 403)
  assert.equal((await remove({ ...ours, origin: 'http://attacker.example' })).status, 403)
  assert.equal((await remove({ ...ours, origin: 'http://localhost:9999' })).status, 403)
  assert.equal((await remove({ ...ours, origin: 'null' })).status, 403)
  assert.equal((await remove({ ...ours, 'sec-fetch-site': 'same-site' })).status, 403)
  assert.equal(blocks.length, 1)

  assert.equal((await remove(ours)).status, 200)
  assert.deepEqual(actions.at(-1), { action: 'remove', id: 'manual-1', reason: 'a mistake', by: 'console' })
})

test('every change by hand needs a reason', async () => {
  const { app, actions } = setUp()
  const calls: [string, string, object][] = [
    ['DELETE', '/api/blocks/1', { reason: '  ' }],
    ['DELETE', '/api/blocks/1', {}],
    ['POST', '/api/blocks', { response: 'firewall-drop', key: '203.0.113.7', seconds: 60 }],
    ['POST', '/api/blocks/1/extend', { seconds: 60, reason: '' }],
    ['POST', '/api/deliveries/1/drop', {}],
  ]
  for (const [method, path, body] of calls) {
    const answer = await app.request(path, { method, headers: jsonBearer, body: JSON.stringify(body) })
    assert.equal(answer.status, 400, path)
    assert.match(((await answer.json()) as { error: string }).error, /reason/, path)
  }
  assert.deepEqual(actions, [])
})

test("a part's refusal arrives with its status and words", async () => {
  const { app } = setUp()
  const block = { response: 'firewall-drop', key: '127.0.0.1', seconds: 60, reason: 'test' }
  const answer = await app.request('/api/blocks', { method: 'POST', headers: jsonBearer, body: JSON.stringify(block) })
  assert.equal(answer.status, 409)
  assert.deepEqual(await answer.json(), { error: 'refused by guard "loopback": 127.0.0.1 is this machine' })
})

test('bad bodies and queries are named in one line', async () => {
  const { app } = setUp()
  const post = async (body: string, headers: Record<string, string> = jsonBearer) => {
    const answer = await app.request('/api/blocks', { method: 'POST', headers, body })
    return [answer.status, ((await answer.json()) as { error: string }).error] as const
  }
  assert.deepEqual(await post('{'), [400, 'the body is not JSON'])
  assert.deepEqual(await post('{}', bearer), [415, 'the body has to be application/json'])
  assert.equal((await post('[]'))[0], 400)
  const [status, error] = await post('{"response":"x","key":"","seconds":-1,"reason":"r","extra":1}')
  assert.equal(status, 400)
  for (const name of ['key', 'seconds', 'extra']) assert.ok(error.includes(name), error)
  const [large] = await post(JSON.stringify({ reason: 'x'.repeat(600_000) }))
  assert.equal(large, 413)

  for (const query of ['level=x', 'level=99', 'limit=0', 'limit=1e9']) {
    assert.equal((await app.request(`/api/alerts?${query}`, { headers: bearer })).status, 400, query)
  }
})

test('a part that is absent answers 404 and says so; a wrong method 405', async () => {
  const { app, parts } = setUp()
  delete parts.blocks
  const answer = await app.request('/api/blocks', { headers: bearer })
  assert.equal(answer.status, 404)
  assert.equal(((await answer.json()) as { error: string }).error, 'this Outrider has no blocks')
  const overview = (await (await app.request('/api/overview', { headers: bearer })).json()) as Record<string, unknown>
  assert.equal(overview.blocks, null)
  assert.deepEqual(overview.destinations, [])

  const wrong = await app.request('/api/alerts', { method: 'DELETE', headers: bearer })
  assert.equal(wrong.status, 405)
  assert.equal(wrong.headers.get('allow'), 'GET, HEAD')
  assert.equal((await app.request('/api/nothing', { headers: bearer })).status, 404)
})

test('an error of a part is logged and tells the caller nothing of the inside', async () => {
  const logged: string[] = []
  const memory = memoryParts(() => 0)
  memory.parts.destinations = () => {
    throw new Error('database is locked: /srv/state.db')
  }
  const log = { ...silent, error: (message: string) => logged.push(message) }
  const app = createApi(memory.parts, { token, hosts: [], console: '/nowhere', log, now: () => 0 })
  const answer = await app.request('/api/destinations', { headers: bearer })
  assert.equal(answer.status, 500)
  assert.ok(!(await answer.text()).includes('state.db'))
  assert.deepEqual(logged, ['GET /api/destinations: database is locked: /srv/state.db'])
})

test('filters alerts by level, rule and words, newest first', async () => {
  const { app, feed } = setUp()
  feed.push(sampleAlert({ rule: { level: 3, id: '5501', description: 'login session opened' } }))
  feed.push(sampleAlert({ rule: { level: 10, id: '5712' }, data: { srcip: '198.51.100.4' } }))
  feed.push(sampleAlert({ rule: { level: 12, id: '100200' }, full_log: 'say "level" to C:\\Temp' }))
  const ids = async (query: string) => {
    const answer = await app.request(`/api/alerts?${query}`, { headers: bearer })
    const { alerts } = (await answer.json()) as { alerts: { alert: { rule: { id: string } } }[] }
    return alerts.map(({ alert }) => alert.rule.id)
  }
  assert.deepEqual(await ids(''), ['100200', '5712', '5501'])
  assert.deepEqual(await ids('level=10'), ['100200', '5712'])
  assert.deepEqual(await ids('rule=5501,5712'), ['5712', '5501'])
  assert.deepEqual(await ids('text=198.51.100'), ['5712'])
  assert.deepEqual(await ids('text=SSHD'), ['100200', '5712', '5501'])
  assert.deepEqual(await ids('text=sshd+!198.51'), ['100200', '5501'])
  assert.deepEqual(await ids('text="level"'), ['100200'], 'names of fields are not searched')
  assert.deepEqual(await ids(`text=${encodeURIComponent('c:\\temp')}`), ['100200'])
  assert.deepEqual(await ids('limit=1'), ['100200'])
})

test('no secret leaves, also one that JSON escapes, and hostile text stays a string', async () => {
  const { app, feed, secrets, destinations } = setUp()
  const secret = 'p"w\\d'
  secrets.push(secret, '5716')
  const hostile = `</script><script>alert(1)</script>\u2028\u0000${secret}`
  feed.push(sampleAlert({ full_log: hostile }))
  destinations.push({
    name: hostile,
    type: 'slack',
    state: 'ok',
    waiting: 0,
    rejected: 0,
    delivered: 0,
    lag_bytes: 0,
    reason: secret,
  })
  for (const path of ['/api/alerts', '/api/destinations', '/api/overview']) {
    const answer = await app.request(path, { headers: bearer })
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.match(answer.headers.get('content-type')!, /^application\/json/)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const text = await answer.text()
    assert.ok(!text.includes(JSON.stringify(secret).slice(1, -1)), path)
    assert.doesNotThrow(() => JSON.parse(text), path)
  }
  const answer = await app.request('/api/alerts', { headers: bearer })
  const { alerts } = (await answer.json()) as { alerts: { alert: { full_log: string; rule: { id: string } } }[] }
  assert.equal(alerts[0]!.alert.full_log, '</script><script>alert(1)</script>\u2028\u0000***')
  assert.equal(alerts[0]!.alert.rule.id, '***')
})

test('deliveries can be looked at, retried and dropped', async () => {
  const { app, deliveries, actions } = setUp()
  deliveries.push({
    id: 'd1',
    destination: 'soc-slack',
    state: 'rejected',
    alert: { id: '1.1', rule: '5716', level: 5, description: 'failed', timestamp: '' },
    attempts: 3,
    since: 0,
    reason: 'HTTP 403 "invalid_token"',
    request: 'POST https://hooks.slack.com/services/***',
  })
  const get = async (path: string) => (await app.request(path, { headers: bearer })).json()
  assert.deepEqual(await get('/api/deliveries?state=rejected'), { deliveries })
  assert.deepEqual(await get('/api/deliveries?destination=other'), { deliveries: [] })
  assert.deepEqual(await get('/api/deliveries/d1'), deliveries[0])
  assert.equal((await app.request('/api/deliveries/nope', { headers: bearer })).status, 404)

  const retry = (path: string) => app.request(path, { method: 'POST', headers: jsonBearer })
  assert.equal((await retry('/api/deliveries/d1/retry')).status, 200)
  assert.equal((await retry('/api/deliveries/d2/retry')).status, 404)
  assert.deepEqual(await (await retry('/api/destinations/soc-slack/retry')).json(), { count: 1 })
  const body = JSON.stringify({ reason: 'duplicate', by: 'cli:root' })
  const dropped = await app.request('/api/deliveries/d1/drop', { method: 'POST', headers: jsonBearer, body })
  assert.equal(dropped.status, 200)
  assert.deepEqual(actions.at(-1), { action: 'drop', id: 'd1', reason: 'duplicate', by: 'cli:root' })
})

test('logtest takes one event', async () => {
  const { app } = setUp()
  const body = JSON.stringify({ event: 'Failed password' })
  const answer = await app.request('/api/logtest', { method: 'POST', headers: jsonBearer, body })
  assert.deepEqual(await answer.json(), {
    codemsg: 0,
    token: '0a1b2c3d',
    alert: true,
    output: { full_log: 'Failed password' },
  })
})

test("the console's files need the cookie, and only assets may be kept", async (t) => {
  const console = folder(t)
  const { app } = setUp({ console })
  const cookie = await signIn(app)
  assert.match(await (await app.request('http://localhost/', { headers: { cookie } })).text(), /not built\n {2}hint: /)

  mkdirSync(join(console, 'assets'))
  writeFileSync(join(console, 'index.html'), '<!doctype html><p>console')
  writeFileSync(join(console, 'assets', 'main-Ab_1.js'), 'x()')
  const page = await app.request('http://localhost/', { headers: { cookie } })
  assert.equal(page.status, 200)
  assert.equal(page.headers.get('cache-control'), 'no-cache')
  assert.match(page.headers.get('content-security-policy')!, /script-src 'self';/)
  const asset = await app.request('http://localhost/assets/main-Ab_1.js', { headers: { cookie } })
  assert.equal(asset.status, 200)
  assert.match(asset.headers.get('cache-control')!, /immutable/)
  assert.equal((await app.request('/assets/main-Ab_1.js')).status, 401)
  for (const name of ['..%2findex.html', '%2e%2e%2findex.html', 'nope.js', 'main-Ab_1.js%00']) {
    assert.equal((await app.request(`http://localhost/assets/${name}`, { headers: { cookie } })).status, 404, name)
  }
})

test('a port that cannot be had is a sentence with the mend', async () => {
  const { app } = setUp()
  const first = await listen(app, '127.0.0.1', 0)
  assert.ok(first.ok)
  const port = Number(new URL(first.url).port)
  const second = await listen(app, '127.0.0.1', port)
  assert.ok(!second.ok)
  assert.equal(second.error, `port ${port} on 127.0.0.1 is taken`)
  assert.match(second.hint, /listen\.port/)
  await first.close()

  const foreign = await listen(app, '192.0.2.1', 0)
  assert.ok(!foreign.ok)
  assert.equal(foreign.error, '"192.0.2.1" is not an address of this machine')
})
