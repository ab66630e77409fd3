import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openSpool } from './script-spool.ts'

function spool(t: TestContext) {
  const home = mkdtempSync(join(tmpdir(), 'outrider-spool-'))
  t.after(() => rmSync(home, { recursive: true }))
  return { folder: join(home, 'queue', 'outrider-spool', 'custom-x'), spool: openSpool(home, 'custom-x'), home }
}

test('gives kept alerts back oldest first, and only once', async (t) => {
  const { folder, spool: kept } = spool(t)
  for (const at of [30, 10, 20]) kept.keep(`{"at":${at}}`, at)
  mkdirSync(join(folder, '00000000000000001-1.json')) // what cannot be read holds nobody up
  const seen: string[] = []
  await kept.drain(3, async (line) => {
    seen.push(line)
    return 'gone'
  })
  assert.deepEqual(seen, ['{"at":10}', '{"at":20}'])
  assert.equal(kept.count(), 2)
  await kept.drain(9, async () => 'stays')
  assert.equal(kept.count(), 2)
  assert.deepEqual(
    readdirSync(folder).filter((name) => !name.endsWith('.json')),
    [],
    'nothing else is left',
  )
})

test('one process at a time; the lock of a dead one does not count', async (t) => {
  const { folder, spool: kept, home } = spool(t)
  kept.keep('{}', 1)
  let count = 0
  const send = async () => {
    count++
    await openSpool(home, 'custom-x').drain(9, async () => {
      count++
      return 'gone'
    })
    return 'stays' as const
  }
  await kept.drain(9, send)
  assert.equal(count, 1, 'the inner one found the lock taken')
  // No process has this number: Linux gives none above 4,194,304.
  writeFileSync(join(folder, 'lock'), '4999999')
  let hasRun = false
  await kept.drain(9, async () => {
    hasRun = true
    return 'stop'
  })
  assert.ok(hasRun)
  writeFileSync(join(folder, 'lock'), String(process.pid))
  await kept.drain(9, send)
  assert.equal(count, 1)
  utimesSync(join(folder, 'lock'), 0, 0)
  await kept.drain(9, send)
  assert.equal(count, 2, 'an old lock is from an earlier process of the same number')
})

test('the second failure in a row begins a pause, which grows, and which a success ends', (t) => {
  const { spool: kept } = spool(t)
  kept.keep('{}', 1)
  const now = 1_000_000
  const pauses = Array.from({ length: 9 }, () => {
    kept.failed(now, undefined)
    return kept.paused_ms(now) / 1000
  })
  assert.deepEqual(pauses, [0, 1, 2, 4, 8, 16, 32, 60, 60])
  kept.worked()
  kept.failed(now, 120_000)
  assert.equal(kept.paused_ms(now), 120_000, 'the destination asked for it')
  assert.equal(kept.paused_ms(now - 10 * 3_600_000), 0, 'a clock that was set back')
})

test('says what is wrong when nothing can be kept', (t) => {
  const { home } = spool(t)
  writeFileSync(join(home, 'queue'), '')
  assert.throws(() => openSpool(home, 'custom-x').keep('{}', 1), /nothing can be kept in .*custom-x: /)
})
