import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { alert, bench, fakeServer, numbers, range, until } from './testing/setup.ts'

test('runs scripts as integratord does, several at once', async (t) => {
  const { append, open, folder } = bench(t)
  writeFileSync(
    join(folder, 'integrations', 'custom-save'),
    '#!/bin/sh\ncp "$1" "got-$(basename "$1")" && echo "$2 $3" >> arguments\n',
  )
  chmodSync(join(folder, 'integrations', 'custom-save'), 0o750)
  const script = {
    place: { file: '', line: 1 },
    name: 'custom-save',
    api_key: 'key',
    hook_url: 'http://h',
    alert_format: 'json',
    level: 0,
    max_log: 165,
    timeout: 10,
    retries: 3,
  }
  append(...range(1, 20).map((n) => alert(n)))
  const runner = await open([{ type: 'script', script }])
  await until(() => runner.status()[0]!.delivered === 20)
  const files = readdirSync(folder).filter((file) => file.startsWith('got-'))
  const seen = files.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')).full_log)
  assert.deepEqual(
    seen.sort(),
    range(1, 20)
      .map((n) => `log ${n}`)
      .sort(),
  )
  assert.match(readFileSync(join(folder, 'arguments'), 'utf8'), /^(key http:\/\/h\n){20}$/)
})

test('a script that is missing pauses its destination, which goes on when it is there', async (t) => {
  const { append, open, folder } = bench(t)
  const script = { place: { file: '', line: 1 }, name: 'custom-late', level: 0, max_log: 165, timeout: 10, retries: 3 }
  const runner = await open([{ type: 'script', script, concurrency: 1 }])
  append(alert(1), alert(2))
  await until(() => runner.status()[0]!.state === 'paused')
  assert.match(runner.status()[0]!.reason!, /custom-late does not exist/)
  writeFileSync(join(folder, 'integrations', 'custom-late'), '#!/bin/sh\n')
  chmodSync(join(folder, 'integrations', 'custom-late'), 0o750)
  runner.retryAll('all', 'cli')
  await until(() => runner.status()[0]!.delivered === 2)
})

test('an alert that a script has kept is delivered where the log cannot be read yet', async (t) => {
  const server = await fakeServer(t)
  const { append, open, alerts_file } = bench(t)
  rmSync(alerts_file)
  symlinkSync(alerts_file, alerts_file)
  const destination = { options: { hook_url: server.url }, from: 'now' } as const
  const runner = await open([destination], { now: () => Date.UTC(2024, 0, 1), follows_wazuh: true })
  assert.equal(runner.followingSince('d1'), undefined)
  assert.equal(runner.take('d1', JSON.stringify(alert(1)), 'kept'), true)
  await until(() => server.received.length === 1)

  rmSync(alerts_file)
  append(alert(1))
  await until(() => runner.followingSince('d1') !== undefined)
  append(alert(2))
  assert.equal(runner.take('d1', JSON.stringify(alert(2)), 'kept'), true)
  await until(() => runner.status()[0]!.lag_bytes === 0)
  assert.deepEqual(new Set(numbers(server)), new Set([1, 2]))
})

test('an alert that a script has kept is delivered, unless the cursor comes by it anyway', async (t) => {
  const server = await fakeServer(t)
  const { append, open } = bench(t)
  const destination = { options: { hook_url: server.url }, from: 'now' } as const
  // The alerts of the test are of January 2024.
  const before = await open([destination], { now: () => Date.UTC(2024, 0, 1), follows_wazuh: true })
  await until(() => before.status()[0]!.lag_bytes === 0)
  append(alert(1))
  await until(() => server.received.length === 1)
  assert.equal(before.take('d1', JSON.stringify(alert(1)), 'kept'), true)
  assert.equal(before.take('d1', 'no alert', 'kept'), true)
  assert.equal(before.take('unknown', JSON.stringify(alert(1)), 'kept'), false)
  assert.deepEqual(before.list({ limit: 10 }), [])

  const older = { ...alert(2), timestamp: '2023-12-31T23:59:59.000+0000' }
  assert.equal(before.take('d1', JSON.stringify(older), 'kept'), true)
  await until(() => server.received.length === 2)
  assert.deepEqual(numbers(server), [1, 2])
})
