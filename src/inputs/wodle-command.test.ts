import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { WodleCommandBlock } from '../config.ts'
import { openAppend } from '../durable/append.ts'
import { splitCommand } from './command-line.ts'
import { openLocalfile, rotateWhenRead } from './localfile.ts'
import { localfile, makeBench, take } from './test-kit.ts'
import { eventFileName, eventLocation, runWodleCommand, type WodleParts } from './wodle-command.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** A wodle whose clock moves only while it sleeps, and that ends after `runs` runs. */
function bench(t: TestContext, runs = 1) {
  const made = makeBench(t)
  const ending = new AbortController()
  const appended: string[] = []
  const failed: string[] = []
  let now = Date.UTC(2026, 0, 31)
  let sleeps = 0
  const parts: WodleParts = {
    ...made,
    now: () => now,
    utc_offset: () => 0,
    async sleep(ms) {
      now += ms
      if (++sleeps >= runs) ending.abort()
    },
    async append(lines) {
      appended.push(...lines)
    },
    failed: (_, reason) => failed.push(reason),
  }
  const run = (
    command: string,
    block: Partial<WodleCommandBlock> = {},
    more: Partial<WodleParts & { merge_stderr: boolean }> = {},
  ) =>
    runWodleCommand(
      {
        place: { file: 'ossec.conf', line: 1 },
        disabled: false,
        tag: 'test',
        command,
        interval: { every: 10, unit: 'seconds' },
        run_on_start: true,
        ignore_output: false,
        timeout: 0,
        verify: { skip_verification: false },
        ...block,
      },
      { ...parts, ...more },
      ending.signal,
    )
  const script = (name: string, text: string, mode = 0o755) => {
    const path = join(made.home, name)
    writeFileSync(path, text, { mode })
    return path
  }
  return { ...made, parts, run, script, appended, failed, ending }
}

test('a command is split as modulesd splits it', () => {
  for (const [text, words] of [
    ['a  b ', ['a', 'b']],
    ['/bin/sh -c "a | b; $C"', ['/bin/sh', '-c', 'a | b; $C']],
    ['a"b c"d', ['ab cd']],
    ['a\\ b \\"c\\" d\\\\e', ['a b', '"c"', 'd\\e']],
    ["a 'b c'\td", ['a', "'b", "c'\td"]],
    ['a "" b', ['a', '', 'b']],
    ['a "b', ['a', 'b']],
    ['a\\', ['a\\']],
    ['', []],
  ] as const)
    assert.deepEqual(splitCommand(text), words)
})

