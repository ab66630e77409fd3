import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Alert } from '../alert.ts'
import { openState } from '../durable/state.ts'
import type { Log } from '../log.ts'
import { migrations } from './index.ts'
import { createSilences, readSilences, type Silences } from './silences.ts'
import { alert, bench, FakeClock, fakeServer, numbers, until } from './testing/setup.ts'

const minute = 60_000
const hour = 60 * minute

/** Silences over a file that can be opened again, with a clock that stands still. */
function place(t: TestContext, more: { longest?: number } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-silences-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const clock = new FakeClock()
  const logged: string[] = []
  const log: Log = { debug() {}, info: (line) => void logged.push(line), warn() {}, error() {} }
  let close = () => {}
  t.after(() => close())
  const open = (): Silences => {
    close()
    const state = openState(join(folder, 'state.db'), migrations)
    const silences = createSilences({
      state,
      now: () => clock.now,
      schedule: clock.schedule,
      log,
      destinations: ['slack', 'jira'],
      ...more,
    })
    silences.start()
    close = () => {
      silences.stop()
      state.close()
    }
    return silences
  }
  const look = () => {
    using state = openState(join(folder, 'state.db'), migrations)
    return readSilences(state, clock.now)
  }
  return { clock, logged, open, look }
}

const at = (ms: number, rule = '5710') =>
  ({ timestamp: new Date(ms).toISOString().replace('Z', '+0000'), rule: { id: rule, level: 5 } }) as unknown as Alert
const wish = { rules: ['5710'], seconds: 3600, reason: 'maintenance', by: 'cli:root' }

