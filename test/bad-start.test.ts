/** What keeps `outrider up` from starting: one clear line with the mend, exit code 2, and nothing that runs is disturbed. */
import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { listen } from '../src/testing/listen.ts'
import { assertEachOnce } from './support/complaints.ts'
import { type Ended, eventually, makeHome, readAlerts, runOutrider, startOutrider } from './support/outrider.ts'
import { ordinaryUser } from './support/user.ts'

const limits = { timeout: 180_000 }
const settings = 'listen: { port: 0 }\n'

/** `outrider: what` and `  hint: mend`, each fitting its pattern, and nothing more. */
function assertRefused({ code, stdout, stderr }: Ended, what: RegExp, hint: RegExp): void {
  const lines = stderr.trimEnd().split('\n')
  assert.equal(lines.length, 2, stderr)
  assert.match(lines[0]!, what)
  assert.match(lines[1]!, hint)
  assert.equal(stdout, '')
  assert.equal(code, 2)
}

test('a taken port', limits, async (t) => {
  const port = await listen(t, createServer())
  const home = makeHome(t, { 'outrider.yaml': `listen: { port: ${port} }\n` })
  const ended = await runOutrider(home, ['up'])
  assertRefused(ended, new RegExp(`^outrider: port ${port} on 127\\.0\\.0\\.1 is taken$`), /hint: .*listen\.port/)

  writeFileSync(join(home, 'outrider.yaml'), `listen: { port: 0 }\ndemo: { port: ${port} }\n`)
  const demo = await runOutrider(home, ['up'])
  assertRefused(demo, new RegExp(`^outrider: port ${port} of the demo receiver is taken$`), /hint: .*demo\.port/)
})

test('a folder that cannot be written', limits, async (t) => {
  const home = makeHome(t, { 'outrider.yaml': settings })
  const user = ordinaryUser(home)
  if (typeof user === 'string') return t.skip(user)
  chmodSync(home, 0o550)
  try {
    const ended = await runOutrider(home, ['up'], { user })
    assertRefused(ended, /^outrider: cannot write in \S+: permission denied$/, /hint: .*--home/)
    const below = await runOutrider(join(home, 'not', 'there'), ['up'], { user })
    assertRefused(below, /^outrider: cannot write in \S+: permission denied$/, /hint: .*--home/)
    const file = await runOutrider(join(home, 'outrider.yaml'), ['up'], { user })
    assertRefused(file, /^outrider: cannot write in \S+: it is no folder$/, /hint: .*--home/)
  } finally {
    chmodSync(home, 0o750)
  }
})

test('a file that cannot be read', limits, async (t) => {
  const home = makeHome(t, {
    'outrider.yaml': settings,
    'etc/ossec.conf': '<ossec_config></ossec_config>\n',
    'queue/console.token': '',
  })
  const user = ordinaryUser(home)
  if (typeof user === 'string') return t.skip(user)
  for (const name of ['queue/console.token', 'outrider.yaml']) {
    chmodSync(join(home, name), 0o000)
    const ended = await runOutrider(home, ['up'], { user })
    assertRefused(
      ended,
      new RegExp(`^outrider: .*${name}.*permission denied|^outrider: EACCES: .*${name}`),
      /hint: check its owner/,
    )
    chmodSync(join(home, name), 0o640)
  }
  // A part of the configuration only: told, and the rest runs.
  chmodSync(join(home, 'etc/ossec.conf'), 0o000)
  const outrider = await startOutrider(t, home, { user })
  await assertEachOnce(outrider, [
    /^outrider\.yaml:1 ossec_conf.*etc\/ossec\.conf cannot be read: EACCES.* -> check its owner/,
  ])
  assert.equal(await outrider.stop(), 0)
})

