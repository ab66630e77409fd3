import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { type Migration, openState, StateError } from './state.ts'

const numbers: Migration = { name: 'numbers-1', sql: 'CREATE TABLE number (n INTEGER NOT NULL) STRICT' }

describe('state.db', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'outrider-state-'))
    path = join(folder, 'var', 'state.db')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const count = (state: ReturnType<typeof openState>) => state.db.prepare('SELECT count(*) c FROM number').get()!.c

  test('is created for its owner only, with the pragmas that make a commit durable', () => {
    using state = openState(path)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(statSync(`${path}-wal`).mode & 0o777, 0o600)
    assert.equal(state.db.prepare('PRAGMA journal_mode').get()!.journal_mode, 'wal')
    assert.equal(state.db.prepare('PRAGMA synchronous').get()!.synchronous, 2)
  })

  test('only a lazy transaction spares the disk, also when it fails', () => {
    using state = openState(path, [numbers])
    const synchronous = () => state.db.prepare('PRAGMA synchronous').get()!.synchronous
    assert.equal(state.transaction(synchronous), 2)
    assert.equal(state.transaction(synchronous, 'lazy'), 1)
    assert.equal(synchronous(), 2)
    assert.throws(() =>
      state.transaction(() => {
        throw new Error('no')
      }, 'lazy'),
    )
    assert.equal(synchronous(), 2)
    assert.equal(
      state.transaction(() => state.transaction(synchronous, 'lazy')),
      2,
      'within another it is as that one',
    )
  })

  test('applies each migration once, and new ones later', () => {
    openState(path, [numbers]).close()
    const more: Migration = { name: 'numbers-2', sql: 'INSERT INTO number VALUES (1); INSERT INTO number VALUES (2)' }
    openState(path, [numbers, more]).close()
    using state = openState(path, [numbers, more])
    assert.equal(count(state), 2)
  })

  test('leaves the file as it was when a migration fails', () => {
    openState(path, [numbers]).close()
    const broken: Migration = {
      name: 'numbers-2',
      sql: 'INSERT INTO number VALUES (1); INSERT INTO nowhere VALUES (2)',
    }
    assert.throws(() => openState(path, [numbers, broken]), /no such table: nowhere/)
    using state = openState(path, [numbers])
    assert.equal(count(state), 0)
  })

  test('refuses a file that a newer version wrote', () => {
    openState(path, [numbers]).close()
    assert.throws(
      () => openState(path),
      (error: StateError) => error instanceof StateError && /newer version.*"numbers-1"/.test(error.message),
    )
  })

  test('says in one error that the file is not a database, and does not touch it', () => {
    openState(path).close()
    writeFileSync(path, 'this is not a database'.repeat(500))
    assert.throws(() => openState(path), { name: 'StateError', message: /state\.db: not a database/ })
    assert.match(readFileSync(path, 'utf8'), /^this is not a database/)
  })

  test('says in one error that it cannot write there', {
    skip: process.getuid?.() === 0 && 'root may write everywhere',
  }, () => {
    openState(path).close()
    chmodSync(join(folder, 'var'), 0o500)
    chmodSync(path, 0o400)
    try {
      assert.throws(() => openState(path), { name: 'StateError', message: /cannot be/ })
    } finally {
      chmodSync(join(folder, 'var'), 0o700)
    }
  })

  test('says in one error that the path is a folder', () => {
    assert.throws(() => openState(folder), { name: 'StateError', message: /EISDIR/ })
  })

  test('takes back everything when the work throws', () => {
    using state = openState(path, [numbers])
    assert.throws(() =>
      state.transaction(() => {
        state.db.exec('INSERT INTO number VALUES (1)')
        state.cursor('a').set(1)
        throw new Error('no')
      }),
    )
    assert.equal(count(state), 0)
    assert.equal(state.cursor('a').get(), undefined)
  })

  test('joins the transaction that is already open', () => {
    using state = openState(path, [numbers])
    assert.throws(() =>
      state.transaction(() => {
        state.transaction(() => state.db.exec('INSERT INTO number VALUES (1)'))
        throw new Error('no')
      }),
    )
    assert.equal(count(state), 0)
  })

  test('refuses async work, which would let strangers into the transaction', () => {
    using state = openState(path, [numbers])
    assert.throws(() => state.transaction(async () => state.db.exec('INSERT INTO number VALUES (1)')), /async/)
    assert.equal(count(state), 0)
  })

  test('keeps cursors, by name and by prefix', () => {
    {
      using state = openState(path)
      state.cursor('file:a').set({ offset: 1 })
      state.cursor('file:b%').set({ offset: 2 })
      state.cursor('other').set('x')
      state.cursor('file:a').set({ offset: 3 })
      state.cursor('other').delete()
    }
    using state = openState(path)
    assert.deepEqual(state.cursor('file:a').get(), { offset: 3 })
    assert.deepEqual(state.cursors('file:'), [
      { name: 'file:a', value: { offset: 3 } },
      { name: 'file:b%', value: { offset: 2 } },
    ])
    assert.equal(state.cursor('other').get(), undefined)
  })

  test('opens a copy cut off at any byte of its log with the last commit that was whole', () => {
    const copy = join(folder, 'copy.db')
    const state = openState(path, [numbers])
    state.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    for (let n = 1; n <= 3; n++) state.transaction(() => state.cursor('n').set(n))
    const [main, wal] = [readFileSync(path), readFileSync(`${path}-wal`)]
    state.close()
    let last = 0
    const seen = new Set<number>()
    // Every byte would be some 12,000 openings; at the edges of the frames (24 + 4096 bytes after a 32 byte head) every kind of cut occurs.
    const cuts = [...Array(wal.length + 1).keys()].filter(
      (at) => at % 211 === 0 || (at - 32) % 4120 < 30 || at % 4120 < 33,
    )
    for (const at of [...cuts, wal.length]) {
      for (const suffix of ['-shm', '-wal']) rmSync(copy + suffix, { force: true })
      writeFileSync(copy, main)
      writeFileSync(`${copy}-wal`, wal.subarray(0, at))
      using again = openState(copy, [numbers])
      const n = again.cursor<number>('n').get() ?? 0
      assert.ok(n >= last && n <= 3, `cut at ${at}: ${n} after ${last}`)
      last = n
      seen.add(n)
    }
    assert.deepEqual([...seen], [0, 1, 2, 3])
  })
})
