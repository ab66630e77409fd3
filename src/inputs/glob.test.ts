import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { filesLike, isLike } from './glob.ts'

test('a pattern stands for the regular files that glob(3) would find, sorted', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-glob-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const sub of ['x1', 'x2', '.x3']) mkdirSync(join(folder, sub))
  for (const name of ['x1/b.log', 'x1/a.log', 'x2/a.log', 'x2/a.txt', '.x3/a.log', 'x1/.h.log', 'a+b.log'])
    writeFileSync(join(folder, name), '')
  symlinkSync('x1/a.log', join(folder, 'link.log'))
  symlinkSync('nowhere', join(folder, 'broken.log'))
  mkdirSync(join(folder, 'folder.log'))
  const found = (pattern: string) => filesLike(join(folder, pattern)).map((path) => path.slice(folder.length + 1))
  assert.deepEqual(found('x*/*.log'), ['x1/a.log', 'x1/b.log', 'x2/a.log'])
  assert.deepEqual(found('*.log'), ['a+b.log', 'link.log'])
  assert.deepEqual(found('x[!1]/a.*'), ['x2/a.log', 'x2/a.txt'])
  assert.deepEqual(found('.x?/*'), ['.x3/a.log'])
  assert.deepEqual(found('x1/a.log'), ['x1/a.log'])
  assert.deepEqual(found('nothing/*'), [])
})

test('a path is like a pattern, part by part', () => {
  for (const [path, pattern, wanted] of [
    ['/a/b.log', '/a/*.log', true],
    ['/a/b/c.log', '/a/*.log', false],
    ['/a/b.log', '/*/[a-c].log', true],
    ['/a/-.log', '/a/[a-].log', true],
    ['/a/].log', '/a/[]x].log', true],
    ['/a/b.log', '/a/[^b].log', false],
    ['/a/[b.log', '/a/[b.log', true],
    ['/a/*.log', '/a/\\*.log', true],
    ['/a/b.log', '/a/\\*.log', false],
    ['/a/bxlog', '/a/b.log', false],
    ['/a/.log', '/a/*', false],
  ] as const)
    assert.equal(isLike(path, pattern), wanted, `${path} ${pattern}`)
})
