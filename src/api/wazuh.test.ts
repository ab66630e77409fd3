import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createApi } from './server.ts'
import { memoryParts, silent, token } from './testing.ts'

function setUp() {
  const memory = memoryParts(() => 0)
  const app = createApi(memory.parts, { token, hosts: [], console: '/nowhere', log: silent, now: () => 0 })
  const bearer = { authorization: `Bearer ${token}` }
  const logtest = (
    body: unknown,
    headers: Record<string, string> = { ...bearer, 'content-type': 'application/json' },
  ) => app.request('/logtest', { method: 'PUT', headers, body: typeof body === 'string' ? body : JSON.stringify(body) })
  return { ...memory, app, bearer, logtest }
}

const basic = (password: string) => ({ authorization: `Basic ${btoa(`wazuh:${password}`)}` })
const event = { event: 'Failed password', log_format: 'syslog', location: 'here' }

test("logs in as at Wazuh's API, and the token works", async () => {
  const { app } = setUp()
  for (const method of ['POST', 'GET']) {
    const answer = await app.request('/security/user/authenticate', { method, headers: basic(token) })
    assert.deepEqual(await answer.json(), { data: { token }, error: 0 })
  }
  const raw = await app.request('/security/user/authenticate?raw=true', { method: 'POST', headers: basic(token) })
  assert.equal(await raw.text(), token)
  for (const headers of [basic('wrong'), {}]) {
    const refused = await app.request('/security/user/authenticate', { method: 'POST', headers })
    assert.equal(refused.status, 401)
    assert.deepEqual(await refused.json(), { title: 'Unauthorized', detail: 'Invalid credentials' })
  }
})

test('other calls need the bearer token; the cookie of the console is not enough', async () => {
  const { app } = setUp()
  const status = async (headers: Record<string, string>) => {
    const answer = await app.request('http://localhost/manager/status', { headers })
    assert.match(answer.headers.get('content-type')!, /^application\/problem\+json/)
    return [answer.status, await answer.json()]
  }
  const signIn = await app.request(`http://localhost/?token=${token}`)
  const cookie = signIn.headers.get('set-cookie')!.split(';')[0]!
  const none = { title: 'Unauthorized', detail: 'No authorization token provided' }
  assert.deepEqual(await status({}), [401, none])
  assert.deepEqual(await status({ cookie }), [401, none])
  assert.deepEqual(await status({ authorization: 'Bearer x' }), [
    401,
    { title: 'Unauthorized', detail: 'Invalid token' },
  ])
  const foreign = await status({ authorization: `Bearer ${token}`, host: 'attacker.example' })
  assert.equal(foreign[0], 421)
})

test('status says which daemons’ work is done here', async () => {
  const { app, bearer } = setUp()
  const answer = (await (await app.request('/manager/status', { headers: bearer })).json()) as {
    data: { affected_items: Record<string, string>[] }
  }
  const [daemons] = answer.data.affected_items
  assert.equal(daemons!['wazuh-analysisd'], 'running')
  assert.equal(daemons!['wazuh-logcollector'], 'running')
  assert.equal(daemons!['wazuh-modulesd'], 'stopped')
  const pretty = await app.request('/manager/status?pretty=true', { headers: bearer })
  assert.match(await pretty.text(), /^\{\n {3}"data"/)
})

test('logtest answers in Wazuh’s envelope, with the time in UTC', async () => {
  const { logtest, parts, app, bearer } = setUp()
  parts.logtest!.run = (request) => ({
    codemsg: 0,
    token: request.token ?? 'aabbccdd',
    output: { timestamp: '2026-11-21T12:00:00.123+0300', full_log: request.event },
  })
  const answer = await logtest({ ...event, token: '11223344' })
  assert.equal(answer.status, 200)
  assert.deepEqual(await answer.json(), {
    error: 0,
    data: {
      codemsg: 0,
      token: '11223344',
      output: { timestamp: '2026-11-21T09:00:00.123000Z', full_log: 'Failed password' },
    },
  })
  const closed = await app.request('/logtest/sessions/11223344', { method: 'DELETE', headers: bearer })
  const { data } = (await closed.json()) as { data: { messages: string[] } }
  assert.match(data.messages[0]!, /7206/)
})

test('an error of the engine is a 500 that tells nothing of the inside', async () => {
  const { logtest, parts } = setUp()
  parts.logtest!.run = () => {
    throw new Error('inside')
  }
  const answer = await logtest(event)
  assert.equal(answer.status, 500)
  assert.ok(!(await answer.text()).includes('inside'))
})

test('logtest refuses as Wazuh does', async () => {
  const { logtest, bearer } = setUp()
  const problem = async (body: unknown, headers?: Record<string, string>) => {
    const answer = await logtest(body, headers)
    const { title, ...rest } = (await answer.json()) as { title: string; detail: string; error?: number }
    return [answer.status, rest.error, rest.detail]
  }
  assert.deepEqual((await problem(event, bearer)).slice(0, 2), [406, 6002])
  assert.deepEqual((await problem('{')).slice(0, 2), [400, 1018])
  assert.deepEqual(await problem({ ...event, x: 1 }), [400, undefined, "Invalid field found {'x'}"])
  assert.deepEqual(await problem({ event: 'a', log_format: 'b' }), [
    400,
    undefined,
    "'location' is a required property",
  ])
  assert.deepEqual((await problem({ ...event, event: {} })).slice(0, 2), [400, undefined])
  assert.deepEqual(await problem({ ...event, event: '' }), [400, 7000, "(7317): 'event' JSON field value is not valid"])
})
