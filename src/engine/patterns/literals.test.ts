import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePattern, type PatternKind } from './index.ts'

function literals(kind: PatternKind, source: string): readonly string[] | undefined {
  return compilePattern(kind, source).pattern?.literals
}

test('of an OS_Regex, the longest run of each alternative', () => {
  assert.deepEqual(literals('osregex', 'Failed (\\S+) for \\S+|^ERROR:\\s'), ['failed ', 'error:'])
  assert.equal(literals('osregex', 'abc|\\d+'), undefined)
  assert.deepEqual(literals('osregex', 'abc|\xe9'), ['abc'])
  assert.deepEqual(literals('osregex', '\xe9'), [])
})

test('of an OS_Match, each alternative, and nothing of a negated or empty one', () => {
  assert.deepEqual(literals('osmatch', 'One|^two$|\xe9'), ['one', 'two'])
  assert.equal(literals('osmatch', '!one'), undefined)
  assert.equal(literals('osmatch', 'one|'), undefined)
})

test('of a PCRE2 pattern, what no branch or repeat can leave out', () => {
  assert.deepEqual(literals('pcre2', '^(?i)Failed\\s(password|key)'), ['failed'])
  assert.deepEqual(literals('pcre2', 'a(?:long)?b'), ['a'])
  assert.deepEqual(literals('pcre2', '(?:one|three)+'), ['one', 'three'])
  assert.deepEqual(literals('pcre2', '(?=longer)ab'), ['ab'])
  assert.deepEqual(literals('pcre2', 'us(e)r'), ['user'])
  assert.deepEqual(literals('pcre2', '(*UTF)\\x{e9}'), ['\xc3\xa9'])
  assert.equal(literals('pcre2', 'a|\\d'), undefined)
})

test('a string needs itself, and a pattern that lacks its literals is not run', () => {
  assert.deepEqual(literals('string', 'Abc'), ['abc'])
  assert.equal(compilePattern('pcre2', 'a\\w+FAIL').pattern?.test('axfail'), false)
})
