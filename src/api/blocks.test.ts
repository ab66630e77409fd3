import assert from 'node:assert/strict'
import { test } from 'node:test'
import { now, setUpApi } from './testing.ts'

test('what waits for approval is answered with a reason', async () => {
  const { ask, actions, parts } = setUpApi()
  await parts.blocks!.add({ response: 'firewall-drop', key: '203.0.113.7', seconds: 60, reason: 'test', by: 'test' })
  actions.length = 0
  const path = 'blocks/manual-1/answer'
  assert.equal((await ask('POST', path, { approve: true, reason: 'known attacker', by: 'cli:root' })).status, 200)
  assert.equal((await ask('POST', path, { approve: false, reason: 'our scanner' })).status, 200)
  assert.deepEqual(actions, [
    { action: 'answer', id: 'manual-1', approve: true, reason: 'known attacker', by: 'cli:root' },
    { action: 'answer', id: 'manual-1', approve: false, reason: 'our scanner', by: 'api' },
  ])
  for (const body of [
    { approve: true },
    { reason: 'x' },
    { approve: 'yes', reason: 'x' },
    { approve: true, reason: ' ' },
  ])
    assert.equal((await ask('POST', path, body)).status, 400, JSON.stringify(body))
  assert.equal((await ask('POST', 'blocks/none/answer', { approve: true, reason: 'x' })).status, 404)
  assert.equal(actions.length, 2)
})

test('history and audit: at most as many as were asked for', async () => {
  const { ask, history, audit } = setUpApi()
  for (const id of ['b2', 'b1']) {
    const common = { since: now - 60_000, ended: now, why: 'rule 5712', by: 'rule 5712', hits: 1 }
    history.push({ id, response: 'firewall-drop', key: '203.0.113.7', state: 'ended', ...common })
    audit.push({ at: now, by: 'cli:root', what: 'removed', lease: id, target: '203.0.113.7', reason: 'was a test' })
  }
  assert.deepEqual((await ask('GET', 'blocks/history')).value, { history })
  assert.deepEqual((await ask('GET', 'blocks/history?limit=1')).value, { history: [history[0]] })
  assert.deepEqual((await ask('GET', 'blocks/audit')).value, { audit })
  assert.deepEqual((await ask('GET', 'blocks/audit?limit=1')).value, { audit: [audit[0]] })
  for (const path of ['blocks/history?limit=0', 'blocks/audit?limit=x'])
    assert.equal((await ask('GET', path)).status, 400)
})

test('what is never blocked is put on the list, shown and taken off, networks too', async () => {
  const { ask, actions } = setUpApi()
  const entry = '198.51.100.0/24'
  const put = await ask('POST', 'allowed', { entry, seconds: 7200, reason: 'partner' })
  assert.deepEqual(put, { status: 200, value: { undone: 0 } })
  assert.deepEqual((await ask('GET', 'allowed')).value, {
    allowed: [{ entry, reason: 'partner', by: 'api', since: now, until: now + 7_200_000 }],
  })
  assert.equal((await ask('POST', 'allowed', { entry, reason: 'partner' })).status, 400)
  assert.equal((await ask('POST', 'allowed', { entry, seconds: 60 })).status, 400)
  const path = `allowed/${encodeURIComponent(entry)}`
  assert.equal((await ask('DELETE', path, {})).status, 400)
  assert.equal((await ask('DELETE', path, { reason: 'contract ended', by: 'cli:root' })).status, 200)
  assert.deepEqual(actions, [{ action: 'disallow', entry, reason: 'contract ended', by: 'cli:root' }])
  assert.equal((await ask('DELETE', path, { reason: 'again' })).status, 404)
})
