import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Response } from '../define.ts'
import fake, { type Item } from '../fakes/cloudflare-list.ts'
import type { Store } from '../fakes/define.ts'
import cloudflareList from './cloudflare-list.ts'
import { against, keepsItsPromises } from './test-kit.ts'

const inForce = ({ made }: Store) => ((made.get('list')?.items ?? []) as Item[]).map(({ ip }) => ip)
const item = (key: string) => ({ key, seconds: 60 })

test('keeps its promises, in both families, and leaves items of others alone', async (t) => {
  const { actor, store, counts } = await against(t, cloudflareList, fake)
  store.made.set('list', { items: [{ id: 'own', ip: '192.0.2.9', comment: 'by hand' }] })
  await keepsItsPromises(actor, ['203.0.113.5', '2001:db8::/64', '198.51.100.0/24'], () => inForce(store))
  const failures = await actor.add([item('203.0.113.6'), item('192.0.2.9')])
  assert.deepEqual([...failures.keys()], ['192.0.2.9'])
  assert.equal(failures.get('192.0.2.9')!.kind, 'nothing to do')
  await actor.remove(['192.0.2.9', '203.0.113.6'])
  assert.deepEqual(inForce(store), ['192.0.2.9'])
  assert.equal(counts.refused, 0)
})

test('many at once are one change, and are listed page by page', async (t) => {
  const { actor, counts } = await against(t, cloudflareList, fake)
  const many = Array.from({ length: 1200 }, (_, n) => item(`10.1.${n >> 8}.${n & 255}`))
  assert.equal((await actor.add(many)).size, 0)
  // Looked at, changed, twice asked whether it is done, and three pages of what is there then.
  assert.equal(counts.requests, 4 + 3)
})

test('another change of the account that is at work is waited for, not divided', async (t) => {
  const { actor, store, counts } = await against(t, cloudflareList, fake)
  store.made.set('operation', { id: 'of somebody else', asked: 0 })
  const failures = await actor.add(['203.0.113.5', '203.0.113.6'].map(item))
  assert.match(failures.get('203.0.113.6')!.reason, /a bulk operation is pending for this account/)
  assert.equal(counts.requests, 2)
})

test('lists the IPv6 network around an address', () => {
  const { options, key, parseKey } = cloudflareList as unknown as Response
  const all = options.parse(cloudflareList.example)
  const alert = { timestamp: '', id: '', rule: { level: 3, id: '1', description: '' }, data: { srcip: '2001:db8::5' } }
  assert.equal(key(alert, all), '2001:db8::/64')
  assert.equal(parseKey('2000::/8', all), undefined)
  assert.equal(parseKey('10.0.0.0/7', all), undefined)
})
