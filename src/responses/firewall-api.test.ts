import assert from 'node:assert/strict'
import { test } from 'node:test'
import fake from '../fakes/firewall-api.ts'
import firewallApi from './firewall-api.ts'
import { actorOf, against, fakeService, keepsItsPromises } from './test-kit.ts'

const options = { url: 'https://firewall.example.com/api/', token: 'secret' }

test('keeps its promises, with the bodies of the guide', async (t) => {
  for (const verify of [true, false]) {
    const { actor, store } = await against(t, firewallApi, fake, { verify })
    store.made.set('192.0.2.9', { source: '192.0.2.9' })
    const keys = ['203.0.113.6', '2001:db8::5', '198.51.100.0/24']
    await keepsItsPromises(actor, keys, () => [...store.made.keys()])
    for (const seconds of [3600, 7200]) {
      await actor.add([{ key: '203.0.113.5', seconds }])
      assert.deepEqual(store.made.get('203.0.113.5'), {
        action: 'block',
        source: '203.0.113.5',
        duration: seconds,
        reason: 'Wazuh Active Response - automated block',
      })
    }
  }
})

test('looks whether a block is in force where it may', async () => {
  const http = fakeService(({ method }) => ({ json: method === 'GET' ? { rules: [] } : {} }))
  const add = (verify: boolean) =>
    actorOf(firewallApi, { ...options, verify }, http).add([{ key: '203.0.113.5', seconds: 60 }])
  assert.equal((await add(false)).size, 0)
  assert.match((await add(true)).get('203.0.113.5')!.reason, /not in force, though the command said so/)
})

test('says what the firewall said, and never the token', async () => {
  for (const [status, kind] of [
    [401, 'failed'],
    [500, 'not now'],
  ] as const) {
    const http = fakeService(() => ({ status, json: { error: 'no' } }))
    const failures = await actorOf(firewallApi, options, http).add([{ key: '203.0.113.5', seconds: 60 }])
    assert.deepEqual(failures.get('203.0.113.5'), {
      reason: `firewall.example.com: HTTP ${status} {"error":"no"}`,
      kind,
    })
  }
  const down = await actorOf(firewallApi, options, () =>
    Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })),
  ).add([{ key: '203.0.113.5', seconds: 60 }])
  assert.equal(down.get('203.0.113.5')!.reason, 'firewall.example.com: connect ECONNREFUSED')
})
