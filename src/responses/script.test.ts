import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Dialect, scriptCall } from '../wazuh/execd.ts'
import { runAdd, runDelete, type ScriptLine, type ScriptOptions } from './script.ts'

const keys = (list: string) =>
  `{"version":1,"origin":{"name":"x","module":"active-response"},"command":"check_keys","parameters":{"keys":[${list}]}}`

/** Runs a script; what it writes to stderr is what the tests look at. */
async function run(
  t: TestContext,
  body: string,
  change: Partial<ScriptOptions> & { word?: 'add' | 'delete'; decision?: 'continue' | 'abort'; dialect?: Dialect } = {},
) {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'outrider-script-')))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  mkdirSync(join(home, 'active-response', 'bin'), { recursive: true })
  writeFileSync(join(home, 'active-response', 'bin', 'x'), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  const { word = 'add', decision = 'continue', dialect = 'wazuh4', ...rest } = change
  const rule = { level: 3, id: '1', description: '' }
  const alert = { timestamp: '', rule, id: '1.2', data: { srcip: '203.0.113.5' }, location: '/var/log/a b' }
  const call = scriptCall({ dialect, executable: 'x', name: 'x5', timeout: 5, extra_args: 'one two', alert })
  const lines: ScriptLine[] = []
  const options = { home, deadline_ms: 20_000, on_line: (line: ScriptLine) => void lines.push(line), ...rest }
  const result =
    word === 'add' ? await runAdd(call, { ...options, decide: () => decision }) : await runDelete(call, options)
  return { ...result, home, lines, said: result.result.stderr.trim().split('\n') }
}

const command = `sed 's/.*"command":"\\([a-z]*\\)".*/\\1/'`

test('starts as execd does: its relative path alone, the home folder, a session of its own, real pipes', async (t) => {
  const body = `read -r line
    echo "$0 $#" >&2; pwd >&2
    [ "$(cut -d' ' -f6 /proc/$$/stat)" = "$$" ] && echo "leads a session" >&2
    [ -p /dev/stdin ] && [ -p /dev/stdout ] && echo "pipes" >&2`
  const { home, said } = await run(t, body)
  assert.deepEqual(said, ['active-response/bin/x 0', home, 'leads a session', 'pipes'])
})

test('the second line is the first with another command; then the input ends', async (t) => {
  for (const decision of ['continue', 'abort'] as const) {
    const body = `read -r a; echo '${keys('"k"')}'; read -r b; echo "$a" | ${command} >&2; echo "$b" | ${command} >&2; cat >&2; echo end >&2`
    const { said, answer, lines } = await run(t, body, { decision })
    assert.deepEqual(said, ['add', decision, 'end'])
    assert.deepEqual(answer, { kind: 'keys', keys: ['k'] })
    assert.deepEqual(
      lines.map(({ from }) => from),
      ['us', 'script', 'us'],
    )
  }
})

test('delete: one line, and the end of the input', async (t) => {
  const { said } = await run(t, `cat | ${command} >&2; echo "$#" >&2`, { word: 'delete' })
  assert.deepEqual(said, ['delete', '0'])
})

test('a script that reads to the end gets the end, whichever way it reads', async (t) => {
  for (const read of ['cat', 'cat /dev/stdin', 'sed p', 'a=$(cat); echo "$a"']) {
    const { reads_to_end, result, answer } = await run(t, `${read} > /dev/null; echo done >&2`, { answer_ms: 60 })
    assert.deepEqual([reads_to_end, result.stderr, answer], [true, 'done\n', undefined], read)
  }
})

test('a script that is only slow keeps its input open, and hears the answer', async (t) => {
  const body = `sleep 0.3; read -r a; echo '${keys('"k"')}'; read -r b; echo "$b" | ${command} >&2`
  const { reads_to_end, said } = await run(t, body, { answer_ms: 60 })
  assert.deepEqual([reads_to_end, said], [false, ['continue']])
})

test('a first line without its end counts, one that is too long is cut', async (t) => {
  const short = await run(t, 'read -r a; printf garbage')
  assert.deepEqual([short.answer, short.decision], [{ kind: 'other', line: 'garbage' }, 'continue'])
  const long = await run(t, 'read -r a; head -c 20000 /dev/zero | tr "\\0" x; echo; read -r b; echo "$b" | wc -l >&2')
  assert.equal(long.answer?.kind === 'other' && long.answer.line.length, 8191)
  assert.deepEqual(long.said, ['1'])
})

test('one that ends before it was written to is no error', async (t) => {
  const { failure, answer } = await run(t, `echo '${keys('"k"')}'; exit 0`)
  assert.deepEqual([failure, answer?.kind], [undefined, 'keys'])
})

test('is ended with all it has started when its time is over', async (t) => {
  const { result, failure } = await run(t, 'sleep 1000 & sleep 1000', { deadline_ms: 200 })
  assert.equal(result.timed_out, true)
  assert.match(failure!, /not done in time/)
})

test('a daemon that it leaves behind is neither waited for nor ended', async (t) => {
  const { said, result } = await run(t, 'sleep 30 & echo $! >&2')
  assert.ok(result.duration_ms < 10_000)
  process.kill(Number(said[0]), 'SIGKILL')
})

test('may be kept from taking all memory', async (t) => {
  const { said } = await run(t, 'read -r a; ulimit -v >&2; echo "$0" >&2', { max_memory_bytes: 1 << 28 })
  assert.deepEqual(said, [String(1 << 18), 'active-response/bin/x'])
})

test('OSSEC: arguments and no input', async (t) => {
  const { said, answer } = await run(t, 'for word; do echo "$word" >&2; done; cat >&2; echo end >&2; echo hello', {
    dialect: 'ossec',
  })
  assert.deepEqual(said, ['add', '-', '203.0.113.5', '1.2', '1', '/var/log/a b', '-', 'one', 'two', 'end'])
  assert.equal(answer, undefined)
})

test('a decision that could not be kept is not acted on', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'outrider-script-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  mkdirSync(join(home, 'active-response', 'bin'), { recursive: true })
  const body = `#!/bin/sh\nread -r a; echo '${keys('"k"')}'; read -r b; echo "$b" | ${command} > said\n`
  writeFileSync(join(home, 'active-response', 'bin', 'x'), body, { mode: 0o755 })
  const alert = { timestamp: '', rule: { level: 3, id: '1', description: '' }, id: '' }
  const call = scriptCall({ dialect: 'wazuh4', executable: 'x', name: 'x5', timeout: 5, alert })
  const lines: ScriptLine[] = []
  const running = runAdd(call, {
    home,
    deadline_ms: 20_000,
    on_line: (line) => void lines.push(line),
    decide() {
      throw new Error('the disk is full')
    },
  })
  await assert.rejects(running, /the disk is full/)
  assert.match(lines.at(-1)!.text!, /"command":"abort"/)
})
