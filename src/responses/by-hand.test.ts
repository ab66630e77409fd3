import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bench, block, rarely } from './test-kit.ts'

test('by hand: add, extend, remove, with a reason that is kept', async (t) => {
  const bed = await bench(t)
  const by = 'cli:root'
  const { responder } = bed
  assert.deepEqual(responder.responses(), ['file-drop'])
  const wrong = responder.add({ response: 'file-drop', key: 'x', seconds: 60, reason: 'r', by })
  assert.deepEqual(wrong, { ok: false, status: 400, error: '"x" is no address that file-drop could act on' })
  const refused = responder.add({ response: 'file-drop', key: '127.0.0.1', seconds: 60, reason: 'r', by })
  assert.match(!refused.ok ? refused.error : '', /refused \(loopback\)/)
  const unknown = responder.add({ response: 'nothing', key: '192.0.2.1', seconds: 60, reason: 'r', by })
  assert.match(!unknown.ok ? unknown.error : '', /there is no active-response\/bin\/nothing/)

  const added = responder.add({ response: 'file-drop', key: '198.51.100.0/25', seconds: 60, reason: 'scanners', by })
  assert.ok(added.ok)
  await responder.settled()
  assert.deepEqual(bed.blocked(), ['198.51.100.0/25'])
  const { id } = added.value
  const extended = responder.extend(id, 60, { reason: 'still there', by })
  assert.deepEqual(extended, { ok: true, value: { until: bed.time.now() + 120_000 } })
  await bed.pass(61)
  assert.deepEqual(bed.blocked(), ['198.51.100.0/25'])
  assert.deepEqual(responder.remove(id, { reason: 'sorted out', by }), { ok: true, value: {} })
  await responder.settled()
  assert.deepEqual(bed.blocked(), [])
  assert.equal(responder.remove(id, { reason: 'again', by }).ok, false)
  assert.deepEqual(
    responder.audit(10).map(({ what, target, reason }) => [what, target, reason]),
    [
      ['removed', '198.51.100.0/25', 'sorted out'],
      ['extended', '198.51.100.0/25', 'still there'],
      ['added file-drop', '198.51.100.0/25', 'scanners'],
      ['refused to add file-drop', '127.0.0.1', 'r'],
    ],
  )
})

test('a block for ever stays until it is removed by hand', async (t) => {
  const bed = await bench(t, { responses: [block('file-drop', { timeout: 0 })], tuning: rarely })
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.pass(10 * 365 * 86_400)
  assert.deepEqual(bed.blocked(), ['203.0.113.5'])
  const [lease] = bed.responder.list()
  assert.equal(lease!.until, undefined)
  bed.responder.remove(lease!.id, { reason: 'r', by: 'cli:root' })
  await bed.responder.settled()
  assert.deepEqual(bed.blocked(), [])
})

test('what a person allows is undone and refused, until then', async (t) => {
  const bed = await bench(t)
  await bed.alert({ srcip: '203.0.113.5' })
  await bed.alert({ srcip: '203.0.113.6' })
  const by = 'cli:root'
  assert.equal(bed.responder.allow('203.0.113.5/31', 3600, { reason: '', by }).ok, false)
  const allowed = bed.responder.allow('203.0.113.5/32', 3600, { reason: 'a customer', by })
  assert.deepEqual(allowed, { ok: true, value: { undone: 1 } })
  await bed.responder.settled()
  assert.deepEqual(bed.blocked(), ['203.0.113.6'])
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(bed.blocked(), ['203.0.113.6'])
  const [refusal] = bed.responder.refusals(1)
  assert.deepEqual([refusal!.guard, refusal!.reason], ['allowed', '203.0.113.5 is allowed: a customer'])
  assert.deepEqual(
    bed.responder.allowed().map(({ entry, until }) => [entry, until]),
    [['203.0.113.5', bed.time.now() + 3_600_000]],
  )
  await bed.pass(3600)
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(bed.blocked(), ['203.0.113.5'])
  bed.responder.allow('203.0.113.5', 0, { reason: 'for good', by })
  await bed.responder.settled()
  assert.equal(bed.responder.disallow('203.0.113.5', { reason: 'not for good', by }).ok, true)
  assert.equal(bed.responder.disallow('203.0.113.5', { reason: 'again', by }).ok, false)
  await bed.alert({ srcip: '203.0.113.5' })
  assert.deepEqual(bed.blocked(), ['203.0.113.5'])
})

test('by hand in a dry run: said, not done, and not twice', async (t) => {
  const bed = await bench(t, { settings: { enabled: false } })
  const add = () =>
    bed.responder.add({ response: 'file-drop', key: '203.0.113.5', seconds: 60, reason: 'r', by: 'test' })
  const first = add()
  await bed.responder.settled()
  assert.deepEqual(add(), first)
  await bed.responder.settled()
  assert.deepEqual([bed.blocked(), bed.responder.list().length], [[], 1])
  assert.ok(first.ok && bed.responder.remove(first.value.id, { reason: 'r', by: 'test' }).ok)
  assert.deepEqual(bed.responder.list(), [])
})