describe('<wodle name="command">', () => {
  test('makes an event of each line, and of no empty one', async (t) => {
    const { run, script, appended, logged } = bench(t)
    await run(`${script('a', '#!/bin/sh\nprintf "one\\n\\ntwo\\r\\nthree \\377 $1"\n')} "x  y"`)
    assert.deepEqual(appended, ['one', 'two\r', 'three \xff x  y'])
    assert.deepEqual(logged, [])
  })

  test('ends the output at a NUL byte', async (t) => {
    const { run, appended } = bench(t)
    await run('/bin/sh -c "printf \'one\\\\ntw\\\\0o\\\\nthree\'"')
    assert.deepEqual(appended, ['one', 'tw'])
  })

  test('runs in the home folder, without a shell, with a program from the PATH', async (t) => {
    const { run, appended } = bench(t)
    await run('echo $HOME; | x')
    assert.deepEqual(appended, ['$HOME; | x'])
    const other = bench(t)
    await other.run('sh -c pwd')
    assert.deepEqual(other.appended, [other.home])
  })

  test('keeps stderr out of the events and shows it in the log, unless told otherwise', async (t) => {
    const apart = bench(t)
    await apart.run('sh -c "echo out; echo err >&2"')
    assert.deepEqual(apart.appended, ['out'])
    assert.deepEqual(apart.logged, ['warn: wodle "test": wrote to stderr'])
    const merged = bench(t)
    await merged.run('sh -c "echo out; echo err >&2"', {}, { merge_stderr: true })
    assert.deepEqual(merged.appended, ['out', 'err'])
  })

  test('drops the output with ignore_output', async (t) => {
    const { run, appended, home } = bench(t)
    await run('sh -c "echo out; touch ran"', { ignore_output: true })
    assert.deepEqual(appended, [])
    assert.ok(existsSync(join(home, 'ran')))
  })

  test('keeps what a failing command wrote, but not what a shell says about one that it did not find', async (t) => {
    const failing = bench(t)
    await failing.run('sh -c "echo out; exit 3"')
    assert.deepEqual(failing.appended, ['out'])
    assert.deepEqual(failing.logged, ['warn: wodle "test": exit code 3; its output counts'])
    const missing = bench(t)
    await missing.run('sh -c "echo out; exit 127"')
    assert.deepEqual(missing.appended, [])
    assert.match(missing.failed.join(), /exit code 127/)
    const absent = bench(t)
    await absent.run('/no/such/program')
    assert.match(absent.failed.join(), /cannot be started: .*ENOENT/)
    assert.match(absent.logged.join(), /error: wodle "test": cannot be started/)
  })

  test('ends the process group at the timeout, and keeps what was written until then', async (t) => {
    const { run, appended, failed } = bench(t)
    await run('sh -c "echo before; sleep 100 & sleep 100"', { timeout: 1 })
    assert.deepEqual(appended, ['before'])
    assert.match(failed.join(), /not done after 1 s/)
  })

  test('stops a run when it is told to end, and that run does not count', async (t) => {
    const { run, state, ending, home } = bench(t, 2)
    const running = run('sh -c "touch ran; sleep 100"', { run_on_start: false })
    while (!existsSync(join(home, 'ran'))) await new Promise(setImmediate)
    ending.abort()
    await running
    assert.deepEqual(state.cursor('schedule wodle test').get(), { last: Date.UTC(2026, 0, 31) })
  })

  test('keeps the output while the disk is full', async (t) => {
    const { run, appended, logged } = bench(t, 3)
    let refusals = 2
    await run(
      'echo out',
      { interval: { every: 3600, unit: 'seconds' } },
      {
        async append(lines) {
          if (refusals-- > 0) throw new Error('ENOSPC: no space left on device')
          appended.push(...lines)
        },
      },
    )
    assert.deepEqual(appended, ['out'])
    assert.equal(logged.length, 1)
    assert.match(logged[0]!, /cannot be written: ENOSPC/)
  })

  describe('with a checksum', () => {
    const text = '#!/bin/sh\necho ran\n'

    test('runs the program that has it', async (t) => {
      const { run, script, appended } = bench(t)
      const path = script('a', text)
      await run(path, {
        verify: {
          md5: createHash('md5').update(text).digest('hex'),
          sha256: sha256(text).toUpperCase(),
          skip_verification: false,
        },
      })
      assert.deepEqual(appended, ['ran'])
    })

    test('does not run another one, and ends', async (t) => {
      const { run, script, appended, failed } = bench(t)
      await run(script('a', text), { verify: { sha256: sha256('other'), skip_verification: false } })
      assert.deepEqual(appended, [])
      assert.match(failed[0]!, /SHA256 of ".*\/a" is not the one of verify_sha256; it is not run until the next start/)
      const missing = bench(t)
      await missing.run('no-such-program', { verify: { sha256: sha256(text), skip_verification: true } })
      assert.match(missing.failed[0]!, /cannot check "no-such-program"/)
    })

    test('runs another one with skip_verification, and warns', async (t) => {
      const { run, script, appended, logged } = bench(t)
      await run(script('a', text), { verify: { sha256: sha256('other'), skip_verification: true } })
      assert.deepEqual(appended, ['ran'])
      assert.match(logged.join(), /warn: .*skip_verification/)
    })

    test('looks again before each run', async (t) => {
      const { run, script, appended, failed } = bench(t, 5)
      const path = script('a', `${text}echo '#' >> "$0"\n`)
      await run(path, { verify: { sha256: sha256(readFileSync(path, 'utf8')), skip_verification: false } })
      assert.deepEqual(appended, ['ran'])
      assert.equal(failed.length, 1)
    })

    test('finds the program in the PATH', async (t) => {
      const { run, script, appended, home } = bench(t)
      script('mine', text)
      await run(
        'mine',
        { verify: { sha256: sha256(text), skip_verification: false } },
        { env: { PATH: `/nowhere:${home}:/bin` } },
      )
      assert.deepEqual(appended, ['ran'])
    })
  })

  test('gives events at command_TAG, which a crash does not lose', async (t) => {
    const { run, home, state, log } = bench(t)
    const path = join(home, 'queue', 'events', eventFileName('a/b.c'))
    const open = () =>
      openLocalfile({
        block: localfile({ location: path, only_future_events: false }),
        ...{ home, state, log, announce: false, hostname: '', settle_ms: 0 },
        event_location: eventLocation('a/b.c'),
        now: () => 0,
        utc_offset: () => 0,
      })
    const before = await open()
    {
      await using file = openAppend({ path, rotate: rotateWhenRead(state, path, 4) })
      await run('echo one', {}, { append: (lines) => file.append(lines) })
      await before.close() // nothing was taken
      const after = await open()
      assert.deepEqual(await take(after, state, 1), [{ log: 'one', location: 'command_a/b.c' }])
      await file.append(['two'])
      assert.equal(readFileSync(`${path}.1`, 'utf8'), 'one\n')
      appendFileSync(path, '')
      assert.deepEqual(await take(after, state, 1), [{ log: 'two', location: 'command_a/b.c' }])
      await after.close()
    }
  })
})
