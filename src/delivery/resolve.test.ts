import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openState } from '../durable/state.ts'
import { migrations, noteBlockEnd } from './index.ts'
import { alert, bench, FakeClock, type FakeServer, fakeServer, until } from './testing/setup.ts'

const now = new FakeClock().now
const timestamp = new Date(now).toISOString().replace('Z', '+0000')
/** The stock rules that say that an agent is away, and that it is back. */
const away = (n: number, agent: string) =>
  alert(n, { timestamp, rule: { level: 3, id: '504', description: 'disconnected' }, agent: { id: agent, name: agent } })
const back = (n: number, agent: string) =>
  alert(n, { timestamp, rule: { level: 3, id: '503', description: 'started' }, agent: { id: agent, name: agent } })

const grouped = { group_by: ['agent.id'], repeat: 600, where: 'rule.id == "504"', resolve_on: 'rule.id == "503"' }
const bodies = ({ received }: FakeServer) => received.map(({ body }) => JSON.parse(body))

/** Time that goes on by itself a little with each look, so that commits fall due. */
function moving() {
  const clock = new FakeClock()
  const tick = (holds: () => boolean) => until(() => clock.advance(5) === undefined && holds())
  return { clock, tick, time: { now: () => clock.now, schedule: clock.schedule } }
}

test('an alert that says so ends the incident of its group, and is not sent by itself', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const { clock, tick, time } = moving()
  const options = { hook_url: server.url, api_key: 'k' }
  const runner = await open(
    [
      { type: 'gotify', options, ...grouped },
      { type: 'gotify', options, ...grouped, language: 'ru' },
    ],
    time,
  )
  append(back(1, '001'), away(2, '002'), away(3, '003'), away(4, '002'), back(5, '002'))
  await tick(() => runner.status().every(({ delivered }) => delivered === 3))
  clock.advance(86_400_000)
  await tick(() => runner.status().every(({ waiting, lag_bytes }) => waiting + lag_bytes === 0))
  const titles = bodies(server).map(({ title }) => title)
  assert.deepEqual(titles.toSorted(), [
    'Level 3: disconnected (002)',
    'Level 3: disconnected (003)',
    '[resolved] Level 3: started (002) (+1 more)',
    '[закрыто] Уровень 3: started (002) (и ещё 1)',
    'Уровень 3: disconnected (002)',
    'Уровень 3: disconnected (003)',
  ])
  const end = (mark: string) => bodies(server).find(({ title }) => title.startsWith(mark)).message
  assert.match(
    end('[resolved]'),
    /^Resolved by rule 503 \(started\)\.\n1 more like this since the last message\.\n\nAgent: 002/,
  )
  assert.match(
    end('[закрыто]'),
    /^Закрыто правилом 503 \(started\)\.\nЕщё 1 таких с прошлого сообщения\.\n\nАгент: 002/,
  )
})

test('what says itself when it is over is not over by an hour of quiet', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const { clock, tick, time } = moving()
  server.answer = () => ({ status: 202, body: '{"dedup_key":"k"}' })
  const options = { hook_url: server.url, api_key: 'k', dedup: 'alert', client: 'x' }
  const runner = await open([{ type: 'pagerduty', options, ...grouped }], time)
  append(away(1, '001'), away(2, '002'))
  await tick(() => runner.status()[0]!.delivered === 2)
  clock.advance(6 * 86_400_000)
  await tick(() => runner.status()[0]!.waiting === 0)
  assert.equal(server.received.length, 2)
  append(back(3, '001'))
  await tick(() => server.received.length === 3)
  clock.advance(2 * 86_400_000)
  await tick(() => server.received.length === 4)
  const [first, second, third, fourth] = bodies(server)
  assert.deepEqual([third.event_action, fourth.event_action], ['resolve', 'resolve'])
  assert.deepEqual([third.dedup_key, fourth.dedup_key], [first.dedup_key, second.dedup_key])
})

const jira = (url: string) => ({
  type: 'jira',
  options: { hook_url: url, api_key: 'k', project: 'SOC', issue_type: 'Task', labels: [], fields: {} },
  ...grouped,
})

/** Makes and comments issues. */
function tickets(): FakeServer['answer'] {
  let issues = 0
  return ({ path }) =>
    path.endsWith('/comment') ? { status: 201, body: '{"id":"1"}' } : { status: 201, body: `{"key":"SOC-${++issues}"}` }
}

