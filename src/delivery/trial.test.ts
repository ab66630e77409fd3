import assert from 'node:assert/strict'
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Alert } from '../alert.ts'
import type { Destination } from '../config.ts'
import { openState } from '../durable/state.ts'
import webhook from '../integrations/webhook.ts'
import { compileRoute } from '../routes.ts'
import { createSilences, migrations } from './index.ts'
import type { Silence } from './silences.ts'
import { alert, bench, fakeServer, until } from './testing/setup.ts'
import { explainAlert, tryDestination, tryRoute } from './trial.ts'
import type { AskLookups } from './types.ts'

const destination = (more: Partial<Destination>): Destination => ({
  place: { file: '', line: 1 },
  name: 'd1',
  type: 'webhook',
  options: {},
  filter: { level: 0 },
  concurrency: 1,
  deadline: 5,
  from: 'start',
  ...more,
})
const parts = { home: '/', now: () => 1_705_314_650_000, mask: (text: string) => text.replaceAll('secret', '***') }

test('shows the exact request, and sends it only when asked', async (t) => {
  const server = await fakeServer(t)
  server.answer = () => ({ status: 400, body: 'no secret here' })
  const given = destination({ options: { hook_url: `${server.url}/secret`, api_key: 'secret' } })
  const line = JSON.stringify(alert(1))
  const shown = await tryDestination(given, webhook, line, { ...parts, send: false })
  assert.match(
    shown.request,
    /^POST http.*\/\*\*\*\ncontent-type: application\/json\n[\s\S]*authorization: Bearer \*\*\*\n\n\{"timestamp"/,
  )
  assert.equal(shown.outcome, undefined)
  assert.equal(server.received.length, 0)
  const sent = await tryDestination(given, webhook, line, { ...parts, send: true })
  assert.deepEqual(sent.outcome, { kind: 'rejected', reason: 'HTTP 400 "no *** here"' })
  assert.equal(sent.answer, 'HTTP 400 "no *** here"')
  assert.equal(server.received[0]!.body, line)
})

test('with look-ups it shows and sends what they say', async (t) => {
  const server = await fakeServer(t)
  const given = destination({ options: { hook_url: server.url } })
  const line = JSON.stringify(alert(1))
  const ask: AskLookups = () => [
    { service: 'misp', title: 'MISP', answer: { kind: 'unknown', said: { found: 0 } }, missed: () => {} },
  ]
  const shown = await tryDestination(given, webhook, line, { ...parts, send: false, ask })
  assert.doesNotMatch(shown.request, /lookups/)
  const sent = await tryDestination(given, webhook, line, { ...parts, send: true, ask })
  const told = `${line.slice(0, -1)},"lookups":{"misp":{"found":0}}}`
  assert.equal(server.received[0]!.body, told)
  assert.ok(sent.request.endsWith(told))
  const key = (request: string) => /idempotency-key: (.*)/.exec(request)![1]
  assert.equal(key(sent.request), key(shown.request), 'known by its line in the log')
})

test('shows the command line of a script and its file, and runs it when asked', async (t) => {
  const { folder } = bench(t)
  const script = {
    place: { file: '', line: 1 },
    name: 'custom-x',
    api_key: 'secret',
    level: 0,
    max_log: 165,
    timeout: 10,
    retries: 3,
  }
  const given = destination({ type: 'script', script })
  const line = JSON.stringify(alert(1))
  const shown = await tryDestination(given, undefined, line, { ...parts, home: folder, send: false })
  assert.match(
    shown.request,
    /^integrations\/custom-x "\/tmp\/custom-x-SECONDS-NUMBER\.alert" "\*\*\*" "" "" "" "10" "3" "> \/dev\/null 2>&1"\n/,
  )
  assert.match(shown.request, /\.alert:\nalertdate='2024-01-15/)
  writeFileSync(join(folder, 'integrations', 'custom-x'), '#!/bin/sh\necho "$2"; exit 1\n')
  chmodSync(join(folder, 'integrations', 'custom-x'), 0o750)
  const sent = await tryDestination(given, undefined, line, { ...parts, home: folder, send: true })
  assert.equal(sent.outcome!.kind, 'retry')
  assert.equal(sent.answer, '***\n')
  assert.deepEqual(
    readdirSync('/tmp').filter((file) => file.startsWith('custom-x-1705314650')),
    [],
  )
})

test('says for each destination why an alert went there, and what became of it', async (t) => {
  const [good, bad] = [await fakeServer(t), await fakeServer(t)]
  const { append, open, folder, alerts_file } = bench(t)
  bad.answer = () => ({ status: 400, body: 'no' })
  const destinations = [
    destination({ name: 'good', options: { hook_url: good.url } }),
    destination({ name: 'bad', options: { hook_url: bad.url } }),
    destination({ name: 'high', options: { hook_url: good.url }, filter: { level: 12 } }),
  ]
  const runner = await open(destinations)
  append(alert(1))
  await until(() => runner.status()[0]!.delivered === 1 && runner.status()[1]!.rejected === 1)
  await runner.stop()
  using state = openState(join(folder, 'state.db'), migrations)
  const inode = String(statSync(alerts_file).ino)
  const explain = (offset?: number) =>
    explainAlert(
      destinations,
      alert(1) as unknown as Alert,
      state,
      Date.now(),
      offset === undefined ? undefined : { inode, offset },
    )
  assert.deepEqual(explain(0), [
    { destination: 'good', sent: true, reason: 'no filter is set', fate: 'settled' },
    {
      destination: 'bad',
      sent: true,
      reason: 'no filter is set',
      fate: 'rejected',
      delivery: { id: '1', attempts: 1, reason: 'HTTP 400 "no"' },
    },
    { destination: 'high', sent: false, reason: 'level 5 is below 12', fate: 'unwanted' },
  ])
  assert.equal(explain(99_999)[0]!.fate, 'ahead')
  assert.equal(explain()[0]!.fate, 'unknown')

  const told = (more: Partial<Destination>) =>
    explainAlert([{ ...destinations[0]!, ...more }], alert(1) as unknown as Alert, state, Date.now(), {
      inode,
      offset: 0,
    })[0]!.reason
  assert.equal(told({ digest: { every: 3600 } }), 'no filter is set; it is told in a summary')
  assert.equal(told({ group_by: [] }), 'no filter is set; the message of its incident may only count it')

  // The alert is of 2024: it went before this one began, unless it still waited.
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const time = { now: Date.now, schedule: () => () => {} }
  const silences = createSilences({ state, ...time, log, destinations: ['good'] })
  assert.ok(silences.add({ rules: ['5710'], seconds: 60, reason: 'r', by: 'me' }).ok)
  assert.deepEqual([explain(0)[0]!.fate, explain(0)[0]!.silence?.id], ['settled', '1'])
  assert.equal(explain(99_999)[0]!.fate, 'silenced')
  const { fate, silence } = explain(0)[1]!
  assert.deepEqual([fate, silence], ['rejected', undefined])
})

test('tells what a filter would have sent', async () => {
  const { route } = compileRoute({
    name: 'x',
    place: { file: '', line: 1 },
    filter: { level: 5 },
    except: 'rule.id == "1"',
  })
  async function* alerts() {
    for (const day of ['14', '15'])
      yield [3, 5, 7, 7].map(
        (level, n) =>
          alert(n, {
            timestamp: `2024-01-${day}T10:00:00.000+0000`,
            rule: { level, id: String(level), description: `rule ${level}` },
          }) as unknown as Alert,
      )
    yield [alert(9, { rule: { level: 9, id: '1', description: '' } }) as unknown as Alert]
  }
  const silence = { id: '1', what: 'rule 7' } as Silence
  const report = await tryRoute(
    route!,
    alerts(),
    ({ timestamp }) => (timestamp.startsWith('2024-01-15') ? silence : undefined),
    2,
  )
  assert.deepEqual([report.alerts, report.sent, report.sample.length], [9, 6, 2])
  assert.deepEqual(
    report.rules.map(({ id, count }) => [id, count]),
    [
      ['7', 4],
      ['5', 2],
    ],
  )
  assert.deepEqual(report.days, [
    { day: '2024-01-14', count: 3 },
    { day: '2024-01-15', count: 3 },
  ])
  assert.deepEqual(report.silenced, [{ id: '1', what: 'rule 7', count: 3 }])
  assert.deepEqual(report.reasons, [
    { reason: 'level … is below 5', count: 2 },
    { reason: 'except holds: rule.id == "1"', count: 1 },
  ])
})
