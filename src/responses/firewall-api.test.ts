import assert from 'node:assert/strict'
import { test } from 'node:test'
import firewallApi from './firewall-api.ts'
import { actorOf, fakeService, keepsItsPromises } from './test-kit.ts'

const options = { url: 'https://firewall.example.com/api/', token: 'secret' }

test('keeps its promises, with the bodies of the guide', async () => {
  const rules = new Map<string, unknown>()
  const http = fakeService(({ method, path, headers, json }) => {
    if (headers.authorization !== 'Bearer secret') return { status: 401 }
    if (method === 'POST' && path === '/api/rules') {
      const { source } = json as { source: string }
      if (rules.has(source)) return { status: 409 }
      rules.set(source, json)
      return { status: 201 }
    }
    const address = /^\/api\/rules\/([^/]+)$/.exec(path)?.[1]
    assert.equal(method, 'DELETE')
    return { status: rules.delete(decodeURIComponent(address!)) ? 200 : 404 }
  })
  const actor = actorOf(firewallApi, options, http)
  await actor.add([{ key: '203.0.113.5', seconds: 3600 }])
  assert.deepEqual(rules.get('203.0.113.5'), {
    action: 'block',
    source: '203.0.113.5',
    duration: 3600,
    reason: 'Wazuh Active Response - automated block',
  })
  await keepsItsPromises(actor, ['203.0.113.6', '2001:db8::5', '198.51.100.0/24'], () => [...rules.keys()])
})

test('says what the firewall said, and never the token', async () => {
  for (const status of [401, 500]) {
    const http = fakeService(() => ({ status, json: { error: 'no' } }))
    const failures = await actorOf(firewallApi, options, http).add([{ key: '203.0.113.5', seconds: 60 }])
    assert.deepEqual(failures.get('203.0.113.5'), {
      reason: `firewall.example.com: HTTP ${status} {"error":"no"}`,
      kind: 'failed',
    })
  }
  const down = await actorOf(firewallApi, options, () =>
    Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })),
  ).add([{ key: '203.0.113.5', seconds: 60 }])
  assert.equal(down.get('203.0.113.5')!.reason, 'firewall.example.com: connect ECONNREFUSED')
})