test('an end that comes before the ticket is known waits for it, also over a kill', async (t) => {
  const server = await fakeServer(t)
  const { append, open, folder } = bench(t)
  const { tick, time } = moving()
  server.answer = () => 503
  const first = await open([jira(server.url)], time)
  append(away(1, '001'), back(2, '001'), away(3, '001'))
  await tick(
    () => first.status()[0]!.waiting === 3 || (first.status()[0]!.waiting === 2 && first.status()[0]!.lag_bytes === 0),
  )
  await first.stop()

  server.received.length = 0
  server.answer = tickets()
  const second = await open([jira(server.url)], time)
  await tick(() => server.received.length === 3)
  assert.deepEqual(
    server.received.map(({ path }) => path),
    ['/rest/api/2/issue', '/rest/api/2/issue/SOC-1/comment', '/rest/api/2/issue'],
  )
  assert.match(
    bodies(server)[1].body,
    /^\{noformat\}\[resolved\] Level 3: started \(001\)\nResolved by rule 503 \(started\)\./,
  )
  await second.stop()

  // The incident that was opened after that end is the one that is known now.
  using state = openState(join(folder, 'state.db'), migrations)
  assert.deepEqual(
    state.db
      .prepare('SELECT ref FROM incident')
      .all()
      .map(({ ref }) => ref),
    ['SOC-2'],
  )
})

for (const restarts of [false, true])
  test(`what waits when the incident ends still belongs to its ticket${restarts ? ', also after a restart' : ''}`, async (t) => {
    const server = await fakeServer(t)
    const { append, open } = bench(t)
    const { clock, tick, time } = moving()
    server.answer = tickets()
    const first = await open([jira(server.url)], time)
    append(away(1, '001'))
    await tick(() => first.status()[0]!.delivered === 1)
    server.answer = () => 503
    clock.advance(600_000)
    append(away(2, '001'))
    await tick(() => first.status()[0]!.waiting === 1)
    append(back(3, '001'))
    await tick(() => first.status()[0]!.waiting === 2)
    server.answer = tickets()
    server.received.length = 0
    if (restarts) await first.stop()
    const runner = restarts ? await open([jira(server.url)], time) : first
    await tick(() => runner.status()[0]!.waiting === 0)
    assert.deepEqual(
      server.received.map(({ path }) => path),
      ['/rest/api/2/issue/SOC-1/comment', '/rest/api/2/issue/SOC-1/comment'],
    )
  })

for (const all of [false, true])
  test(`what a person wants tried again keeps the order of its incident, ${all ? 'all' : 'only its end'}`, async (t) => {
    const server = await fakeServer(t)
    const { append, open } = bench(t)
    const { tick, time } = moving()
    server.answer = () => 401
    const runner = await open([jira(server.url)], time)
    append(away(1, '001'), back(2, '001'))
    await tick(() => runner.status()[0]!.state === 'paused' && runner.list({ limit: 9 }).length === 2)
    server.answer = tickets()
    server.received.length = 0
    if (all) runner.retryAll('d1', 'cli')
    else runner.retry(runner.list({ limit: 1 })[0]!.id, 'cli')
    await tick(() => runner.status()[0]!.waiting === 0)
    assert.deepEqual(
      server.received.map(({ path }) => path),
      ['/rest/api/2/issue', '/rest/api/2/issue/SOC-1/comment'],
    )
  })

test('the name of a ticket is kept for its end, which is tried later', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const { tick, time } = moving()
  let isUp = false
  server.answer = ({ path }) => {
    if (!isUp) return 503
    return path.endsWith('/comment') ? 503 : { status: 201, body: '{"key":"SOC-7"}' }
  }
  const first = await open([jira(server.url)], time)
  append(away(1, '001'), back(2, '001'))
  await tick(() => first.status()[0]!.waiting === 2)
  isUp = true
  await tick(() => server.received.at(-1)?.path.endsWith('/SOC-7/comment') === true)
  await first.stop()
  server.answer = () => 201
  const second = await open([jira(server.url)], time)
  await tick(() => second.status()[0]!.delivered === 1)
  assert.equal(server.received.at(-1)!.path, '/rest/api/2/issue/SOC-7/comment')
  assert.equal(second.status()[0]!.waiting, 0)
})

test('an end waits for the destination that has the ticket, and does not go to its fallback', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const { clock, tick, time } = moving()
  const made = tickets()
  let isAway = false
  server.answer = (request, count) => (request.path === '/fallback' ? 200 : isAway ? 401 : made(request, count))
  const fallback = { name: 'other', options: { hook_url: `${server.url}/fallback` }, where: 'false' }
  const runner = await open([{ ...jira(server.url), fallback: 'other' }, fallback], time)
  append(away(1, '001'), away(2, '002'))
  await tick(() => runner.status()[0]!.delivered === 2)
  isAway = true
  append(away(3, '003'))
  await tick(() => runner.status()[0]!.state === 'paused')
  append(back(4, '001'), back(5, '002'), away(6, '004'))
  clock.advance(60_000)
  await tick(() => server.received.some(({ path, body }) => path === '/fallback' && body.includes('645.6')))
  isAway = false
  runner.retryAll('d1', 'cli')
  await tick(() => runner.status()[0]!.waiting === 0)
  const paths = server.received.map(({ path }) => path)
  assert.deepEqual(paths.filter((path) => path.endsWith('/comment')).toSorted(), [
    '/rest/api/2/issue/SOC-1/comment',
    '/rest/api/2/issue/SOC-2/comment',
  ])
  assert.equal(server.received.filter(({ path, body }) => path === '/fallback' && /645\.[45]/.test(body)).length, 0)
})

