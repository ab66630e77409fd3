import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../fakes/define.ts'
import fake from '../fakes/mikrotik.ts'
import mikrotik from './mikrotik.ts'
import { against, keepsItsPromises } from './test-kit.ts'

interface Entry {
  '.id': string
  list: string
  address: string
  comment?: string
  timeout?: string
}

const entries = ({ made }: Store) => [...made.values()].flatMap(({ entries }) => entries as Entry[])
const inForce = (store: Store) => entries(store).map(({ address }) => address.replace('/128', ''))
const item = (key: string, seconds: number) => ({ key, seconds })

test('keeps its promises, in both families, and leaves entries of others alone', async (t) => {
  const { actor, store, counts } = await against(t, mikrotik, fake)
  const byHand = { '.id': '*A', list: 'outrider', address: '192.0.2.9', comment: 'by hand' }
  store.made.set('ip', { entries: [byHand] })
  await keepsItsPromises(actor, ['203.0.113.5', '2001:db8::5', '198.51.100.0/24'], () => inForce(store))
  const failures = await actor.add([item('192.0.2.9', 60)])
  assert.equal(failures.get('192.0.2.9')!.kind, 'nothing to do')
  await actor.remove(['192.0.2.9'])
  assert.deepEqual(entries(store), [byHand])
  assert.equal(counts.refused, 0)
})

test('the same again gives the router the new end', async (t) => {
  const { actor, store } = await against(t, mikrotik, fake)
  for (const [seconds, timeout] of [
    [600, '600s'],
    [1200, '1200s'],
    [0, undefined],
  ] as const) {
    assert.equal((await actor.add([item('203.0.113.5', seconds)])).size, 0)
    assert.deepEqual(
      entries(store).map((entry) => entry.timeout),
      [timeout],
    )
  }
})
