import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { dueAfter, runOnSchedule, type Schedule } from './schedule.ts'
import { makeBench } from './test-kit.ts'

const utc = () => 0
/** Berlin in 2026: summer time from 29 March 01:00 UTC to 25 October 01:00 UTC. */
const berlin = (at: number) => (at >= Date.UTC(2026, 2, 29, 1) && at < Date.UTC(2026, 9, 25, 1) ? 120 : 60)
const days = (every: number) => ({ every: every * 86_400, unit: 'seconds' }) as const
const months = (every: number) => ({ every, unit: 'months' }) as const

test('a schedule is due', () => {
  const cases: [string, Schedule, last: string, due: string, offset?: (at: number) => number][] = [
    [
      'after its interval',
      { interval: { every: 90, unit: 'seconds' } },
      '2026-01-31T10:00:07Z',
      '2026-01-31T10:01:37Z',
    ],
    ['at its time today', { interval: days(1), time: '12:30' }, '2026-01-31T10:00Z', '2026-01-31T12:30Z'],
    ['at its time tomorrow', { interval: days(1), time: '09:30' }, '2026-01-31T10:00Z', '2026-02-01T09:30Z'],
    ['every second day', { interval: days(2), time: '12:30' }, '2026-01-31T12:30Z', '2026-02-02T12:30Z'],
    ['at its local time', { interval: days(1), time: '00:30' }, '2026-01-31T10:00Z', '2026-01-31T23:30Z', berlin],
    [
      'at the same hour after the clocks went forward',
      { interval: days(1), time: '12:00' },
      '2026-03-28T11:00Z',
      '2026-03-29T10:00Z',
      berlin,
    ],
    [
      'at the same hour after they went back',
      { interval: days(1), time: '12:00' },
      '2026-10-24T10:00Z',
      '2026-10-25T11:00Z',
      berlin,
    ],
    [
      'an hour later where its time does not exist',
      { interval: days(1), time: '02:30' },
      '2026-03-28T01:30Z',
      '2026-03-29T01:30Z',
      berlin,
    ],
    ['on its day of the week', { interval: days(7), wday: 1, time: '06:00' }, '2026-01-31T10:00Z', '2026-02-02T06:00Z'],
    [
      'on this day of the week when it is not over',
      { interval: days(7), wday: 6, time: '11:00' },
      '2026-01-31T10:00Z',
      '2026-01-31T11:00Z',
    ],
    ['on this day next week', { interval: days(7), wday: 6, time: '09:00' }, '2026-01-31T10:00Z', '2026-02-07T09:00Z'],
    ['every second week', { interval: days(14), wday: 6 }, '2026-01-31T00:00Z', '2026-02-14T00:00Z'],
    [
      'on its day of the month',
      { interval: months(1), day: 15, time: '01:00' },
      '2026-01-31T10:00Z',
      '2026-02-15T01:00Z',
    ],
    [
      'on the last day of a short month',
      { interval: months(1), day: 31, time: '01:00' },
      '2026-01-31T01:00Z',
      '2026-02-28T01:00Z',
    ],
    [
      'on the 31st again after a short month',
      { interval: months(1), day: 31, time: '01:00' },
      '2026-02-28T01:00Z',
      '2026-03-31T01:00Z',
    ],
    ['every third month over the year', { interval: months(3), day: 1 }, '2026-11-01T00:00Z', '2027-02-01T00:00Z'],
  ]
  for (const [name, schedule, last, due, offset = utc] of cases)
    assert.equal(
      new Date(dueAfter(schedule, Date.parse(last), offset)).toISOString(),
      new Date(due).toISOString(),
      name,
    )
})

describe('something on a schedule', () => {
  /** A clock that moves only while somebody sleeps, or works. */
  const bench = (t: Parameters<typeof makeBench>[0]) => {
    const parts = makeBench(t)
    const clock = { now: Date.UTC(2026, 0, 31) }
    const begun = clock.now
    const started: number[] = []
    const run = async (options: { until_s: number; run_on_start?: boolean; takes_s?: number }) => {
      const ending = new AbortController()
      await runOnSchedule(
        {
          ...parts,
          name: 'x',
          schedule: { interval: { every: 60, unit: 'seconds' } },
          run_on_start: options.run_on_start ?? false,
          now: () => clock.now,
          utc_offset: utc,
          async sleep(ms) {
            clock.now = Math.min(clock.now + ms, begun + options.until_s * 1000)
            if (clock.now - begun >= options.until_s * 1000) ending.abort()
          },
          async work() {
            started.push((clock.now - begun) / 1000)
            clock.now += (options.takes_s ?? 0) * 1000
            if (clock.now - begun >= options.until_s * 1000) ending.abort()
          },
        },
        ending.signal,
      )
    }
    return { ...parts, clock, started, run }
  }

  test('runs at a fixed rate, at first after one interval', async (t) => {
    const { started, run } = bench(t)
    await run({ until_s: 200, takes_s: 5 })
    assert.deepEqual(started, [60, 120, 180])
  })

  test('runs at once with run_on_start', async (t) => {
    const { started, run } = bench(t)
    await run({ until_s: 100, run_on_start: true })
    assert.deepEqual(started, [0, 60])
  })

  test('runs again at once when a run took longer than its interval, and says so', async (t) => {
    const { started, run, logged } = bench(t)
    await run({ until_s: 300, takes_s: 70 })
    assert.deepEqual(started, [60, 130, 200, 270])
    assert.match(logged[0]!, /warn: x: a run took longer than its interval/)
  })

  test('goes on with its schedule after a restart', async (t) => {
    const { started, run, clock } = bench(t)
    await run({ until_s: 150 })
    clock.now += 10_000
    await run({ until_s: 300 })
    assert.deepEqual(started, [60, 120, 180, 240])
  })

  test('makes up for all the runs it missed with one', async (t) => {
    const { started, run, clock } = bench(t)
    await run({ until_s: 100 })
    clock.now += 1000_000
    await run({ until_s: 1200 })
    assert.deepEqual(started, [60, 1100, 1160])
  })

  test('repeats a run that was cut short', async (t) => {
    const { started, run, clock } = bench(t)
    await run({ until_s: 65, takes_s: 30 })
    clock.now += 1000
    await run({ until_s: 130, takes_s: 5 })
    assert.deepEqual(started, [60, 91, 120])
  })

  test('does not wait for ever when the clock was set back', async (t) => {
    const { started, run, state } = bench(t)
    state.cursor('schedule x').set({ last: Date.UTC(2030, 0, 1) })
    await run({ until_s: 100 })
    assert.deepEqual(started, [60])
  })
})