test('the end of a block ends the incident of its alert, also when it was noted while nobody ran', async (t) => {
  const server = await fakeServer(t)
  const { append, open, folder } = bench(t)
  const { clock, tick, time } = moving()
  server.answer = () => ({ status: 202, body: '{"dedup_key":"k"}' })
  const options = { hook_url: server.url, api_key: 'k', dedup: 'alert', client: 'x' }
  const destination = {
    type: 'pagerduty',
    options,
    group_by: ['data.srcip'],
    repeat: 600,
    resolve_after: 86_400,
    resolve_with_block: true,
  }
  const attack = (n: number, srcip: string) => alert(n, { timestamp, data: { srcip } })
  const first = await open([destination], time)
  append(attack(1, '203.0.113.1'), attack(2, '203.0.113.1'), attack(3, '203.0.113.2'), attack(4, '203.0.113.3'))
  await tick(() => first.status()[0]!.delivered === 3 && first.status()[0]!.lag_bytes === 0)
  using state = openState(join(folder, 'state.db'), migrations)
  noteBlockEnd(state, { alert: '1705314645.2', rule: '5710', target: '203.0.113.1' })
  first.blocksEnded()
  await tick(() => server.received.length === 4)
  await first.stop()

  noteBlockEnd(state, { alert: '1705314645.3', rule: '5710', target: '203.0.113.2' })
  noteBlockEnd(state, { alert: '1705314645.99', rule: '5710', target: '203.0.113.9' })
  const second = await open([destination], time)
  await tick(() => server.received.length === 5)
  const sent = bodies(server)
  assert.deepEqual(
    sent.slice(3).map(({ event_action, dedup_key }) => [event_action, dedup_key]),
    [
      ['resolve', sent[0].dedup_key],
      ['resolve', sent[1].dedup_key],
    ],
  )
  // The third was none of this destination's alerts; that is known when nothing more comes for a while.
  clock.advance(20_000)
  await tick(() => state.db.prepare('SELECT * FROM block_end').all().length === 0)
  await second.stop()
  assert.equal(state.db.prepare('SELECT count(*) AS n FROM incident').get()!.n, 1)
})

test('a block that ended before a destination came to its alert, over a kill in between', async (t) => {
  const server = await fakeServer(t)
  const { append, open, folder } = bench(t)
  const { clock, tick, time } = moving()
  const options = { hook_url: server.url, api_key: 'k' }
  const more = { group_by: ['data.srcip'], resolve_after: 86_400, resolve_with_block: true, concurrency: 1 }
  const destination = { type: 'pagerduty', options, ...more }
  const first = await open([destination], time)
  using state = openState(join(folder, 'state.db'), migrations)
  for (const n of [1, 2]) noteBlockEnd(state, { alert: `1705314645.${n}`, rule: '5710', target: `203.0.113.${n}` })
  first.blocksEnded()
  server.answer = () => 'hang'
  append(...[1, 2].map((n) => alert(n, { timestamp, data: { srcip: `203.0.113.${n}` } })))
  await tick(() => server.received.length === 1)
  // The one is on its way, the other not read: what a kill leaves must still know of both.
  const killed = bench(t)
  for (const name of ['alerts.json', 'state.db', 'state.db-wal']) cpSync(join(folder, name), join(killed.folder, name))
  const stopped = first.stop()
  clock.advance(10_000)
  await stopped

  server.answer = () => ({ status: 202, body: '{"dedup_key":"k"}' })
  const second = await killed.open([destination], time)
  await tick(() => server.received.length === 5)
  const told = bodies(server).slice(1)
  const keys = new Set(told.map(({ dedup_key }) => dedup_key))
  assert.equal(keys.size, 2)
  for (const key of keys)
    assert.deepEqual(
      told.filter(({ dedup_key }) => dedup_key === key).map(({ event_action }) => event_action),
      ['trigger', 'resolve'],
    )
  await second.stop()
  using after = openState(join(killed.folder, 'state.db'), migrations)
  assert.deepEqual(after.db.prepare('SELECT * FROM block_end').all(), [])
})