function added(silences: Silences, more: Partial<Parameters<Silences['add']>[0]> = {}) {
  const result = silences.add({ ...wish, ...more })
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

test('holds back what fits until its end, counts it, and tells so in the log', (t) => {
  const { clock, logged, open } = place(t)
  const silences = open()
  assert.equal(silences.hold(at(clock.now), 'slack'), false)
  const { id, state, what } = added(silences)
  assert.deepEqual([id, state, what], ['1', 'in force', 'rule 5710'])
  assert.equal(silences.hold(at(clock.now), 'slack'), true)
  assert.equal(silences.hold(at(clock.now), 'slack'), true)
  assert.equal(silences.hold(at(clock.now), 'jira'), true)
  assert.equal(silences.hold(at(clock.now, '5711'), 'slack'), false)
  assert.deepEqual(silences.list(false)[0]!.held, { slack: 2, jira: 1 })
  clock.advance(hour)
  assert.equal(silences.hold(at(clock.now), 'slack'), false)
  assert.deepEqual(logged, [
    'silence 1 (rule 5710; maintenance, cli:root) is over: it held back 3 deliveries (slack 2, jira 1)',
  ])
  assert.deepEqual(silences.list(false), [])
  assert.equal(silences.list(true)[0]!.state, 'over')
})

test('what happened in its time is held back however late it comes, and what comes in its time however old it is', (t) => {
  const { clock, open } = place(t)
  const silences = open()
  const began = clock.now
  added(silences)
  assert.equal(silences.hold(at(began - 5 * hour), 'slack'), true)
  clock.advance(3 * hour)
  assert.equal(silences.hold(at(began + minute), 'slack'), true)
  assert.equal(silences.hold(at(began - minute), 'slack'), false)
  assert.equal(silences.hold(at(clock.now), 'slack'), false)
})

test('may begin later', (t) => {
  const { clock, open } = place(t)
  const silences = open()
  assert.equal(added(silences, { since: clock.now + hour }).state, 'planned')
  assert.equal(silences.hold(at(clock.now), 'slack'), false)
  clock.advance(hour)
  assert.equal(silences.hold(at(clock.now), 'slack'), true)
  clock.advance(hour)
  assert.equal(silences.hold(at(clock.now), 'slack'), false)
})

test('is ended by hand, once; one that has not begun never does', (t) => {
  const { clock, open } = place(t)
  const silences = open()
  added(silences)
  const planned = added(silences, { since: clock.now + hour })
  clock.advance(minute)
  const ended = silences.end('1', { reason: 'done', by: 'cli:eve' })
  assert.ok(ended.ok)
  assert.deepEqual([ended.value.state, ended.value.ended_by, ended.value.ended_why], ['over', 'cli:eve', 'done'])
  assert.equal(silences.hold(at(clock.now), 'slack'), false)
  assert.ok(silences.end(planned.id, { reason: 'x', by: 'y' }).ok)
  clock.advance(2 * hour)
  assert.equal(silences.hold(at(clock.now), 'slack'), false)
  for (const [id, status] of [
    ['1', 409],
    ['9', 404],
  ] as const) {
    const again = silences.end(id, { reason: 'x', by: 'y' })
    assert.equal(!again.ok && again.status, status)
  }
  assert.deepEqual(
    silences.audit(10).map(({ what, by, silence }) => [what, by, silence]),
    [
      ['ended', 'cli:eve', '1'],
      ['ended', 'y', '2'],
      ['added', 'cli:root', '1'],
      ['added', 'cli:root', '2'],
    ],
  )
})

test('outlives a restart with its counts; an end that nobody saw is told at the next start', (t) => {
  const { clock, logged, open, look } = place(t)
  const first = open()
  added(first)
  first.hold(at(clock.now), 'slack')
  first.flush()()
  first.hold(at(clock.now), 'slack')
  const second = open()
  assert.deepEqual(second.list(false)[0]!.held, { slack: 1 }, 'what was not written is read again with its alert')
  assert.equal(second.hold(at(clock.now), 'slack'), true)
  second.flush()()
  const found = look()(at(clock.now), 'slack')
  assert.deepEqual([found?.silence.id, found?.why, found?.silence.held], ['1', 'its time', { slack: 2 }])
  assert.equal(look()(at(clock.now - hour), 'slack')?.why, 'now')
  second.stop()
  clock.advance(2 * hour)
  assert.deepEqual(logged, [])
  open()
  open()
  assert.equal(logged.length, 1)
})

test('what cannot be written is refused, and holds nothing back', (t) => {
  const { clock, open } = place(t)
  const silences = open()
  added(silences)
  open()
  const refused = silences.add(wish)
  assert.ok(!refused.ok && refused.status === 409)
  assert.match(refused.error, /^state\.db cannot be written: /)
  assert.equal(silences.end('1', { reason: 'x', by: 'y' }).ok, false)
  assert.equal(silences.list(false).length, 1)
  assert.equal(silences.hold(at(clock.now), 'slack'), true, 'the first is still there')
})

test('what is over is forgotten after three months', (t) => {
  const { clock, open } = place(t)
  const silences = open()
  added(silences)
  clock.advance(91 * 24 * hour)
  added(silences)
  assert.deepEqual(
    silences.list(true).map(({ id }) => id),
    ['2'],
  )
  assert.equal(open().list(true).length, 1)
})

test('what cannot be is refused with the place and the mend', (t) => {
  const { clock, open } = place(t, { longest: 7 * 86_400 })
  const silences = open()
  for (const [more, error, hint] of [
    [{ where: 'rule.level >' }, /^where: .*\(column \d+\)$/, /./],
    [{ where: 'rule.id == 5710' }, /^where: "rule\.id" is text .*\(column 12\)$/, /quotes/],
    [{ destinations: ['slak'] }, /there is no destination "slak"/, /did you mean "slack"/],
    [{ destinations: ['mail'] }, /there is no destination "mail"/, /slack, jira/],
    [{ seconds: 8 * 86_400 }, /7d at most, and this one lasts 8d/, /silences\.longest/],
    [{ since: clock.now - hour }, /cannot begin in the past/, /begins now/],
    [{ rules: undefined }, /does not say what/, /--where true/],
    [{ sources: ['x'] }, /source: "x"/, /10\.0\.0\.0\/8/],
  ] as const) {
    const result = silences.add({ ...wish, ...(more as object) })
    assert.ok(!result.ok && result.status === 400, JSON.stringify(more))
    assert.match(result.error, error)
    assert.match(result.hint ?? '', hint)
  }
  assert.deepEqual(silences.list(true), [])
})

test('holds back in the delivery what is new and what waits, and not what a person insists on', async (t) => {
  const [one, two] = [await fakeServer(t), await fakeServer(t)]
  const { append, open, folder } = bench(t)
  const state = openState(join(folder, 'silences.db'), migrations)
  t.after(() => state.close())
  const clock = new FakeClock()
  const time = { now: () => clock.now, schedule: clock.schedule }
  const log: Log = { debug() {}, info() {}, warn() {}, error() {} }
  const silences = createSilences({ state, ...time, log, destinations: ['d1', 'd2'] })
  one.answer = () => 500
  const runner = await open([{ options: { hook_url: one.url } }, { options: { hook_url: two.url }, silences: false }], {
    ...time,
    silences,
  })
  append(alert(1), alert(2, { rule: { id: '7', level: 5 } }))
  await until(() => runner.list({ limit: 9 }).length === 2)
  assert.ok(silences.add({ ...wish, destinations: ['d1'] }).ok)
  assert.ok(silences.add({ ...wish, rules: ['7'], destinations: ['d1'] }).ok)
  one.answer = () => 200
  const [id] = runner.list({ limit: 9 }).flatMap(({ id, alert }) => (alert.rule === '7' ? [id] : []))
  append(alert(3), alert(4, { rule: { id: '8', level: 5 } }))
  await until(() => clock.advance(50) === undefined && numbers(one).includes(4))
  await until(() => clock.advance(50) === undefined && runner.list({ destination: 'd1', limit: 9 }).length === 0)
  assert.equal(id !== undefined, true)
  assert.deepEqual(silences.list(false)[1]!.held, { d1: 2 })
  assert.deepEqual(silences.list(false)[0]!.held, { d1: 1 })
  await until(() => two.received.length === 4, 'the archive has no gaps')

  one.answer = () => 500
  append(alert(5, { rule: { id: '9', level: 5 } }))
  await until(() => clock.advance(1) === undefined && runner.list({ limit: 9 }).length === 1)
  assert.ok(silences.add({ ...wish, rules: ['9'] }).ok)
  one.answer = () => 200
  assert.ok(runner.retry(runner.list({ limit: 9 })[0]!.id, 'cli').ok)
  await until(() => numbers(one).filter((n) => n === 5).length === 2)
})
