import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Alert } from '../alert.ts'
import { Incidents, type StoredIncident } from './incidents.ts'

const alert = (srcip: string, rule = '1') => ({ rule: { id: rule }, data: { srcip } }) as unknown as Alert
const minute = 60_000

test('sends the first of a group, counts the others, and says how many with the next', () => {
  const incidents = new Incidents(['rule.id', 'data.srcip'], minute, [])
  const first = incidents.see(alert('a'), '1', 0)!
  assert.deepEqual([first.more, first.since], [0, 0])
  assert.notEqual(incidents.see(alert('b'), '2', 0)!.key, first.key)
  assert.notEqual(incidents.see(alert('a', '2'), '3', 0)!.key, first.key)
  for (let n = 0; n < 37; n++) assert.equal(incidents.see(alert('a'), `n${n}`, 1000 + n), undefined)
  assert.deepEqual(incidents.see(alert('a'), 'x', minute), { key: first.key, more: 37, since: 0 })
})

test('what was counted is told when the time is over, though nothing more comes', () => {
  const incidents = new Incidents([], minute, [])
  const { key } = incidents.see(alert('a'), '1', 0)!
  incidents.settled(key)
  incidents.see(alert('b'), '2', 1)
  incidents.see(alert('c'), '3', 2)
  assert.equal(incidents.next(), minute)
  assert.deepEqual(incidents.due(minute - 1), [])
  assert.deepEqual(incidents.due(minute), [{ line: '3', part: { key, more: 1, since: 0 } }])
  assert.deepEqual(incidents.due(2 * minute), [{ line: '3', part: { key, more: 0, since: 0, is_over: true } }])
  assert.equal(incidents.size, 0)
  assert.equal(incidents.next(), undefined)
  assert.equal(incidents.see(alert('a'), '4', 2 * minute)!.more, 0, 'the next one begins anew')
})

test('missing fields are a value of their own', () => {
  const incidents = new Incidents(['data.srcip', 'data.win.user'], minute, [])
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

test('an incident whose message is under way is not written, so that a kill opens it again', () => {
  const { rows, flush } = stored()
  const incidents = new Incidents([], minute, [])
  const { key } = incidents.see(alert('a'), '1', 0)!
  incidents.see(alert('a'), '2', 1)
  flush(incidents)
  assert.equal(rows.size, 0)
  incidents.settled(key)
  incidents.delivered(key, 'SOC-1')
  flush(incidents)
  assert.deepEqual(
    [...rows.values()].map(({ more, ref, last }) => [more, ref, last]),
    [[1, 'SOC-1', '2']],
  )

  const again = new Incidents([], minute, [...rows.values()])
  assert.equal(again.ref(key), 'SOC-1')
  assert.equal(again.see(alert('a'), '3', 2), undefined)
  assert.equal(again.see(alert('a'), '4', minute)!.more, 2)
  flush(again)
  assert.equal([...rows.values()][0]!.more, 2, 'as it was before that message, until it is settled')
  again.see(alert('a'), '5', minute + 1)
  again.settled(key)
  flush(again)
  assert.equal([...rows.values()][0]!.more, 1)
})

test('is forgotten on the disk too', () => {
  const { rows, flush } = stored()
  const incidents = new Incidents([], minute, [])
  incidents.settled(incidents.see(alert('a'), '1', 0)!.key)
  flush(incidents)
  assert.equal(rows.size, 1)
  incidents.due(minute)
  flush(incidents)
  assert.equal(rows.size, 0)
})

test('an attacker cannot open incidents without end', () => {
  const incidents = new Incidents(['data.srcip'], minute, [])
  let sent = 0
  for (let n = 0; n < 100_500; n++) if (incidents.see(alert(`${n}`), '', 0)) sent++
  assert.equal(sent, 100_001)
  assert.equal(incidents.size, 100_001)
})
