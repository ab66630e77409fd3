import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { LocalfileBlock } from '../config.ts'
import { openCommand } from './command.ts'
import { localfile, makeBench } from './test-kit.ts'

function open(t: TestContext, block: Partial<LocalfileBlock>) {
  const bench = makeBench(t)
  let now = 0
  const slept: number[] = []
  const input = openCommand({
    block: localfile({ log_format: 'command', ...block }),
    ...bench,
    now: () => now,
    utc_offset: () => 0,
    hostname: '',
    async sleep(ms) {
      slept.push(ms)
      now += ms
    },
  })
  return { ...bench, input, slept }
}

describe('the output of a command', () => {
  test('gives one event a line, at the command or its alias', async (t) => {
    const { input } = open(t, { command: 'printf "a\\n\\nb" | cat' })
    assert.deepEqual((await input.next())!.events, [
      { log: `ossec: output: 'printf "a\\n\\nb" | cat': a`, location: 'printf "a\\n\\nb" | cat' },
      { log: `ossec: output: 'printf "a\\n\\nb" | cat': `, location: 'printf "a\\n\\nb" | cat' },
      { log: `ossec: output: 'printf "a\\n\\nb" | cat': b`, location: 'printf "a\\n\\nb" | cat' },
    ])
    const aliased = open(t, { command: 'echo a', alias: 'x' })
    assert.deepEqual((await aliased.input.next())!.events, [{ log: "ossec: output: 'x': a", location: 'x' }])
  })

  test('is one event as full_command', async (t) => {
    const { input } = open(t, { log_format: 'full_command', command: 'printf "a\\r\\n\\n\\nb\\n"', alias: 'x' })
    assert.deepEqual((await input.next())!.events, [{ log: "ossec: output: 'x':\na\nb", location: 'x' }])
  })

  test('comes again after the frequency, and nothing is made of no output', async (t) => {
    const { input, slept, home } = open(t, {
      command: 'echo x >> n; test $(wc -l < n) -lt 2 || echo $(wc -l < n)',
      alias: 'x',
      frequency: 60,
    })
    assert.match((await input.next())!.events[0]!.log, /: 2$/)
    assert.match((await input.next())!.events[0]!.log, /: 3$/)
    assert.deepEqual(slept, [60_000, 60_000])
    assert.ok(home)
  })

  test('is filtered with its prefix', async (t) => {
    const { input } = open(t, {
      command: 'echo a; echo b',
      alias: 'x',
      ignore: [{ type: 'pcre2', pattern: "^ossec: output: 'x': a" }],
    })
    assert.deepEqual(
      (await input.next())!.events.map(({ log }) => log),
      ["ossec: output: 'x': b"],
    )
  })

  test('counts although the command fails, which is said once', async (t) => {
    const { input, logged } = open(t, { command: 'echo a; exit 2', alias: 'x' })
    for (let n = 0; n < 2; n++) assert.equal((await input.next())!.events.length, 1)
    assert.deepEqual(logged, ['warn: command "x": exit code 2; its output counts'])
    assert.deepEqual(
      input.status().map(({ state, events, detail }) => [state, events, detail]),
      [['failing', 2, 'exit code 2']],
    )
  })

  test('is not waited for when it is closed', async (t) => {
    const { input } = open(t, { command: 'sleep 100', alias: 'x' })
    const next = input.next()
    await input.close()
    assert.equal(await next, undefined)
  })
})
