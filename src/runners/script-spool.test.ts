import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
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

test('who owns the folder cannot have other files written, read or removed, nor the reader wait', async (t) => {
  const { folder, spool: kept, home } = spool(t)
  kept.keep('{"id":"mine"}', 50)
  const secret = join(home, 'secret.json')
  writeFileSync(secret, '{"token":"t"}')
  symlinkSync(secret, join(folder, `lock-${process.pid}`))
  symlinkSync(secret, join(folder, '00000000000000010-1.json'))
  linkSync(secret, join(folder, '00000000000000020-1.json'))
  execFileSync('mkfifo', [join(folder, '00000000000000030-1.json')])
  const seen: string[] = []
  const send = async (line: string) => {
    seen.push(line)
    return 'gone' as const
  }
  await kept.drain(9, send)
  assert.deepEqual(seen, ['{"id":"mine"}'])
  assert.equal(readFileSync(secret, 'utf8'), '{"token":"t"}')

  kept.keep('{"id":"again"}', 50)
  mkdirSync(join(folder, `lock-${process.pid}`))
  await kept.drain(9, send)
  rmSync(join(folder, `lock-${process.pid}`), { recursive: true })
  execFileSync('mkfifo', [join(folder, 'lock')])
  await kept.drain(9, send)
  assert.deepEqual(seen.slice(1), ['{"id":"again"}'], 'no lock of ours is a pipe')

  // A folder that is a link, before or while it is drained.
  const other = join(home, 'other')
  mkdirSync(other)
  writeFileSync(join(other, '00000000000000060-1.json'), '{"id":"other"}')
  kept.keep('{"id":"last"}', 60)
  await kept.drain(9, async (line) => {
    renameSync(folder, `${folder}-old`)
    symlinkSync(other, folder)
    renameSync(
      join(`${folder}-old`, readdirSync(`${folder}-old`).find((name) => name.includes('60-'))!),
      join(other, 'x'),
    )
    return send(line)
  })
  await kept.drain(9, send)
  assert.deepEqual(seen.slice(2), ['{"id":"last"}'])
  assert.deepEqual(readdirSync(other).sort(), ['00000000000000060-1.json', 'x'])
})

test('an alert in several lines is given as one, as all who put lines together expect', async (t) => {
  const { folder, spool: kept } = spool(t)
  kept.keep('{}', 1)
  writeFileSync(join(folder, '00000000000000002-1.json'), '{"id":\n{"delete":{}}\r\n}')
  const seen: string[] = []
  await kept.drain(9, async (line) => {
    seen.push(line)
    return 'gone'
  })
  assert.deepEqual(seen, ['{}', '{"id": {"delete":{}} }'])
})
