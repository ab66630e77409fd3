import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../fakes/define.ts'
import fake from '../fakes/opnsense.ts'
import opnsense from './opnsense.ts'
import { actorOf, against, fakeService, keepsItsPromises } from './test-kit.ts'

const options = { url: 'https://fw.example.com', api_key: 'key', api_secret: 'secret' }
const inForce = ({ made }: Store) => [...(made.get('table')!.addresses as Set<string>)]

test('keeps its promises, and leaves addresses of others alone', async (t) => {
  const { actor, store, counts } = await against(t, opnsense, fake)
  store.made.set('table', { addresses: new Set(['192.0.2.9']) })
  const keys = ['203.0.113.5', '2001:db8::5', '198.51.100.0/24']
  await keepsItsPromises(actor, keys, () => inForce(store))
  assert.equal(counts.refused, 0)
})

test('an answer other than done is a failure, and so is one that was not done', async () => {
  const add = (status: string) =>
    actorOf(
      opnsense,
      options,
      fakeService(({ method }) => ({ json: method === 'GET' ? [] : { status } })),
    ).add([{ key: '203.0.113.5', seconds: 60 }])
  assert.match((await add('failed')).get('203.0.113.5')!.reason, /the firewall answers "failed"/)
  assert.match((await add('done')).get('203.0.113.5')!.reason, /not in force, though the command said so/)
})
