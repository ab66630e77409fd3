import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Alert } from '../alert.ts'
import { Incidents, type StoredIncident } from './incidents.ts'

const alert = (srcip: string, rule = '1') => ({ rule: { id: rule }, data: { srcip } }) as unknown as Alert
const minute = 60_000

const grouped = (
  fields: string[],
  stored: StoredIncident[],
  more: { quiet_ms?: number; keeps_alerts?: boolean } = {},
) => new Incidents({ fields, repeat_ms: minute, quiet_ms: minute, ...more }, stored)

test('sends the first of a group, counts the others, and says how many with the next', () => {
  const incidents = grouped(['rule.id', 'data.srcip'], [])
  const first = incidents.see(alert('a'), '1', 0)!
  assert.deepEqual([first.more, first.since], [0, 0])
  assert.notEqual(incidents.see(alert('b'), '2', 0)!.key, first.key)
  assert.notEqual(incidents.see(alert('a', '2'), '3', 0)!.key, first.key)
  for (let n = 0; n < 37; n++) assert.equal(incidents.see(alert('a'), `n${n}`, 1000 + n), undefined)
  assert.deepEqual(incidents.see(alert('a'), 'x', minute), { key: first.key, more: 37, since: 0 })
})

test('what was counted is told when the time is over, though nothing more comes', () => {
  const incidents = grouped([], [])
  const part = incidents.see(alert('a'), '1', 0)!
  const { key } = part
  incidents.settled(part)
  incidents.see(alert('b'), '2', 1)
  incidents.see(alert('c'), '3', 2)
  assert.equal(incidents.next(), minute)
  assert.deepEqual(incidents.due(minute - 1), [])
  assert.deepEqual(incidents.due(minute), [{ line: '3', part: { key, more: 1, since: 0 } }])
  assert.deepEqual(incidents.due(2 * minute), [
    { line: '3', part: { key, more: 0, since: 0, is_over: true, over: { by: 'quiet', seconds: 60 } } },
  ])
  assert.equal(incidents.size, 0)
  assert.equal(incidents.next(), undefined)
  assert.equal(incidents.see(alert('a'), '4', 2 * minute)!.more, 0, 'the next one begins anew')
})

test('missing fields are a value of their own', () => {
  const incidents = grouped(['data.srcip', 'data.win.user'], [])
  assert.ok(incidents.see({ rule: {} } as Alert, '1', 0))
  assert.equal(incidents.see({ rule: {}, data: 'text' } as unknown as Alert, '2', 0), undefined)
})

function stored() {
  const rows = new Map<string, StoredIncident>()
  const flush = (incidents: Incidents) =>
    incidents.flush(
      (one) => rows.set(one.key, { ...one }),
      (key) => rows.delete(key),
    )()
  return { rows, flush }
}

test('one that is opened while the end of the one before is not written is not taken for that one after a kill', () => {
  const { rows, flush } = stored()
  const incidents = grouped(['data.srcip'], [])
  const part = incidents.see(alert('a'), '1', 0)!
  incidents.delivered(part, 'TICKET-1')
  incidents.settled(part)
  flush(incidents)
  assert.equal(rows.size, 1)
  assert.equal(incidents.end(alert('a'), '2')!.part.ref, 'TICKET-1')
  const next = incidents.see(alert('a'), '3', 5)!
  flush(incidents)
  assert.equal(rows.size, 0)
  incidents.settled(next)
  flush(incidents)
  assert.equal(rows.get(next.key)!.ref, null)
})

test('an incident whose message is under way is not written, so that a kill opens it again', () => {
  const { rows, flush } = stored()
  const incidents = grouped([], [])
  const part = incidents.see(alert('a'), '1', 0)!
  incidents.see(alert('a'), '2', 1)
  flush(incidents)
  assert.equal(rows.size, 0)
  incidents.settled(part)
  incidents.delivered(part, 'SOC-1')
  flush(incidents)
  assert.deepEqual(
    [...rows.values()].map(({ more, ref, last }) => [more, ref, last]),
    [[1, 'SOC-1', '2']],
  )

  const again = grouped([], [...rows.values()])
  assert.equal(again.ref(part), 'SOC-1')
  assert.equal(again.see(alert('a'), '3', 2), undefined)
  assert.equal(again.see(alert('a'), '4', minute)!.more, 2)
  flush(again)
  assert.equal([...rows.values()][0]!.more, 2, 'as it was before that message, until it is settled')
  again.see(alert('a'), '5', minute + 1)
  again.settled(part)
  flush(again)
  assert.equal([...rows.values()][0]!.more, 1)
})

test('is forgotten on the disk too', () => {
  const { rows, flush } = stored()
  const incidents = grouped([], [])
  incidents.settled(incidents.see(alert('a'), '1', 0)!)
  flush(incidents)
  assert.equal(rows.size, 1)
  incidents.due(minute)
  flush(incidents)
  assert.equal(rows.size, 0)
})

test('an attacker cannot open incidents without end', () => {
  const incidents = grouped(['data.srcip'], [])
  let sent = 0
  for (let n = 0; n < 100_500; n++) if (incidents.see(alert(`${n}`), '', 0)) sent++
  assert.equal(sent, 100_001)
  assert.equal(incidents.size, 100_001)
})

