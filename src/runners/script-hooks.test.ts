import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeliveryRunner } from '../delivery/index.ts'
import { bench } from '../responses/test-kit.ts'
import { takeOver } from './script-hooks.ts'
import type { HandOver } from './script-socket.ts'

const status = (...names: [name: string, type: string][]) =>
  ({ status: () => names.map(([name, type]) => ({ name, type })), followingSince: () => 0 }) as unknown as Pick<
    DeliveryRunner,
    'status' | 'followingSince'
  >
const alert =
  '{"timestamp":"2026-11-21T10:00:00.500+0000","rule":{"id":"5712","level":10,"description":"brute force"},"data":{"srcip":"203.0.113.9"}}'
const request = (kind: HandOver['kind'], change: Partial<HandOver> = {}): HandOver => ({
  kind,
  program: 'file-drop',
  definition: 'file-drop',
  alert,
  key: '203.0.113.9',
  seconds: 600,
  ...change,
})

const hooks = {
  home: '/var/ossec',
  alerts_file: '/var/ossec/logs/alerts/alerts.json',
  following_since: Date.UTC(2026, 10, 21, 10),
  delivery: status(),
  responses_enabled: true,
  is_root: true,
}

test('an alert is taken for a destination of that name, but never for the script itself', async (t) => {
  const { responder } = await bench(t)
  const delivery = status(['slack', 'slack'], ['custom-jira', 'script'])
  const take = takeOver({ ...hooks, delivery, responder })
  const asked = (program: string) => take(request('alert', { program }))
  assert.deepEqual(await asked('custom-slack'), { taken: true })
  assert.deepEqual(await asked('custom-jira'), { taken: false, reason: 'no destination "custom-jira" runs here' })
})

test('an alert that no cursor will come by is not taken', async (t) => {
  const { responder } = await bench(t)
  const here = { ...hooks, delivery: status(['slack', 'slack']), responder }
  const asked = async (change: Partial<typeof here>, json = alert) =>
    (await takeOver({ ...here, ...change })(request('alert', { program: 'custom-slack', alert: json }))).taken
  assert.equal(await asked({}), true)
  assert.equal(await asked({ alerts_file: '/srv/alerts.json' }), false)
  assert.equal(await asked({ following_since: Date.UTC(2026, 10, 21, 10, 1) }), false)
  assert.equal(await asked({}, '{"rule":{}}'), false)
  for (const since of [undefined, Date.UTC(2026, 10, 21, 10, 1)])
    assert.equal(await asked({ delivery: { ...here.delivery, followingSince: () => since } }), false)
})

test('a block becomes a lease, which outlives a delete of execd and ends on time', async (t) => {
  const { responder, blocked, pass } = await bench(t)
  const take = takeOver({ ...hooks, responder })
  assert.deepEqual(await take(request('add')), { taken: true })
  await responder.settled()
  assert.deepEqual(blocked(), ['203.0.113.9'])
  const [lease] = responder.list()
  assert.deepEqual([lease!.why, lease!.by, lease!.until! - lease!.since], ['rule 5712: brute force', 'execd', 600_000])
  assert.deepEqual(await take(request('delete')), { taken: true })
  assert.deepEqual(await take(request('delete', { key: '203.0.113.8' })), { taken: false, reason: 'no lease holds it' })
  await pass(601)
  assert.deepEqual(blocked(), [])
  assert.deepEqual(await take(request('delete')), { taken: false, reason: 'no lease holds it' })
})

test('what execd asks for is limited, as rules have asked for it and no person', async (t) => {
  const { responder, blocked } = await bench(t, { settings: { max_per_minute: 2 } })
  const take = takeOver({ ...hooks, responder })
  for (let n = 1; n <= 5; n++) assert.deepEqual(await take(request('add', { key: `203.0.113.${n}` })), { taken: true })
  await responder.settled()
  assert.equal(blocked().length, 2)
  assert.deepEqual([...new Set(responder.refusals(9).map(({ guard }) => guard))], ['rate'])
})

test('guards are asked, and what would only be written down is not taken', async (t) => {
  const { responder, blocked } = await bench(t)
  const refused = await takeOver({ ...hooks, responder })(request('add', { key: '127.0.0.1' }))
  assert.match((refused as { refused: string }).refused, /^refused \(loopback\)/)
  for (const change of [{ responses_enabled: false }, { is_root: false }])
    assert.equal((await takeOver({ ...hooks, responder, ...change })(request('add'))).taken, false)
  await responder.settled()
  assert.deepEqual(blocked(), [])
})
