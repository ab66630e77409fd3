import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Response } from '../define.ts'
import fake from '../fakes/cloudflare.ts'
import type { Store } from '../fakes/define.ts'
import cloudflare from './cloudflare.ts'
import { actorOf, against, fakeService, keepsItsPromises } from './test-kit.ts'

const zone = '023e105f4ecef8ad9ca31a8372d0c353'
const item = (key: string) => ({ key, seconds: 60 })
const inForce = ({ made }: Store) =>
  [...made.values()].map(({ configuration }) => (configuration as { value: string }).value)
const put = ({ made }: Store, id: string, value: string, notes: string) =>
  void made.set(id, { id, mode: 'whitelist', notes, configuration: { target: 'ip', value } })

test('keeps its promises, and leaves rules of others alone', async (t) => {
  const { actor, store, counts } = await against(t, cloudflare, fake)
  put(store, 'own', '203.0.113.9', 'by hand, not outrider')
  await keepsItsPromises(actor, ['203.0.113.5', '203.0.113.55', '2001:db8::5', '198.51.100.0/24'], () => inForce(store))
  const failures = await actor.add([item('203.0.113.9')])
  assert.match(failures.get('203.0.113.9')!.reason, /somebody else has a rule for 203\.0\.113\.9 \(whitelist\)/)
  assert.equal(failures.get('203.0.113.9')!.kind, 'nothing to do')
  await actor.remove(['203.0.113.9'])
  assert.deepEqual(inForce(store), ['203.0.113.9'])
  assert.equal(counts.refused, 0)
})

test('what is in force is listed page by page', async (t) => {
  const { actor, store } = await against(t, cloudflare, fake)
  for (let n = 0; n < 250; n++) put(store, `r${n}`, `10.0.0.${n}`, n === 7 ? 'outrider of others' : 'outrider')
  const { keys } = (await actor.list()) as { keys: string[] }
  assert.equal(keys.length, 249)
  assert.ok(!keys.includes('10.0.0.7'))
})

test('takes only networks that Cloudflare takes, and needs a zone or an account', () => {
  const { parseKey, options } = cloudflare as unknown as Response
  const all = options.parse({ token: 't', zone_id: zone })
  assert.equal(parseKey('198.51.100.0/24', all), '198.51.100.0/24')
  assert.equal(parseKey('198.51.100.0/25', all), undefined)
  assert.equal(options.safeParse({ token: 't' }).success, false)
  assert.equal(options.safeParse({ token: 't', zone_id: zone, account_id: zone }).success, false)
})

test('a refusal within an answer is a failure', async () => {
  const http = fakeService(() => ({ json: { success: false, errors: [{ code: 1, message: 'over quota' }] } }))
  const failures = await actorOf(cloudflare, { token: 'secret', zone_id: zone }, http).add([item('203.0.113.5')])
  assert.equal(failures.get('203.0.113.5')!.reason, 'api.cloudflare.com: over quota')
})
