import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { openAppend } from './append.ts'

describe('appending lines', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'outrider-append-'))
    path = join(folder, 'events', 'a.ndjson')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const text = (file = path) => readFileSync(file, 'latin1')

  test('makes the folder and the file, and writes in order', async () => {
    await using file = openAppend({ path, mode: 0o640 })
    assert.equal(statSync(path).mode & 0o777, 0o640)
    await Promise.all([file.append(['a', 'b']), file.append([]), file.append(['\xff\0'])])
    assert.equal(text(), 'a\nb\n\xff\0\n')
  })

  test('keeps the lines of a thousand callers together', async () => {
    await using file = openAppend({ path })
    const pairs = Array.from({ length: 1000 }, (_, n) => [`${n} first`, `${n} second`])
    await Promise.all(pairs.map((lines) => file.append(lines)))
    assert.deepEqual(text().split('\n').slice(0, -1), pairs.flat())
  })

  test('refuses a line end inside a line, which would forge a second one', async () => {
    await using file = openAppend({ path })
    await assert.rejects(file.append(['a\nb']), /line end/)
    assert.equal(text(), '')
  })

  test('ends a line torn at any byte before it writes the next', async () => {
    const before = '{"n":1}\n{"n":2}\n'
    for (let cut = 0; cut <= before.length; cut++) {
      rmSync(path, { force: true })
      openAppend({ path }).close()
      writeFileSync(path, before.slice(0, cut))
      {
        await using file = openAppend({ path })
        assert.equal(text(), before.slice(0, cut))
        await file.append(['{"n":3}'])
        await file.append(['{"n":4}'])
      }
      const lines = before.slice(0, cut).split('\n')
      const torn = lines.pop()!
      const whole = lines.map((line) => `${line}\n`).join('')
      assert.equal(text(), `${whole}${torn}${torn && '\n'}{"n":3}\n{"n":4}\n`, `cut at ${cut}`)
    }
  })

  test('goes on in a new file when the old one is renamed or removed', async () => {
    await using file = openAppend({ path })
    await file.append(['a'])
    renameSync(path, `${path}.old`)
    await file.append(['b'])
    assert.equal(text(`${path}.old`), 'a\n')
    assert.equal(text(), 'b\n')
    rmSync(join(folder, 'events'), { recursive: true })
    await file.append(['c'])
    assert.equal(text(), 'c\n')
  })

  test('rotates a long file only when its readers are done with it', async () => {
    let drained = false
    const asked: string[] = []
    const isDrained = (inode: string, size: number) => {
      asked.push(`${inode} ${size}`)
      return drained
    }
    await using file = openAppend({ path, rotate: { max_bytes: 4, isDrained } })
    await file.append(['a'])
    await file.append(['b'])
    assert.deepEqual(asked, [])
    await file.append(['c'])
    assert.deepEqual(asked, [`${statSync(path).ino} 4`])
    drained = true
    await file.append(['d'])
    assert.equal(text(`${path}.1`), 'a\nb\nc\n')
    assert.equal(text(), 'd\n')
  })

  test('tells every caller of a failed round, and recovers', async () => {
    await using file = openAppend({ path })
    await file.append(['a'])
    rmSync(join(folder, 'events'), { recursive: true })
    writeFileSync(join(folder, 'events'), 'a file where the folder should be')
    const results = await Promise.allSettled([file.append(['b']), file.append(['c'])])
    assert.deepEqual(
      results.map((result) => result.status),
      ['rejected', 'rejected'],
    )
    rmSync(join(folder, 'events'))
    await file.append(['d'])
    assert.equal(text(), 'd\n')
  })

  test('passes on that the disk is full', {
    skip: statSync('/dev/full', { throwIfNoEntry: false }) ? false : 'no /dev/full',
  }, async () => {
    await using file = openAppend({ path: '/dev/full' })
    await assert.rejects(file.append(['a']), { code: 'ENOSPC' })
  })

  test('writes what waits before it closes', async () => {
    const file = openAppend({ path })
    const written = file.append(['a'])
    await file.close()
    await written
    assert.equal(text(), 'a\n')
    await assert.rejects(file.append(['b']), /already closed/)
  })
})
