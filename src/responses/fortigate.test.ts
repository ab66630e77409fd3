import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpStep, Response } from '../define.ts'
import type { Store } from '../fakes/define.ts'
import fake from '../fakes/fortigate.ts'
import fortigate from './fortigate.ts'
import { against, keepsItsPromises } from './test-kit.ts'

const members = ({ made }: Store) =>
  ['outrider', 'outrider6'].flatMap((group) => (made.get(group)?.members ?? ['none']) as string[])
/** As keys, and the objects that others have put there by their names. */
const inForce = (store: Store) => members(store).map((name) => name.replace(/^outrider-/, '').replace('_', '/'))
const item = (key: string) => ({ key, seconds: 60 })

test('keeps its promises, in both families, and leaves members of others alone', async (t) => {
  const { actor, store } = await against(t, fortigate, fake)
  const keys = ['203.0.113.5', '203.0.113.55', '198.51.100.0/24', '2001:db8::5', '2001:db8:1::/48']
  await keepsItsPromises(actor, keys, () => inForce(store))
  assert.deepEqual(Object.keys(store.made.get('address')!), ['none'], 'no object is left')
})

test('an object that is there, or used elsewhere, is no trouble', async (t) => {
  const { actor, store } = await against(t, fortigate, fake)
  store.made.set('address', { none: {}, 'outrider-203.0.113.5': {} })
  assert.equal((await actor.add([item('203.0.113.5')])).size, 0)
  store.made.set('another group', { members: ['outrider-203.0.113.5'] })
  assert.equal((await actor.remove(['203.0.113.5'])).size, 0)
  assert.deepEqual(inForce(store), ['none', 'none'])
  assert.ok('outrider-203.0.113.5' in store.made.get('address')!)
})

test('a group that is full, or not there, is told', async (t) => {
  const { actor, store } = await against(t, fortigate, fake)
  store.made.set('outrider', { members: Array.from({ length: 600 }, (_, n) => `m${n}`) })
  const failures = await actor.add([item('203.0.113.5')])
  assert.match(failures.get('203.0.113.5')!.reason, /HTTP 500, error -4: the group is full$/)
  const other = await against(t, fortigate, fake, { group: 'nothing' })
  const reason = (await other.actor.add([item('203.0.113.5')])).get('203.0.113.5')!.reason
  assert.match(reason, /HTTP 404 .*no group \\"nothing\\"/)
})

test('writes what FortiOS reads', () => {
  const { options, add } = fortigate as unknown as Response
  const made = (key: string) => {
    const [look] = add(key, 60, options.parse(fortigate.example)) as [HttpStep]
    const [create, join] = look.next!({ status: 404, headers: {}, text: '' }) as [HttpStep, HttpStep]
    return [create.url, create.json, join.url, join.json]
  }
  const at = (path: string) => `https://firewall.example.com/api/v2/cmdb/firewall/${path}?vdom=root`
  const comment = 'made by outrider'
  assert.deepEqual(made('198.51.100.0/22'), [
    at('address'),
    { name: 'outrider-198.51.100.0_22', type: 'ipmask', subnet: '198.51.100.0 255.255.252.0', comment },
    at('addrgrp/outrider/member'),
    { name: 'outrider-198.51.100.0_22' },
  ])
  assert.deepEqual(made('2001:db8::5'), [
    at('address6'),
    { name: 'outrider-2001:db8::5', ip6: '2001:db8::5/128', comment },
    at('addrgrp6/outrider6/member'),
    { name: 'outrider-2001:db8::5' },
  ])
})
