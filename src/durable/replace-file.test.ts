import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { replaceFile } from './replace-file.ts'

describe('replacing a file', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'outrider-replace-'))
    path = join(folder, 'a')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('gives it a new inode, the wanted mode, and leaves nothing beside it', () => {
    replaceFile(path, 'é')
    assert.equal(statSync(path).mode & 0o777, 0o640)
    const { ino } = statSync(path)
    chmodSync(path, 0o604)
    replaceFile(path, Buffer.from('new'))
    assert.equal(readFileSync(path, 'utf8'), 'new')
    assert.notEqual(statSync(path).ino, ino)
    assert.equal(statSync(path).mode & 0o777, 0o604)
    replaceFile(path, 'secret', 0o600)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(folder), ['a'])
  })

  test('is not stopped by what a crash left', () => {
    writeFileSync(`${path}.${process.pid}.tmp`, 'half', { mode: 0o400 })
    replaceFile(path, 'whole')
    assert.equal(readFileSync(path, 'utf8'), 'whole')
    assert.deepEqual(readdirSync(folder), ['a'])
  })

  test('leaves the old one untouched when it fails', () => {
    mkdirSync(path)
    writeFileSync(join(path, 'b'), '')
    assert.throws(() => replaceFile(path, 'x'), /EISDIR|ENOTEMPTY|EEXIST/)
    assert.deepEqual(readdirSync(folder), ['a'])
  })
})
