import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { siblings } from './history.ts'

/** Makes the files one after the other, with these times of their last change, and lists them as siblings of a.log do. */
function listed(t: TestContext, files: [name: string, seconds: number][]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-history-'))
  t.after(() => rmSync(folder, { recursive: true }))
  let last = 0n
  for (const [name, seconds] of files) {
    const path = join(folder, name)
    // Until the clock of the file system has moved on.
    for (let made = last; made === last; rmSync(path)) {
      writeFileSync(path, '')
      made = statSync(path, { bigint: true }).birthtimeNs
    }
    writeFileSync(path, '')
    last = statSync(path, { bigint: true }).birthtimeNs
    utimesSync(path, seconds, seconds)
  }
  return siblings(join(folder, 'a.log'))
    .list()
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ path }) => basename(path))
}

test('the order is that of the last change, whatever the names', (t) => {
  assert.deepEqual(
    listed(t, [
      ['a.log.1', 30],
      ['a.log.2', 10],
      ['a.log.3.gz', 20],
      ['b.log.1', 5],
    ]),
    ['a.log.2', 'a.log.3.gz', 'a.log.1'],
  )
})

test('of one time, names are read as the other files tell', (t) => {
  assert.deepEqual(
    listed(t, [
      ['a.log.3', 10],
      ['a.log.2', 20],
      ['a.log.1', 20],
    ]),
    ['a.log.3', 'a.log.2', 'a.log.1'],
  )
  assert.deepEqual(
    listed(t, [
      ['a.log.1', 10],
      ['a.log.3', 20],
      ['a.log.2', 20],
    ]),
    ['a.log.1', 'a.log.2', 'a.log.3'],
  )
})

test('with no other files, those that were made later are newer', (t) => {
  assert.deepEqual(
    listed(t, [
      ['a.log.2', 20],
      ['a.log.1', 20],
    ]),
    ['a.log.2', 'a.log.1'],
  )
  assert.deepEqual(
    listed(t, [
      ['a.log.1', 20],
      ['a.log.2', 20],
      ['a.log.10', 20],
    ]),
    ['a.log.1', 'a.log.2', 'a.log.10'],
  )
})

test("what was compressed tells nothing by when it was made: logrotate's order is assumed", (t) => {
  assert.deepEqual(
    listed(t, [
      ['a.log.1', 20],
      ['a.log.2.gz', 20],
    ]),
    ['a.log.2.gz', 'a.log.1'],
  )
})

test('what is being compressed is read where it is complete', (t) => {
  assert.deepEqual(
    listed(t, [
      ['a.log.1', 20],
      ['a.log.1.gz', 40],
    ]),
    ['a.log.1'],
  )
})
