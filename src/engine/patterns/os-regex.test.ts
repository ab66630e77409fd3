import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePattern } from './index.ts'

/** Both forms must say it, so each row is asked of both. */
const forms = [{ plain: true }, { plain: false }]

function exec(source: string, text: string, captures = true) {
  const [first, second] = forms.map(({ plain }) =>
    compilePattern('osregex', source, { captures, plain }).pattern?.exec(text),
  )
  assert.deepEqual(first, second, `plain and fast on ${source}`)
  return first && { end: first.end, captures: first.captures }
}

// Pattern, text, end index, captures; no end: no match.
const rows: [string, string, number?, string[]?][] = [
  ['abc', 'xxABCd', 4],
  ['^abc', 'xabc'],
  ['abc$', 'abc '],
  ['a.c', 'abc'],
  ['a\\.c', 'abc', 2],
  ['\\d+', 'ab123cd', 5],
  ['(\\d+)', 'ab123cd', 2, ['123']],
  ['(\\d+)', 'ab123', 2, ['123']],
  ['(\\w+) (\\w+)', 'wolf goat', 5, ['wolf', 'goat']],
  ['a|b|^c', 'xxc'],
  ['a|b|^c', 'c', 0],
  ['from (\\S+) to (\\S+)$', 'from a to b', 10, ['a', 'b']],
  ['^\\d+', '123 abc', 3],
  ['^\\d+', '123', 0],
  ['^\\d+ ', '123 abc', 3],
  ['(\\.+) x (\\.+)', 'a x b x c', 4, ['a', 'b x c']],
  ['^(\\.*): ', 'k: v: w', 2, ['k']],
  ['a+', 'a+', 1],
  ['a+', 'aaa'],
  ['[\\d+]', '[12]', 3],
  ['^$', '', 0],
  ['^$', 'a'],
  ['$', 'a'],
  ['', 'abc', 0],
  ['^', 'abc', 0],
  ['\\w+@\\w+', 'x a@b', 4],
  ['user=(\\S*) ip', 'user= ip', 7, ['']],
  ['(\\d+.\\d+.\\d+.\\d+)', 'x 10.1.2.3 y', 9, ['10.1.2.3']],
  ['"(\\.*)"', 'say "a" and "b"', 6, ['a']],
  ['\\W\\w', '-a'],
  ['\\W\\w', '.a', 1],
  ['\\(\\d\\)', '(1)', 2],
  ['a\\|b', 'a|b', 2],
  ['\\<\\w+>', '<tag>', 4],
  ['\\\\\\w', '\\x', 1],
  ['^(\\S+) (\\.+)$', 'a b c', 2, ['a', 'b c']],
  ['id=(\\d+)|user (\\w+)', 'user bob', 5, ['bob']],
]

test('OS_Regex finds what the original finds, and ends where it ends', () => {
  for (const [source, text, end, captures = []] of rows) {
    assert.deepEqual(exec(source, text), end === undefined ? undefined : { end, captures }, `${source} on ${text}`)
  }
})

test('a repeated class gives way as soon as the next token takes the byte, and remembers four places', () => {
  assert.equal(exec('\\S+ab', 'aaab'), undefined)
  assert.equal(exec('\\S+ab', 'aab')?.end, 2)
  assert.equal(exec('\\S*ab', 'aaab')?.end, 3)
})

test('a repeat at the start skips the places it has seen', () => {
  assert.equal(exec('\\s+\\w+=', ' ab cd='), undefined)
  assert.equal(exec('^\\s*\\w+=', '  ab=')?.end, 4)
})

test('of two marks that meet, the second is a parenthesis in the text', () => {
  assert.equal(exec('(hi)(there)', 'hithere'), undefined)
  assert.deepEqual(exec('(hi)(there)', 'hi(there'), { end: 7, captures: ['hi'] })
})

test('the end of the text forgives some classes', () => {
  assert.equal(exec('^\\S+\\s\\d*', 'abc')?.end, 2)
  assert.equal(exec('\\S+\\d\\d\\w*', 'ab1')?.end, 2)
  assert.equal(exec('a\\d*\\s*\\w*', 'a'), undefined)
})

test('recording groups changes what the end of the text forgives', () => {
  assert.equal(exec('(b)a\\d*\\s*\\w*', 'ba', true)?.end, 1)
  assert.equal(exec('(b)a\\d*\\s*\\w*', 'ba', false), undefined)
})

test('a trailing * class can lose the capture before it', () => {
  assert.deepEqual(exec('a(\\d+)\\s*', 'a123')?.captures, [''])
  assert.deepEqual(exec('a(\\d+)\\s*', 'a123 ')?.captures, ['123'])
  assert.deepEqual(exec('a(\\d+)\\s*', 'a1')?.captures, ['1'])
  assert.deepEqual(exec('^(\\s*)', '')?.captures, [])
})

test('a group that closes before it opens makes the original fail', () => {
  assert.equal(exec('(\\W+\\w*)$', '"A|_ba=|'), undefined)
})

test('a last literal right behind a class is not always needed', () => {
  assert.equal(exec('\\S+\\d\\dx', 'ab1 ')?.end, 3)
  assert.deepEqual(compilePattern('osregex', 'y\\S+\\d\\dx').pattern?.literals, ['y'])
})

test('bytes beyond ASCII are in classes and never in literals', () => {
  assert.equal(exec('caf\xc3\xa9', 'caf\xc3\xa9'), undefined)
  assert.equal(exec('caf\\.\\.$', 'caf\xc3\xa9')?.end, 4)
  assert.equal(exec('\\S+', '\x80\x81 a')?.end, 2)
})

test('case is folded for ASCII alone, and captures keep theirs', () => {
  assert.deepEqual(exec('USER (\\w+)', 'user Bob')?.captures, ['Bob'])
  assert.equal(exec('\\.\xe0', 'x\xc0'), undefined)
})

test('refuses what the original refuses, with its number and a mend', () => {
  for (const source of ['\\x', '\\', 'a\\n', '\\-']) {
    const { error } = compilePattern('osregex', source)
    assert.equal(error?.code, 6, source)
    assert.match(error.message, /OS_Regex knows \\d \\w/)
  }
  for (const source of ['(a(b))', '(a|b)', 'a)', '(a', ')(']) {
    assert.equal(compilePattern('osregex', source).error?.code, 7, source)
  }
  assert.equal(compilePattern('osregex', 'a'.repeat(20_481)).error?.code, 3)
  assert.equal(compilePattern('osregex', 'a'.repeat(20_480)).error, undefined)
})

test('the case-sensitive flag leaves the pattern as written, and its capitals never match', () => {
  const { pattern } = compilePattern('osregex', 'AB|cd', { caseSensitive: true })
  assert.equal(pattern?.test('AB'), false)
  assert.equal(pattern?.test('CD'), true)
})
