import assert from 'node:assert/strict'
import { test } from 'node:test'
import { now, setUpApi } from './testing.ts'

const wish = { rules: ['5710'], seconds: 3600, reason: 'patch day', by: 'cli:root' }

test('silences are added, listed and ended, with a reason', async () => {
  const { ask, actions, silences } = setUpApi()
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
  const { ask, actions } = setUpApi()
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
  const { ask, parts } = setUpApi()
  parts.silences = undefined
  assert.equal((await ask('GET', 'silences')).status, 404)
  assert.equal((await ask('GET', 'overview')).value.silences, null)
})
