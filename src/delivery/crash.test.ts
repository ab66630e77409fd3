import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { alert, bench, fakeServer, until } from './testing/setup.ts'

/** Starts a runner in a process of its own, as often as it is killed. */
function starter(t: TestContext, args: string[]): () => Promise<ChildProcess> {
  let child: ChildProcess | undefined
  t.after(() => child?.kill('SIGKILL'))
  return async () => {
    // It must not take itself for a test.
    const options = { execArgv: [], env: { PATH: process.env.PATH } }
    child = fork(new URL('./testing/child.ts', import.meta.url), args, options)
    await once(child, 'message')
    return child
  }
}

for (const [type, concurrency, more] of [
  ['webhook', 8, {}],
  ['webhook', 8, { catch_up: 500 }],
  ['webhook', 1, {}],
  ['elasticsearch', 4, {}],
] as const)
  test(`kill -9 at any moment loses nothing: ${type}, ${concurrency} at once ${JSON.stringify(more)}`, async (t) => {
    const server = await fakeServer(t)
    const { folder, alerts_file, append } = bench(t)
    let seed = 20_240_115 + concurrency
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647
    const delivered = new Map<number, Set<string>>()
    let answered = 0
    server.answer = ({ body, headers }) => {
      const dice = random()
      if (dice < 0.1) return 500
      if (dice < 0.2) return { status: 429, headers: { 'retry-after': '0' } }
      if (dice < 0.25) return 'reset'
      const take = (n: string, key: unknown) => {
        delivered.set(Number(n), (delivered.get(Number(n)) ?? new Set()).add(String(key)))
        answered++
      }
      if (type === 'webhook') {
        take(/645\.(\d+)"/.exec(body)![1]!, headers['idempotency-key'])
        return 200
      }
      // Of many in one request some are refused by themselves.
      const items = [...body.matchAll(/"_id":"(\w+)"\}\}\n.*645\.(\d+)"/g)].map(([, key, n]) => {
        const isRefused = random() < 0.2
        if (!isRefused) take(n!, key)
        return { create: { status: isRefused ? 429 : 201 } }
      })
      return { status: 200, body: JSON.stringify({ items }) }
    }
    const start = starter(t, [folder, server.url, String(concurrency), type, JSON.stringify(more)])

    let written = 0
    const write = (count: number) => append(...Array.from({ length: count }, () => alert(++written)))
    for (let round = 0; round < 7; round++) {
      write(80)
      const running = await start()
      const goal = server.received.length + Math.floor(random() * (type === 'webhook' ? 60 : 6))
      await until(() => server.received.length >= goal || delivered.size === written)
      if (round === 4) renameSync(alerts_file, join(folder, 'alerts.json.1'))
      running.kill('SIGKILL')
      await once(running, 'exit')
    }
    const last = await start()
    await until(() => delivered.size === written, `${written} alerts`)
    last.send('stop')
    await once(last, 'exit')
    assert.equal(delivered.size, written)
    for (const [n, keys] of delivered) assert.equal(keys.size, 1, `alert ${n}: one key for every try`)
    t.diagnostic(`${answered - delivered.size} of ${written} came twice, over 7 kills`)
  })

test('kill -9 at any moment: every incident is opened, and its end is the last that is told of it', async (t) => {
  const server = await fakeServer(t)
  const { folder, append } = bench(t)
  let seed = 20_261_121
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647
  const told = new Map<string, string[]>()
  server.answer = ({ body }) => {
    const dice = random()
    if (dice < 0.2) return 503
    if (dice < 0.3) return 'reset'
    const { event_action, dedup_key } = JSON.parse(body)
    told.set(dedup_key, [...(told.get(dedup_key) ?? []), event_action])
    return { status: 202, body: '{}' }
  }
  const more = {
    options: { hook_url: server.url, api_key: 'k' },
    group_by: ['agent.id'],
    resolve_on: 'rule.id == "503"',
  }
  const start = starter(t, [folder, server.url, '4', 'pagerduty', JSON.stringify({ ...more, rate: 1000 })])
  const agents = 90
  const of = (n: number, rule: string) =>
    alert(n, { rule: { level: 3, id: rule, description: '' }, agent: { id: String(n) } })
  for (let round = 0; round < 6; round++) {
    const some = Array.from({ length: agents / 6 }, (_, n) => round * 15 + n)
    append(...some.flatMap((n) => [of(n, '504'), of(n, '504')]))
    const running = await start()
    const goal = server.received.length + Math.floor(random() * 30)
    await until(() => server.received.length >= goal || told.size === (round + 1) * 15)
    append(...some.map((n) => of(n, '503')))
    const later = server.received.length + Math.floor(random() * 20)
    await until(() => server.received.length >= later || [...told.values()].every((one) => one.at(-1) === 'resolve'))
    running.kill('SIGKILL')
    await once(running, 'exit')
  }
  const last = await start()
  const isWell = () => told.size === agents && [...told.values()].every((one) => one.at(-1) === 'resolve')
  await until(isWell, `${agents} incidents`)
  last.send('stop')
  await once(last, 'exit')
  assert.ok(isWell())
  for (const actions of told.values()) assert.equal(actions[0], 'trigger')
})

test('kill -9 right after a person has asked for it: what waits and what was rejected is sent, whatever is silenced', async (t) => {
  const server = await fakeServer(t)
  const { folder, append } = bench(t)
  const start = starter(t, [folder, server.url, '8', 'webhook', '{}'])
  server.answer = ({ body }) => (body.includes('645.1"') ? { status: 503, headers: { 'retry-after': '3000' } } : 400)
  append(alert(1), alert(2))
  const first = await start()
  const ask = async (word: string) => {
    first.send(word)
    return (await once(first, 'message'))[0]
  }
  const states = async () => (await ask('list')).map(({ state }: { state: string }) => state).sort()
  while ((await states()).join() !== 'rejected,waiting');
  assert.equal((await ask('silence')).ok, true)
  server.answer = () => 'hang'
  assert.deepEqual(await ask('retry'), { ok: true, value: { count: 2 } })
  first.kill('SIGKILL')
  await once(first, 'exit')

  const sent = new Set<number>()
  server.answer = ({ body }) => {
    sent.add(Number(/645\.(\d+)"/.exec(body)![1]))
    return 200
  }
  append(alert(3), alert(4, { rule: { level: 5, id: '7', description: '' } }))
  const second = await start()
  await until(() => sent.size >= 3)
  second.send('stop')
  await once(second, 'exit')
  assert.deepEqual([...sent].sort(), [1, 2, 4])
})
