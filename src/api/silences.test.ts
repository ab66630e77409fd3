import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createApi } from './server.ts'
import { memoryParts, silent, token } from './testing.ts'

const now = 1_795_255_200_000

function setUp() {
  const memory = memoryParts(() => now)
  const app = createApi(memory.parts, { token, hosts: [], console: '/nowhere', log: silent, now: () => now })
  const ask = async (method: string, path: string, body?: unknown) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    const answer = await app.request(`/api/${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, value: (await answer.json()) as Record<string, unknown> }
  }
  return { ...memory, app, ask }
}

const wish = { rules: ['5710'], seconds: 3600, reason: 'patch day', by: 'cli:root' }

test('silences are added, listed and ended, with a reason', async () => {
  const { ask, actions, silences } = setUp()
  const added = await ask('POST', 'silences', { ...wish, since: now + 60_000 })
  assert.deepEqual([added.status, added.value.id, added.value.since], [200, '1', now + 60_000])
  assert.deepEqual((await ask('GET', 'silences')).value, { silences })
  const { value } = await ask('GET', 'overview')
  assert.deepEqual(value.silences, silences)
  assert.equal((await ask('DELETE', 'silences/1', { reason: 'done' })).status, 200)
  assert.deepEqual((await ask('GET', 'silences')).value, { silences: [] })
  assert.deepEqual((await ask('GET', 'silences?all')).value, { silences })
  assert.deepEqual((await ask('GET', 'silences/audit')).value, { audit: [] })
  assert.deepEqual(actions, [
    { action: 'silence', rules: ['5710'], seconds: 3600, reason: 'patch day', by: 'cli:root' },
    { action: 'end silence', id: '1', reason: 'done', by: 'api' },
  ])
  assert.equal((await ask('DELETE', 'silences/9', { reason: 'done' })).status, 404)
})

test('what is no silence is refused with the member that is wrong', async () => {
  const { ask, actions } = setUp()
  for (const [more, error] of [
    [{ seconds: 0 }, /^seconds: /],
    [{ seconds: undefined }, /^seconds: /],
    [{ reason: ' ' }, /^reason: say why/],
    [{ rules: [] }, /^rules: /],
    [{ rules: '5710' }, /^rules: /],
    [{ where: '' }, /^where: /],
    [{ rule: '5710' }, /rule/],
    [{ since: 'tomorrow' }, /^since: /],
    [{ where: 'rule.level >' }, /^where: .*column 13/],
  ] as const) {
    const { status, value } = await ask('POST', 'silences', { ...wish, ...more })
    assert.equal(status, 400, JSON.stringify(more))
    assert.match(String(value.error), error)
  }
  assert.equal((await ask('DELETE', 'silences/1', {})).status, 400, 'no reason')
  assert.deepEqual(actions, [])
})

test('a daemon without silences says so', async () => {
  const { ask, parts } = setUp()
  parts.silences = undefined
  assert.equal((await ask('GET', 'silences')).status, 404)
  assert.equal((await ask('GET', 'overview')).value.silences, null)
})
