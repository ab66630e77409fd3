import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../fakes/define.ts'
import fake, { type Alias } from '../fakes/pfsense.ts'
import pfsense from './pfsense.ts'
import { against, keepsItsPromises } from './test-kit.ts'

const alias = (change: Partial<Alias>): Alias => ({
  id: 0,
  name: 'outrider',
  type: 'network',
  descr: '',
  address: [],
  detail: [],
  ...change,
})
const inForce = ({ made }: Store) =>
  (made.get('tables')?.outrider as string[] | undefined) ?? (made.get('aliases')!.list as Alias[])[0]!.address

const keys = ['203.0.113.5', '2001:db8::5', '198.51.100.0/24', '2001:db8:1::/48']
const add = (...some: string[]) => some.map((key) => ({ key, seconds: 60 }))

test('keeps its promises, in the alias and in the packet filter, and leaves entries of others alone', async (t) => {
  const { actor, store, counts } = await against(t, pfsense, fake)
  store.made.set('aliases', { list: [alias({ address: ['192.0.2.0/24'], detail: ['by hand'] })] })
  store.made.set('tables', { outrider: ['192.0.2.0/24'] })
  await keepsItsPromises(actor, keys, () => inForce(store))
  const failures = await actor.add(add('203.0.113.9', '192.0.2.0/24'))
  assert.deepEqual(
    [...failures],
    [['192.0.2.0/24', { reason: failures.get('192.0.2.0/24')!.reason, kind: 'nothing to do' }]],
  )
  await actor.remove(['203.0.113.9'])
  await actor.remove(['192.0.2.0/24'])
  assert.deepEqual((store.made.get('aliases')!.list as Alias[])[0]!.detail, ['by hand'])
  assert.equal(counts.refused, 0)
})

test('many at once are a few requests', async (t) => {
  const { actor, store, counts } = await against(t, pfsense, fake)
  const many = Array.from({ length: 2000 }, (_, n) => `10.1.${n >> 8}.${n & 255}`)
  assert.equal((await actor.add(add(...many))).size, 0)
  assert.equal(inForce(store).length, 2000)
  // Read, written, twice asked whether it is applied; alias and table looked at.
  assert.equal(counts.requests, 6)
})

test('what stands in the alias and not in the packet filter is not in force, and is applied', async (t) => {
  const { actor, store } = await against(t, pfsense, fake)
  store.made.set('aliases', { list: [alias({ address: ['203.0.113.5/32'], detail: ['outrider'] })] })
  assert.deepEqual(await actor.list(), { keys: [] })
  assert.equal((await actor.add(add('203.0.113.5'))).size, 0)
  assert.deepEqual(inForce(store), ['203.0.113.5'])
})

test('another alias that stands in its place meanwhile is not touched', async (t) => {
  const { actor, store } = await against(t, pfsense, fake)
  // The fake looks an alias up by its place, and the list tells an old place.
  const office = alias({ id: 0, name: 'office', address: ['192.0.2.0/24'], detail: [''] })
  store.made.set('aliases', { list: [office, alias({ id: 0 })] })
  const failures = await actor.add(add('203.0.113.5'))
  assert.match(failures.get('203.0.113.5')!.reason, /HTTP 400 .*not editable/)
  assert.deepEqual(office.address, ['192.0.2.0/24'])
})

test('an alias that is not there, or of another type, is told', async (t) => {
  const { actor, store } = await against(t, pfsense, fake, { alias: 'nothing' })
  const reason = async () => (await actor.add(add('203.0.113.5'))).get('203.0.113.5')!.reason
  assert.match(await reason(), /there is no alias "nothing"; make one of the type Network/)
  store.made.set('aliases', { list: [alias({ name: 'nothing', type: 'port' })] })
  assert.match(await reason(), /the alias "nothing" is of the type port, not network/)
})
