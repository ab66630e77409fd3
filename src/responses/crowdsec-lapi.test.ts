import assert from 'node:assert/strict'
import { test } from 'node:test'
import fake from '../fakes/crowdsec-lapi.ts'
import type { Store } from '../fakes/define.ts'
import crowdsecLapi from './crowdsec-lapi.ts'
import { against, keepsItsPromises } from './test-kit.ts'

interface Decision {
  value: string
  scenario: string
  until: number
}
const decisions = ({ made }: Store) =>
  ((made.get('alerts')?.list ?? []) as { decisions: Decision[] }[])
    .flatMap(({ decisions }) => decisions)
    .filter(({ until }) => until > Date.now())
const inForce = (store: Store) => [...new Set(decisions(store).map(({ value }) => value))]
const item = (key: string, seconds = 600) => ({ key, seconds })
const own = { value: '203.0.113.5', scope: 'Ip', scenario: 'crowdsecurity/ssh-bf', until: Date.now() + 1e6 }

test('keeps its promises, and leaves CrowdSec’s own decisions alone', async (t) => {
  const { actor, store, counts } = await against(t, crowdsecLapi, fake)
  store.made.set('alerts', { list: [{ scenario: 'crowdsecurity/ssh-bf', decisions: [own] }] })
  await keepsItsPromises(actor, ['203.0.113.6', '2001:db8::5', '198.51.100.0/24'], () => inForce(store))
  await actor.add([item('203.0.113.5')])
  await actor.remove(['203.0.113.5'])
  assert.deepEqual(decisions(store), [own])
  assert.equal(counts.refused, 0)
})

test('an address is undone without the network around it', async (t) => {
  const { actor, store } = await against(t, crowdsecLapi, fake)
  await actor.add([item('198.51.100.7'), item('198.51.100.0/24')])
  await actor.remove(['198.51.100.7'])
  assert.deepEqual(inForce(store), ['198.51.100.0/24'])
})

test('a decision lasts from now on as long as it should; many are one alert', async (t) => {
  const { actor, store, counts } = await against(t, crowdsecLapi, fake)
  const many = Array.from({ length: 500 }, (_, n) => item(`10.0.${n >> 8}.${n & 255}`))
  assert.equal((await actor.add(many)).size, 0)
  // Login, allow-lists, alert; login, list.
  assert.equal(counts.requests, 5)
  for (const { until } of decisions(store)) assert.ok(Math.abs(until - Date.now() - 600_000) < 30_000)
  await actor.add([item('203.0.113.5', 0)])
  assert.ok(decisions(store).at(-1)!.until > Date.now() + 9 * 365 * 86_400_000)
})

test('what CrowdSec has on an allow-list is left alone, and keeps nobody else out', async (t) => {
  const { actor, store } = await against(t, crowdsecLapi, fake)
  const failures = await actor.add([item('203.0.113.5'), item('192.0.2.99')])
  assert.deepEqual([...failures.keys()], ['192.0.2.99'])
  assert.equal(failures.get('192.0.2.99')!.kind, 'nothing to do')
  assert.match(failures.get('192.0.2.99')!.reason, /192\.0\.2\.99 is on the allow-list office of CrowdSec/)
  assert.deepEqual(inForce(store), ['203.0.113.5'])
})

test('a wrong password is told without it', async (t) => {
  const { actor } = await against(t, crowdsecLapi, fake, { password: 'wrong-secret' })
  const { reason } = (await actor.add([item('203.0.113.5')])).get('203.0.113.5')!
  assert.match(reason, /HTTP 401 .*incorrect Username or Password/)
  assert.doesNotMatch(reason, /wrong-secret/)
})
