import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isBetween, parseClock, parseTimestamp, wallClock } from './clock.ts'

test('reads the timestamp of an alert, whose offset has no colon', () => {
  assert.equal(parseTimestamp('2024-01-15T10:30:45.123+0000'), 1705314645123)
  assert.equal(parseTimestamp('2024-01-15T10:30:45.123-0530'), 1705314645123 + 5.5 * 3_600_000)
  for (const odd of [undefined, 7, '', 'yesterday']) assert.equal(parseTimestamp(odd), undefined)
})

test('shows the clock of the manager as written, or of a zone', () => {
  assert.deepEqual(wallClock('2024-01-15T23:30:45.123+0300'), { minutes: 23 * 60 + 30, weekday: 1 })
  assert.deepEqual(wallClock('2024-01-15T23:30:45.123+0300', 'UTC'), { minutes: 20 * 60 + 30, weekday: 1 })
  assert.deepEqual(wallClock('2024-06-30T22:30:00.000+0000', 'Europe/Berlin'), { minutes: 30, weekday: 1 })
  assert.equal(wallClock(undefined), undefined)
  assert.equal(wallClock('no', 'UTC'), undefined)
})

test('a span may go over midnight', () => {
  const at = (clock: string) => parseClock(clock)
  assert.equal(isBetween(at('23:59'), '22:00', '06:00'), true)
  assert.equal(isBetween(at('06:00'), '22:00', '06:00'), false)
  assert.equal(isBetween(at('08:00'), '08:00', '18:00'), true)
  assert.equal(isBetween(at('18:00'), '08:00', '18:00'), false)
  assert.equal(isBetween(at('23:59'), '00:00', '24:00'), true)
  assert.equal(isBetween(undefined, '00:00', '24:00'), false)
  for (const odd of ['25:00', '24:01', '7', '07:60', '']) assert.equal(parseClock(odd), undefined)
})