test('is over after its own quiet time, which may be longer than that between messages', () => {
  const incidents = grouped([], [], { quiet_ms: 10 * minute })
  const part = incidents.see(alert('a'), '1', 0)!
  const { key } = part
  incidents.settled(part)
  assert.deepEqual(incidents.due(minute), [])
  assert.equal(incidents.next(), 10 * minute)
  assert.equal(incidents.see(alert('a'), '2', 5 * minute)!.more, 0, 'the same incident')
  incidents.settled(part)
  assert.equal(incidents.see(alert('a'), '3', 5 * minute + 1), undefined)
  assert.deepEqual(
    incidents.due(6 * minute).map(({ part }) => part),
    [{ key, more: 0, since: 0 }],
  )
  assert.deepEqual(incidents.due(15 * minute), [])
  assert.deepEqual(
    incidents.due(16 * minute).map(({ part }) => part.over),
    [{ by: 'quiet', seconds: 600 }],
  )
  assert.equal(incidents.size, 0)
})

test('an alert of its group ends it, once, with all that was counted', () => {
  const { rows, flush } = stored()
  const incidents = grouped(['data.srcip'], [])
  const part = incidents.see(alert('a'), '1', 0)!
  const { key } = part
  incidents.settled(part)
  incidents.delivered(part, 'SOC-1')
  incidents.see(alert('a'), '2', 1)
  flush(incidents)
  assert.equal(rows.size, 1)
  assert.equal(incidents.end(alert('b'), 'end'), undefined)
  const over = { by: 'alert' } as const
  assert.deepEqual(incidents.end(alert('a', '503'), 'end'), {
    line: 'end',
    part: { key, more: 1, since: 0, is_over: true, over, ref: 'SOC-1' },
  })
  assert.equal(incidents.end(alert('a', '503'), 'end'), undefined)
  flush(incidents)
  assert.equal(rows.size, 0)
  assert.equal(incidents.see(alert('a'), '3', 2)!.since, 2, 'the next one begins anew')
})

const named = (srcip: string, id: string) => ({ ...alert(srcip, '5712'), id }) as Alert

/** Counts who holds it. */
function ended(alert: string, rule = '5712') {
  const end = {
    ...{ alert, rule, target: '203.0.113.9', holders: 0 },
    hold: () => void end.holders++,
    release: () => void end.holders--,
  }
  return end
}

test('the end of a block ends the incident of its alert, also after a restart', () => {
  const { rows, flush } = stored()
  const incidents = grouped(['data.srcip'], [], { keeps_alerts: true })
  for (const [srcip, id] of [
    ['a', '1.0'],
    ['a', '1.1'],
    ['b', '1.2'],
  ] as const) {
    const part = incidents.see(named(srcip, id), id, 0)
    if (part) incidents.settled(part)
  }
  flush(incidents)
  const again = grouped(['data.srcip'], [...rows.values()], { keeps_alerts: true })
  assert.deepEqual(again.endOfBlocks([ended('1.1', '1')], 1), [])
  const [end, ...others] = again.endOfBlocks([ended('1.1', '5712')], 1)
  assert.deepEqual([end!.line, end!.part.more, end!.part.over], ['1.1', 0, { by: 'block', target: '203.0.113.9' }])
  assert.deepEqual(others, [])
  assert.equal(again.size, 1)
  for (let n = 0; n < 60; n++) again.see(named('b', `2.${n}`), '', 1)
  flush(again)
  assert.deepEqual([...rows.values()][0]!.alerts.length, 50)
  assert.deepEqual(again.endOfBlocks([ended('2.9', '5712')], 1), [], 'only the newest are known')
  assert.equal(again.endOfBlocks([ended('2.10', '5712')], 1).length, 1)
})

test('a block that ends before its alert was read and told of ends the incident then', () => {
  const incidents = grouped(['data.srcip'], [], { keeps_alerts: true })
  const [early, meanwhile, unknown] = [ended('1.0'), ended('1.1'), ended('9.9')]
  const held = () => [early, meanwhile, unknown].map(({ holders }) => holders)
  assert.deepEqual(incidents.endOfBlocks([early, unknown], 5), [])
  const first = incidents.see(named('a', '1.0'), 'a', 6)!
  const second = incidents.see(named('b', '1.1'), 'b', 6)!
  assert.deepEqual(incidents.endOfBlocks([meanwhile], 7), [])
  assert.deepEqual(incidents.endsThatWaited(), [], 'after a kill they would be read again, and be open for ever')
  assert.deepEqual(held(), [1, 1, 1])
  incidents.settled(first)
  incidents.settled(second)
  assert.deepEqual(
    incidents.endsThatWaited().map(({ line, part }) => [line, part.is_over, part.over]),
    ['a', 'b'].map((line) => [line, true, { by: 'block', target: '203.0.113.9' }]),
  )
  assert.deepEqual(held(), [0, 0, 1])
  assert.equal(
    incidents.early.letGo((since) => since < 5),
    false,
  )
  assert.equal(
    incidents.early.letGo((since) => since <= 5),
    true,
  )
  assert.deepEqual([held(), incidents.size, incidents.early.isEmpty], [[0, 0, 0], 0, true])
})

test('one that is counted with others ends their incident at once', () => {
  const incidents = grouped(['data.srcip'], [], { keeps_alerts: true })
  incidents.settled(incidents.see(named('a', '1.0'), '0', 0)!)
  incidents.endOfBlocks([ended('1.1')], 1)
  assert.equal(incidents.see(named('a', '1.1'), '1', 2), undefined)
  assert.equal(incidents.endsThatWaited().length, 1)
})
