import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import { type Command, NothingToDo, type Response } from '../define.ts'
import { createActor } from './actor.ts'

/** A firewall in memory, reached through `sh`: each command tells its exit code. `bad` keys spoil the whole of a change. */
function firewall(change: Partial<Response> = {}) {
  const keys = new Set<string>()
  const seen = { prepared: 0, runs: 0 }
  let isThere = false
  const act = (some: readonly string[], how: (key: string) => void): Command => {
    seen.runs++
    const ok = isThere && !some.some((key) => key.startsWith('bad'))
    if (ok) some.forEach(how)
    return { argv: ok ? ['true'] : ['false'] }
  }
  const definition = {
    name: 'memory',
    options: z.object({}),
    prepare() {
      seen.prepared++
      isThere = true
      return []
    },
    add: (key: string) => [act([key], (one) => void keys.add(one))],
    delete: (key: string) => [act([key], (one) => void keys.delete(one))],
    addMany: (items: readonly { key: string }[]) => [
      act(
        items.map(({ key }) => key),
        (one) => void keys.add(one),
      ),
    ],
    deleteMany: (some: readonly string[]) => [act(some, (one) => void keys.delete(one))],
    ...change,
  } as unknown as Response
  const actor = createActor(definition, {}, { deadline_ms: 10_000, http: () => Promise.reject(new Error('none')) })
  return {
    actor,
    keys,
    seen,
    sweep() {
      isThere = false
      keys.clear()
    },
  }
}

const items = (...keys: string[]) => keys.map((key) => ({ key, seconds: 60 }))

test('prepares once, and again when what it stands on was swept away', async () => {
  const { actor, keys, seen, sweep } = firewall()
  assert.equal((await actor.add(items('a', 'b', 'c'))).size, 0)
  assert.equal((await actor.add(items('d'))).size, 0)
  assert.deepEqual(seen, { prepared: 1, runs: 2 })
  sweep()
  assert.equal((await actor.add(items('e', 'f'))).size, 0)
  assert.deepEqual([seen.prepared, [...keys]], [2, ['e', 'f']])
})

test('a bad key does not keep the others out', async () => {
  const { actor, keys } = firewall()
  const failures = await actor.add(items('a', 'b', 'bad', 'c', 'd', 'e', 'f'))
  assert.deepEqual([...failures], [['bad', { reason: 'false: exit code 1', kind: 'failed' }]])
  assert.deepEqual([...keys].sort(), ['a', 'b', 'c', 'd', 'e', 'f'])
  assert.equal((await actor.remove(['a', 'bad', 'b'])).size, 1)
  assert.deepEqual([...keys].sort(), ['c', 'd', 'e', 'f'])
})

test('when everything is bad it does not try for ever', async () => {
  const { actor, seen } = firewall()
  const many = Array.from({ length: 1000 }, (_, n) => `bad${n}`)
  assert.equal((await actor.add(items(...many))).size, 1000)
  assert.ok(seen.runs < 150, `${seen.runs} runs`)
})

test('a program that is not there is asked for once, and nothing to do is no failure to repeat', async () => {
  const missing = firewall({ addMany: () => [{ argv: ['no-such-program'] }] })
  const failures = await missing.actor.add(items('a', 'b'))
  assert.match(failures.get('a')!.reason, /no-such-program: cannot be started: .*ENOENT/)
  const idle = firewall({
    addMany: undefined,
    add: () => [
      {
        argv: ['true'],
        next() {
          throw new NothingToDo('is so already')
        },
      },
    ],
  })
  assert.deepEqual((await idle.actor.add(items('a'))).get('a'), {
    reason: 'true: is so already',
    kind: 'nothing to do',
  })
})

test('a list that cannot be read is told, and no reason to fail', async () => {
  const { actor } = firewall({
    list: { steps: () => [{ argv: ['echo', 'oops'] }], parse: ([text]) => JSON.parse(text!) },
  })
  assert.match(((await actor.list()) as { failure: string }).failure, /its list cannot be read/)
  assert.equal((await actor.add(items('a'))).size, 0)
})