test('a second daemon in the same folder, which does not disturb the first', limits, async (t) => {
  const home = makeHome(t, { 'outrider.yaml': settings })
  const first = await startOutrider(t, home)
  const ended = await runOutrider(home, ['up'])
  assertRefused(
    ended,
    new RegExp(`another outrider \\(process ${first.process.pid}\\) runs in `),
    /hint: stop it first/,
  )
  const { code, stdout } = await runOutrider(home, ['blocks', 'list'])
  assert.deepEqual([code, stdout], [0, 'nothing is blocked\n'])
  assert.equal(await first.stop(), 0)

  const again = await startOutrider(t, home)
  await again.kill()
  const after = await startOutrider(t, home)
  assert.equal(await after.stop(), 0)
})

test('two that are started at the same moment: one runs, the other says so', limits, async (t) => {
  const home = makeHome(t, { 'outrider.yaml': settings })
  const starts = await Promise.allSettled([1, 2, 3].map(() => startOutrider(t, home)))
  const running = starts.filter((start) => start.status === 'fulfilled').map(({ value }) => value)
  assert.equal(running.length, 1)
  for (const start of starts) {
    if (start.status === 'rejected')
      assert.match(String(start.reason), /ended with 2 [\s\S]*another outrider .*runs in/)
  }
  assert.equal(await running[0]!.stop(), 0)
})

test('outrider.yaml that is no YAML, or means another program', limits, async (t) => {
  const home = makeHome(t, { 'outrider.yaml': 'listen: { port: 0 }\ndestinations:\n  a: [\n  b: x\n' })
  const ended = await runOutrider(home, ['up'])
  assert.equal(ended.code, 2)
  assert.equal(ended.stdout, '')
  assert.match(ended.stderr, /^outrider: the configuration has errors\noutrider\.yaml:4 error: .+\n {2}hint: .+\n$/)

  writeFileSync(join(home, 'outrider.yaml'), 'listen: { prt: 0 }\nengine: besides\nlevel: 3\n')
  const all = await runOutrider(home, ['up'])
  assert.equal(all.code, 2)
  for (const line of [
    /^outrider\.yaml:1 error: listen\.prt: no such option$/m,
    /^outrider\.yaml:2 error: engine: not one of/m,
  ])
    assert.match(all.stderr, line)
  assert.match(all.stderr, /^outrider\.yaml:3 error: level: no such section$/m)
})

test('a state.db that is damaged, or no database', limits, async (t) => {
  const home = makeHome(t, {
    'outrider.yaml': settings,
    'state.db': 'this is no database, but long enough to be one\n'.repeat(99),
  })
  const mend = /hint: move it away .* and put back a copy, or start without/
  assertRefused(await runOutrider(home, ['up']), /^outrider: \S+state\.db: not a database, or damaged/, mend)

  const other = makeHome(t, { 'outrider.yaml': settings })
  const outrider = await startOutrider(t, other)
  await eventually(other, () => readAlerts(other).length > 0)
  assert.equal(await outrider.stop(), 0)
  const file = join(other, 'state.db')
  const bytes = readFileSync(file)
  // The header stays, so that it looks like a database.
  bytes.fill(0xa5, 100)
  writeFileSync(file, bytes)
  assertRefused(await runOutrider(other, ['up']), /^outrider: \S+state\.db: not a database, or damaged/, mend)
  assert.deepEqual(readFileSync(file), bytes, 'what is left of it is not touched')
})

test('commands that need a daemon say how to start one', limits, async (t) => {
  const home = makeHome(t, { 'outrider.yaml': settings })
  for (const args of [
    ['blocks', 'list'],
    ['deliveries', 'list'],
    ['deliveries', 'retry', '1'],
  ])
    assertRefused(
      await runOutrider(home, args),
      /^outrider: no outrider runs in /,
      /hint: start it: outrider --home \S+ up$/,
    )
  assertRefused(
    await runOutrider(home, ['send', 'github']),
    /there is no receiver "github"/,
    /hint: add one below "receivers:"/,
  )
})
