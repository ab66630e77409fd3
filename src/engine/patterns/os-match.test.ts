import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePattern } from './index.ts'

function matches(source: string, text: string, caseSensitive = false): boolean {
  const [plain, fast] = [true, false].map(
    (plain) => compilePattern('osmatch', source, { plain, caseSensitive }).pattern!,
  )
  assert.equal(plain!.test(text), fast!.test(text), `plain and fast on ${source}`)
  return fast!.test(text)
}

const e = '\xc3\xa9'

test('OS_Match knows alternatives, anchors and a leading exclamation mark, and nothing else', () => {
  const rows: [string, string, boolean][] = [
    ['abc', 'xABCy', true],
    ['^ab|cd$', 'xxcd', true],
    ['^ab|cd$', 'xab', false],
    ['a.b', 'axb', false],
    ['\\w', 'x', false],
    ['a\\|b', 'a\\', true],
    ['', 'anything', true],
    ['a|', 'zzz', true],
    ['!a', 'b', true],
    ['!a|b', 'b', false],
    ['!', 'anything', false],
    ['^$', '', true],
    ['^$', 'a', false],
    ['^', 'zzz', true],
    ['$', 'zzz', true],
    ['$$', 'x$', true],
    ['^^a', '^a', true],
    ['a^b', 'a^b', true],
    ['a$b', 'a$b', true],
    ['ab$', 'ab\n', false],
    ['aab', 'aaab', true],
    [e, `caf${e}`, false],
    [`${e}$`, `caf${e}`, true],
    [`^${e}$`, e, true],
    ['^foo', 'fo', false],
    ['^\xe0$', '\xc0', false],
  ]
  for (const [source, text, expected] of rows) assert.equal(matches(source, text), expected, `${source} on ${text}`)
})

test('the case-sensitive flag reaches only alternatives without anchors', () => {
  assert.equal(matches('ABC', 'ABC', true), false)
  assert.equal(matches('abc', 'ABC', true), true)
  assert.equal(matches('^AbC', 'AbC', true), true)
})

test('refuses nothing but length', () => {
  assert.equal(compilePattern('osmatch', 'a'.repeat(20_481)).error?.code, 3)
  assert.equal(compilePattern('osmatch', '(([\\').error, undefined)
})

test('OS_WordMatch treats empty pieces in its own way', () => {
  const rows: [string, string, boolean][] = [
    ['gg', 'mygg2,', true],
    ['^gg', 'mygg2,', false],
    ['^MY', 'mygg2,', true],
    ['', 'a', false],
    ['abc|', 'x', true],
    ['|abc', 'x', false],
    ['|abc', 'xabc', true],
    ['a$', 'a', false],
    ['!a', 'b', false],
    ['a||b|c', 'x|b', true],
    [e, `caf${e}`, true],
    ['x', '', false],
  ]
  for (const [source, text, expected] of rows) {
    assert.equal(compilePattern('wordmatch', source).pattern?.test(text), expected, `${source} on ${text}`)
  }
})

test('a string is compared whole and byte for byte', () => {
  const { pattern } = compilePattern('string', 'Abc')
  assert.equal(pattern?.test('Abc'), true)
  assert.equal(pattern?.test('abc'), false)
  assert.deepEqual(pattern?.exec('xAbc', 1), { end: -1, captures: [] })
})
