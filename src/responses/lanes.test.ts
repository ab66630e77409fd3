import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLanes } from './lanes.ts'

/** A job that ends when it is told to. */
function job(name: string, started: string[]) {
  const { promise, resolve } = Promise.withResolvers<void>()
  return {
    run: () => {
      started.push(name)
      return promise
    },
    end: async () => {
      resolve()
      await new Promise((next) => setImmediate(next))
    },
  }
}

test('one lane in order, lanes side by side, no more of a pool than it has places', async () => {
  const started: string[] = []
  const lanes = createLanes(() => 2)
  const [a1, a2, b1, c1, d1] = ['a1', 'a2', 'b1', 'c1', 'd1'].map((name) => job(name, started)) as ReturnType<
    typeof job
  >[]
  lanes.run('a', 'p', a1!.run)
  lanes.run('a', 'p', a2!.run)
  lanes.run('b', 'p', b1!.run)
  lanes.run('c', 'p', c1!.run)
  lanes.run('d', 'q', d1!.run)
  assert.deepEqual(started, ['a1', 'b1', 'd1'])
  await b1!.end()
  assert.deepEqual(started.slice(3), ['c1'], 'the hanging a1 holds up its own lane alone')
  await c1!.end()
  await a1!.end()
  assert.deepEqual(started.slice(4), ['a2'])
  let idle = false
  void lanes.idle().then(() => {
    idle = true
  })
  await d1!.end()
  assert.equal(idle, false)
  await a2!.end()
  assert.equal(idle, true)
  await lanes.idle()
})
