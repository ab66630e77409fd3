import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { LocalfileBlock } from '../config.ts'
import { openInput, withoutRepeats } from './open.ts'
import { drain, localfile, makeBench } from './test-kit.ts'

async function open(t: TestContext, block: Partial<LocalfileBlock>) {
  const bench = makeBench(t)
  writeFileSync(join(bench.home, 'a.log'), 'line\n')
  const input = await openInput({
    block: localfile({ location: 'a.log', only_future_events: false, ...block }),
    ...bench,
    now: () => 0,
    utc_offset: () => 0,
    hostname: '',
  })
  t.after(() => input?.close())
  return { ...bench, input }
}

test('an input is opened by its format', async (t) => {
  for (const log_format of ['syslog', 'apache', 'iis']) {
    const { input, state, logged } = await open(t, { log_format })
    assert.deepEqual(await drain(input!, state), ['line'])
    assert.deepEqual(logged, [])
  }
  const { input } = await open(t, { log_format: 'command', command: 'echo a', alias: 'x' })
  assert.equal((await input!.next())!.events[0]!.location, 'x')
})

test('what is no file here is said with its place', async (t) => {
  for (const log_format of ['eventchannel', 'journald', 'syslog-pipe']) {
    const { input, logged } = await open(t, { log_format })
    assert.equal(input, undefined)
    assert.match(
      logged.join(),
      new RegExp(`^warn: ossec.conf:1 <localfile>: the log format "${log_format}" (exists|is not read)`),
    )
  }
  const { input, state, logged } = await open(t, { log_format: 'mysql_log' })
  assert.deepEqual(await drain(input!, state), ['line'])
  assert.match(logged.join(), /read line by line/)
})

test('of two blocks with one location the last counts', (t) => {
  const { log, logged } = makeBench(t)
  const block = (line: number, location: string, log_format = 'syslog') =>
    localfile({ location, log_format, place: { file: 'ossec.conf', line } })
  const blocks = [block(1, 'a'), block(2, 'b'), block(3, '', 'command'), block(4, '', 'command'), block(5, 'a', 'json')]
  assert.deepEqual(
    withoutRepeats(blocks, log).map(({ place }) => place.line),
    [2, 3, 4, 5],
  )
  assert.deepEqual(logged, ['warn: ossec.conf:1 <localfile>: "a" is named again in ossec.conf:5, which counts'])
})
