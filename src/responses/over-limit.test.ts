import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bench } from './test-kit.ts'

test('at most so many new ones a minute, also over a restart', async (t) => {
  const bed = await bench(t, { settings: { max_per_minute: 3 } })
  for (let n = 1; n <= 5; n++) await bed.alert({ srcip: `203.0.113.${n}` })
  assert.equal(bed.blocked().length, 3)
  assert.deepEqual(
    bed.responder
      .refusals(10)
      .map(({ key, guard, reason }) => [key, guard, reason])
      .sort(),
    [4, 5].map((n) => [`203.0.113.${n}`, 'rate', 'more than 3 new ones within a minute']),
  )
  const again = await bed.restart()
  await again.alert({ srcip: '203.0.113.6' })
  assert.equal(again.blocked().length, 3)
  await again.pass(61)
  await again.alert({ srcip: '203.0.113.6' })
  assert.equal(again.blocked().length, 4)
})

test('over the limit a person may be asked; silence means what was configured', async (t) => {
  const over_limit = { kind: 'ask', seconds: 300, otherwise: 'refuse' } as const
  const bed = await bench(t, { settings: { max_per_minute: 1 }, tuning: { over_limit } })
  for (let n = 1; n <= 4; n++) await bed.alert({ srcip: `203.0.113.${n}` })
  const [, second, third, fourth] = bed.responder.list().sort((a, b) => (a.key < b.key ? -1 : 1))
  assert.match(second!.reason!, /waits for approval/)
  assert.equal(bed.responder.answer(second!.id, true, { reason: '', by: 'cli:root' }).ok, false, 'a reason is needed')
  assert.equal(bed.responder.answer(second!.id, true, { reason: 'scanner', by: 'cli:root' }).ok, true)
  assert.equal(bed.responder.answer(third!.id, false, { reason: 'a customer', by: 'cli:root' }).ok, true)
  await bed.responder.settled()
  assert.deepEqual(bed.blocked(), ['203.0.113.1', '203.0.113.2'])
  await bed.pass(300)
  assert.equal(bed.responder.show(fourth!.id)!.note, 'nobody approved it in time')
  assert.deepEqual(
    bed.responder.audit(9).map(({ what, reason, by }) => [what, reason, by]),
    [
      ['denied', 'a customer', 'cli:root'],
      ['approved', 'scanner', 'cli:root'],
    ],
  )
})

test('when nobody answers it may be done all the same', async (t) => {
  const over_limit = { kind: 'ask', seconds: 300, otherwise: 'act' } as const
  const bed = await bench(t, { settings: { max_per_minute: 1 }, tuning: { over_limit } })
  for (let n = 1; n <= 2; n++) await bed.alert({ srcip: `203.0.113.${n}` })
  await bed.pass(299)
  assert.deepEqual(bed.blocked(), ['203.0.113.1'])
  await bed.pass(1)
  assert.deepEqual(bed.blocked(), ['203.0.113.1', '203.0.113.2'])
})

test('all that wait can be answered at once; each is in the audit', async (t) => {
  const over_limit = { kind: 'ask', seconds: 300, otherwise: 'refuse' } as const
  const asked: [string, number, number][] = []
  const bed = await bench(t, {
    settings: { max_per_minute: 1 },
    tuning: { over_limit },
    asked(block, until) {
      asked.push([block.key, block.asks!.seconds, until - block.since])
      return `http://outrider.example.com/approve/${block.key}`
    },
  })
  for (let n = 1; n <= 3; n++) await bed.alert({ srcip: `203.0.113.${n}` })
  assert.deepEqual(asked, [
    ['203.0.113.2', 600, 300_000],
    ['203.0.113.3', 600, 300_000],
  ])
  const told = bed.log.records.filter(({ fields }) => fields?.approve !== undefined)
  assert.equal(told[0]!.fields!.approve, 'http://outrider.example.com/approve/203.0.113.2')
  assert.equal(bed.responder.answerAll(true, { reason: ' ', by: 'me' }).ok, false, 'a reason is needed')
  const before = Math.min(...bed.responder.list().map(({ since }) => since)) - 1
  const unseen = bed.responder.answerAll(true, { reason: 'scan', by: 'me' }, before)
  assert.deepEqual(unseen, { ok: true, value: { count: 0 } }, 'they came after somebody looked')
  assert.deepEqual(bed.responder.answerAll(true, { reason: 'scan', by: 'me' }), { ok: true, value: { count: 2 } })
  await bed.responder.settled()
  assert.equal(bed.blocked().length, 3)
  assert.deepEqual(
    bed.responder
      .audit(9)
      .map(({ what, target }) => `${what} ${target}`)
      .sort(),
    ['approved 203.0.113.2', 'approved 203.0.113.3'],
  )
  assert.deepEqual(bed.responder.answerAll(false, { reason: 'x', by: 'me' }), { ok: true, value: { count: 0 } })
})
