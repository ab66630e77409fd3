import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpStep, Response } from '../define.ts'
import type { Store } from '../fakes/define.ts'
import fake from '../fakes/paloalto.ts'
import paloalto from './paloalto.ts'
import { actorOf, against, fakeService, keepsItsPromises } from './test-kit.ts'

const inForce = ({ made }: Store) => [...made.keys()]
const { parseKey, options, add } = paloalto as unknown as Response

test('keeps its promises, in both families, and leaves other tags alone', async (t) => {
  const { actor, store, counts } = await against(t, paloalto, fake)
  store.made.set('192.0.2.9', { tags: { office: 0 } })
  await keepsItsPromises(actor, ['203.0.113.5', '2001:db8::5', '198.51.100.0/24'], () => inForce(store))
  await actor.add([{ key: '192.0.2.9', seconds: 60 }])
  await actor.remove(['192.0.2.9'])
  assert.deepEqual(store.made.get('192.0.2.9'), { tags: { office: 0 } })
  assert.equal(counts.refused, 0)
})

test('the same again gives the firewall the new end; at most 30 days', async (t) => {
  const { actor, store } = await against(t, paloalto, fake)
  const secondsLeft = () => {
    const { tags } = store.made.get('203.0.113.5') as { tags: Record<string, number> }
    return tags.outrider === 0 ? 0 : Math.round((tags.outrider! - Date.now()) / 1000)
  }
  for (const [seconds, told] of [
    [600, 600],
    [1200, 1200],
    [1e8, 2_592_000],
    [0, 0],
  ] as const) {
    await actor.add([{ key: '203.0.113.5', seconds }])
    assert.ok(Math.abs(secondsLeft() - told) <= 5, `${secondsLeft()} instead of ${told}`)
  }
})

test('many at once are two requests for a thousand, and are listed page by page', async (t) => {
  const { actor, counts } = await against(t, paloalto, fake)
  const many = Array.from({ length: 2000 }, (_, n) => ({ key: `10.1.${n >> 8}.${n & 255}`, seconds: 60 }))
  assert.equal((await actor.add(many)).size, 0)
  // Two thousands of two requests each; five pages of 500, the last one empty.
  assert.equal(counts.requests, 4 + 5)
})

test('one that the firewall does not take does not keep the others out', async (t) => {
  const { actor, store } = await against(t, paloalto, fake)
  const failures = await actor.add(['203.0.113.5', '999.0.0.1', '203.0.113.6'].map((key) => ({ key, seconds: 60 })))
  assert.deepEqual([...failures.keys()], ['999.0.0.1'])
  assert.match(failures.get('999.0.0.1')!.reason, /invalid ip 999\.0\.0\.1$/)
  assert.deepEqual(inForce(store), ['203.0.113.5', '203.0.113.6'])
})

test('an error in an answer with status 200 is an error', async () => {
  const xml = '<response status="error" code="403"><result><msg>Invalid Credential</msg></result></response>'
  const http = Object.assign(
    async () => ({ status: 200, headers: {}, text: xml }),
    fakeService(() => ({})),
  )
  const actor = actorOf(paloalto, paloalto.example, http)
  const failures = await actor.add([{ key: '203.0.113.5', seconds: 60 }])
  assert.match(failures.get('203.0.113.5')!.reason, /PAN-OS answers: Invalid Credential$/)
})

test('takes no IPv6 networks, and names the virtual system', () => {
  const all = options.parse({ ...paloalto.example, vsys: 'vsys2' })
  assert.equal(parseKey('2001:db8::/64', all), undefined)
  assert.equal(parseKey('198.51.100.0/24', all), '198.51.100.0/24')
  const [, step] = add('203.0.113.5', 60, all) as HttpStep[]
  const form = new URLSearchParams(step!.body as string)
  assert.equal(form.get('vsys'), 'vsys2')
  assert.match(form.get('cmd')!, /<member timeout="60">outrider<\/member>/)
})
