import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { failureOf, type ProgramOptions, runProgram, startProgram } from './process.ts'

const sh = (script: string, options: Partial<ProgramOptions> = {}) =>
  startProgram({ argv: ['/bin/sh', '-c', script], stderr: 'separate', deadline_ms: 20_000, ...options }).done

/** Told to end when it has written something: before a deadline a busy machine may not even have begun. */
const stoppedWhenItWrites = (script: string) => {
  const stop = () => running.stop()
  const argv = ['/bin/sh', '-c', script] as [string, ...string[]]
  const running = startProgram({ argv, stderr: 'separate', grace_ms: 100, on_output: stop })
  return running.done
}

/** A killed process whose new parent has not yet asked for its end (state Z) counts as gone. */
const alive = (pid: number): boolean => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}
/** Waits until a killed process is gone; a test that waits for ever fails by its runner's limit. */
const gone = async (pid: number): Promise<void> => {
  while (alive(pid)) await delay(5)
}

describe('running a program', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'outrider-process-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const script = (name: string, text: string, mode = 0o755): string => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode })
    return path
  }

  test('gives back exit code, stdout and stderr apart', async () => {
    const result = await sh('echo out; echo err >&2; exit 3')
    assert.equal(result.output, 'out\n')
    assert.equal(result.stderr, 'err\n')
    assert.equal(result.code, 3)
    assert.equal(failureOf(result), 'exit code 3')
    assert.equal(failureOf(await sh('true')), undefined)
  })

  test('merges stderr in the order of writing', async () => {
    const { output, stderr } = await sh('for n in 1 2 3; do echo o$n; echo e$n >&2; done', { stderr: 'merge' })
    assert.equal(output, 'o1\ne1\no2\ne2\no3\ne3\n')
    assert.equal(stderr, '')
  })

  test('drops stderr when asked', async () => {
    assert.deepEqual(
      await sh('echo a; echo b >&2', { stderr: 'drop' }).then(({ output, stderr }) => [output, stderr]),
      ['a\n', ''],
    )
  })

  test('gives scripts pipes that can be opened by name, as Wazuh does', async () => {
    const result = await sh('cat /dev/stdin > /dev/stdout; echo err > /dev/stderr', { stdin: 'hello' })
    assert.equal(result.output, 'hello')
    assert.equal(result.stderr, 'err\n')
  })

  test('passes arguments as they are: no shell sees them', async () => {
    const path = script('args', '#!/bin/sh\nprintf "%s|" "$@"\n')
    const { output } = await runProgram({ argv: [path, '$(id)', 'a b', '', '`x`;'], stderr: 'drop' })
    assert.equal(output, '$(id)|a b||`x`;|')
  })

  test('keeps bytes that are not UTF-8', async () => {
    const { output } = await sh('printf "\\377\\000\\303"')
    assert.equal(output, '\xff\x00\xc3')
  })

  test('has an empty stdin unless told otherwise', async () => {
    assert.equal((await sh('cat; echo end')).output, 'end\n')
  })

  test('hands over a stdin larger than any pipe, and does not mind when it is not read', async () => {
    const big = 'x'.repeat(3_000_000)
    assert.equal((await sh('wc -c', { stdin: big })).output.trim(), '3000000')
    assert.equal((await sh('exit 0', { stdin: big })).code, 0)
  })

  test('talks with a program line by line', async () => {
    const seen: string[] = []
    const running = startProgram({
      argv: ['/bin/sh', '-c', 'read a; echo "got $a"; read b; echo "then $b"; cat; echo end'],
      stderr: 'drop',
      stdin: 'open',
      on_output(bytes) {
        seen.push(bytes.toString())
        if (seen.length === 1) running.write('two\n')
        else running.end()
      },
    })
    running.write('one\n')
    assert.equal((await running.done).output, 'got one\nthen two\nend\n')
    assert.equal(seen[0], 'got one\n')
  })

  test('survives writing to a program that has closed its stdin', async () => {
    const running = startProgram({ argv: ['/bin/sh', '-c', 'exec <&-; echo a'], stderr: 'drop', stdin: 'open' })
    for (let n = 0; n < 100; n++) running.write('x'.repeat(10_000))
    assert.equal((await running.done).code, 0)
    running.write('too late')
    running.end()
  })

  test('keeps the first bytes of too much output and lets the program go on', async () => {
    const { output, truncated, code } = await sh('head -c 500000 /dev/zero | tr "\\0" x; exit 4', {
      max_output_bytes: 1000,
    })
    assert.equal(output, 'x'.repeat(1000))
    assert.equal(truncated, true)
    assert.equal(code, 4)
  })

  test('ends the whole group at the deadline and keeps what was written until then', async () => {
    const result = await sh('echo before; sleep 100 & echo $!; wait', { deadline_ms: 1000 })
    assert.equal(result.timed_out, true)
    const [before, pid] = result.output.split('\n')
    assert.equal(before, 'before')
    await gone(Number(pid))
    assert.match(failureOf(result)!, /not done in time/)
  })

  test('kills what ignores TERM after the grace time, grandchildren included', async () => {
    const result = await stoppedWhenItWrites('trap "" TERM; sleep 100 & echo $!; sleep 100; sleep 100')
    assert.equal(result.signal, 'SIGKILL')
    await gone(Number(result.output))
  })

  test('kills a grandchild that ignores TERM although it holds no pipe', async () => {
    const child = 'trap "" TERM; echo $$; exec >/dev/null 2>&1; sleep 100; sleep 100'
    const result = await stoppedWhenItWrites(`sh -c '${child}' & wait`)
    await gone(Number(result.output))
  })

  test('does not wait for a grandchild that holds the pipe, and kills it', async () => {
    const result = await sh('sleep 100 & echo $!', { linger_ms: 50 })
    assert.equal(result.code, 0)
    assert.ok(result.duration_ms < 10_000)
    await gone(Number(result.output))
  })

  test('leaves a grandchild alone that let go of the pipes, and any when asked to', async () => {
    for (const [text, leftovers] of [
      ['sleep 100 >/dev/null 2>&1 & echo $!', 'kill'],
      ['sleep 100 & echo $!', 'leave'],
    ] as const) {
      const result = await sh(text, { linger_ms: 50, leftovers })
      const pid = Number(result.output)
      assert.ok(alive(pid))
      process.kill(pid, 'SIGKILL')
      await gone(pid)
    }
  })

  test('stops when aborted, also before the start', async () => {
    const abort = new AbortController()
    const running = sh('sleep 100', { signal: abort.signal })
    abort.abort()
    assert.equal((await running).aborted, true)
    assert.equal((await sh('sleep 100', { signal: AbortSignal.abort() })).signal, 'SIGTERM')
  })

  test('says why a program cannot be started, and never rejects', async () => {
    const cases: [argv: [string, ...string[]], code: string, text: RegExp][] = [
      [['/nowhere/at/all'], 'ENOENT', /does not exist/],
      [['no-such-program-in-path'], 'ENOENT', /does not exist/],
      [[script('no-run-bit', '#!/bin/sh\n', 0o644)], 'EACCES', /run bit/],
      [[folder], 'EACCES', /no permission/],
      [[script('no-interpreter', '#!/nowhere/python\n')], 'ENOENT', /interpreter/],
      [['/bin/sh', 'a\0b'], 'ERR_INVALID_ARG_VALUE', /null bytes/],
      [['/bin/true', 'x'.repeat(300_000)], 'E2BIG', /too long/],
    ]
    for (const [argv, code, text] of cases) {
      const result = await runProgram({ argv, stderr: 'separate' })
      assert.equal(result.failure?.code, code, argv[0])
      assert.match(failureOf(result)!, text)
      assert.equal(result.code, null)
    }
    const result = await runProgram({ argv: ['/bin/true'], cwd: '/nowhere', stderr: 'drop' })
    assert.equal(result.failure?.code, 'ENOENT')
  })

  test('runs a file without #! with /bin/sh, as execvp does', async () => {
    const path = script('plain', 'echo "plain $1"\n')
    assert.equal((await runProgram({ argv: [path, 'x'], stderr: 'drop' })).output, 'plain x\n')
  })

  test('gives the program its folder, environment and niceness, and a session of its own', async () => {
    // Its niceness is set when it has been started, maybe after its first step.
    const text = 'read -r _; pwd; echo "$A$HOME"; cut -d" " -f5,6,19 /proc/$$/stat; echo $$'
    const env = { A: 'b', PATH: process.env.PATH }
    const argv = ['/bin/sh', '-c', text] as [string, ...string[]]
    const running = startProgram({ argv, stderr: 'drop', stdin: 'open', cwd: folder, env, nice: 10 })
    running.write('now\n')
    const { output } = await running.done
    const [cwd, words, stat, pid] = output.split('\n')
    assert.deepEqual([cwd, words], [folder, 'b'])
    const [group, session, nice] = stat!.split(' ')
    assert.deepEqual([group, session], [pid, pid])
    assert.equal(nice, '10')
  })

  test('leaves no descriptor open', async () => {
    await sh('true', { stdin: 'x' })
    const before = readdirSync('/proc/self/fd').length
    for (let n = 0; n < 8; n++) await sh('cat', { stdin: n % 2 ? 'x' : undefined })
    for (let n = 0; n < 8; n++) await runProgram({ argv: ['/nowhere'], stderr: 'separate' })
    // Pipes are made ahead, eight at a time.
    assert.ok(readdirSync('/proc/self/fd').length <= before + 16)
    for (let n = 0; n < 40; n++) await sh('true', { stdin: 'x' })
    assert.ok(readdirSync('/proc/self/fd').length <= before + 16)
  })
})
