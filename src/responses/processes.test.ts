import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { NothingToDo, type ProcessFacts } from '../define.ts'
import { endProcess, localProcesses, type ProcessSystem } from './processes.ts'
import { isRunning, orphan } from './test-kit.ts'

const linux = { skip: process.platform === 'linux' ? false : 'needs /proc' }

test('ends a process, and tells what it was', linux, async (t) => {
  const pid = orphan(t, 'exec sleep 600')
  let seen: ProcessFacts | undefined
  await endProcess({ end: pid, grace_ms: 5000, check: (facts) => void (seen = facts) })
  assert.equal(isRunning(pid), false)
  assert.equal(seen!.name, 'sleep')
  assert.match(seen!.exe!, /\/(sleep|coreutils|busybox)$/)
  assert.equal(seen!.kind, 'other')
  assert.ok(Math.abs(Date.now() - seen!.started) < 60_000, `started at ${seen!.started}`)
  await endProcess({ end: pid, grace_ms: 1000, check: () => assert.fail('it is gone') })
})

test('one that does not listen to TERM is killed', linux, async (t) => {
  const pid = orphan(t, 'trap "" TERM; exec sleep 600')
  await endProcess({ end: pid, grace_ms: 50, check() {} })
  assert.equal(isRunning(pid), false)
})

test('what the check does not want is left alone', linux, async (t) => {
  const pid = orphan(t, 'exec sleep 600')
  const refuse = () => {
    throw new NothingToDo('it is needed')
  }
  await assert.rejects(endProcess({ end: pid, grace_ms: 50, check: refuse }), /it is needed/)
  assert.equal(isRunning(pid), true)
})

test('knows ourselves, our parents and our children, and the first process', linux, async (t) => {
  const kindOf = async (pid: number) => {
    let kind: string | undefined
    const look = (facts: ProcessFacts) => {
      kind = facts.kind
      throw new NothingToDo('')
    }
    await assert.rejects(endProcess({ end: pid, grace_ms: 50, check: look }))
    return kind
  }
  assert.equal(await kindOf(process.pid), 'ours')
  if (process.ppid > 1) assert.equal(await kindOf(process.ppid), 'ours')
  assert.equal(await kindOf(1), 'init')
  assert.equal(await kindOf(orphan(t, 'exec sleep 600')), 'other')
})

/** A machine with the processes of a table: pid, parent, ticks, flags, name. */
function machine(rows: [pid: number, parent: number, ticks: number, flags: number, name: string][]) {
  const signals: string[] = []
  const files = new Map(
    rows.map(([pid, parent, ticks, flags, name]) => {
      const zeros = '0 '.repeat(4)
      return [`${pid}/stat`, `${pid} (${name}) S ${parent} ${zeros}${flags} ${'0 '.repeat(12)}${ticks} 0 0`]
    }),
  )
  let now = 1_000_000
  const system: ProcessSystem = {
    read: (path) => (path === 'uptime' ? '1000.00 5.00\n' : files.get(path)),
    readlink: () => undefined,
    kill: (pid, signal) => void signals.push(`${signal} ${pid}`),
    pid: 50,
    now: () => (now += 200),
  }
  return { system, files, signals }
}

test('a pid that another process has by now is not touched', async () => {
  const { system, files, signals } = machine([
    [1, 0, 0, 0, 'init'],
    [7, 1, 500, 0, 'miner'],
  ])
  const check = () => void files.set('7/stat', files.get('7/stat')!.replace(' 500 ', ' 99000 '))
  await endProcess({ end: 7, grace_ms: 100, check }, system)
  assert.deepEqual(signals, [])
})

test('reads names that hold parentheses and blanks, threads of the kernel, and when it was started', async () => {
  const { system } = machine([
    [1, 0, 0, 0, 'init'],
    [2, 0, 0, 0x200000, 'kthreadd'],
    [7, 1, 50_000, 0, 'a) S 1 (b'],
  ])
  const seen: ProcessFacts[] = []
  const look = (facts: ProcessFacts) => {
    seen.push(facts)
    throw new NothingToDo('')
  }
  for (const pid of [2, 7]) await assert.rejects(endProcess({ end: pid, grace_ms: 1, check: look }, system))
  assert.deepEqual(
    seen.map(({ name, kind, parent }) => [name, kind, parent]),
    [
      ['kthreadd', 'kernel', ''],
      ['a) S 1 (b', 'other', 'init'],
    ],
  )
  // The machine runs for 1,000 s, and it since the 500th of them.
  assert.ok(Math.abs(seen[1]!.started - (1_000_000 - 500_000)) < 2000, String(seen[1]!.started))
})

test('one that waits in the kernel for ever is an error', async () => {
  const { system, signals } = machine([[7, 1, 500, 0, 'stuck']])
  await assert.rejects(endProcess({ end: 7, grace_ms: 50, check() {} }, system), /still there after KILL/)
  assert.deepEqual(signals, ['SIGTERM 7', 'SIGKILL 7'])
})

test('what is not there reads as nothing', linux, () => {
  assert.equal(localProcesses.read('4194305/stat'), undefined)
  assert.equal(localProcesses.readlink('4194305/exe'), undefined)
  assert.equal(localProcesses.read('self/stat')!.split(' ')[0], readFileSync('/proc/self/stat', 'utf8').split(' ')[0])
})
