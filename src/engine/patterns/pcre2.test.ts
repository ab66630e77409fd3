import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePattern } from './index.ts'

function exec(source: string, text: string) {
  const [plain, fast] = [true, false].map((plain) =>
    compilePattern('pcre2', source, { captures: true, plain }).pattern?.exec(text),
  )
  assert.deepEqual(plain, fast, `plain and fast on ${source}`)
  return fast
}

const e = '\xc3\xa9'

// Pattern, text, end index, captures; no end: no match. What PCRE2 10.42 answers.
function check(rows: [string, string, number?, string[]?][]): void {
  for (const [source, text, end, captures = []] of rows) {
    assert.deepEqual(
      exec(source, text),
      end === undefined ? undefined : { end, captures },
      `${source} on ${JSON.stringify(text)}`,
    )
  }
}

test('PCRE2 minds the case, stops at newlines and lets $ stand before a last one', () => {
  check([
    ['abc', 'xABC'],
    ['(?i)abc', 'xABC', 3],
    ['^a.c$', 'abc', 2],
    ['a.c', 'a\nc'],
    ['a.c', 'a\rc', 2],
    ['(?s)a.c', 'a\nc', 2],
    ['abc$', 'abc\n', 2],
    ['abc$', 'abc\n\n'],
    ['abc\\z', 'abc\n'],
    ['^b', 'a\nb'],
    ['(?m)^b', 'a\nb', 2],
    ['(?m)^b', 'a\rb'],
    ['(?m)a$', 'a\rb'],
    ['(?m)^$', 'a\n'],
    ['^(?!foo)', 'bar', -1],
  ])
})

test('a group that took no part is empty when a later one did, and else left out', () => {
  const optional = 'go(?: a=(\\d+))?(?: b=(\\d+))?(?: c=(\\d+))?'
  check([
    [optional, 'go b=2', 5, ['', '2']],
    [optional, 'go a=1', 5, ['1']],
    [optional, 'go', 1],
    ['(a)|(b)', 'b', 0, ['', 'b']],
  ])
})

test('classes and case are of ASCII, and text is bytes', () => {
  check([
    ['caf.', `caf${e}`, 3],
    ['caf..$', `caf${e}`, 4],
    ['\\s', 'a\xa0b'],
    ['\\w+', `${e}t${e}`, 2],
    ['(?i)\xe9', '\xc9'],
    ['[[:digit:]]+', 'a42', 2],
    ['[^[:alpha:]\\d]', 'a1-', 2],
    ['[]a]+', 'x]a', 2],
    ['\\x41\\101\\x{42}', 'AAB', 2],
    ['\\h\\v\\R', '\t\n\r\n', 3],
    ['\\Qa.b\\E+', 'a.bb', 3],
  ])
})

test('repeats that could be empty set their groups, and groups outlive a pass of a loop', () => {
  check([
    ['(a*)*', 'b', -1, ['']],
    ['(?:(a)|b)*', 'ab', 1, ['a']],
    ['(?U)a+', 'aaa', 0],
    ['a{2}', 'aaa', 1],
    ['a{,2}', 'a{,2}', 4],
    ['x{1,20}y', `${'x'.repeat(19)}y`, 19],
  ])
})

test('look-arounds, back-references, calls, conditions and atomic groups', () => {
  check([
    ['(?<=x)y', 'xy', 1],
    ['(?<!x|ab)y', 'aby'],
    ['(\\d+)-\\1', '12-12', 4, ['12']],
    ['(x)?\\1y', 'y'],
    ['(?<n>a)\\k<n>(?P=n)', 'aaa', 2, ['a']],
    ['\\((?:[^()]|(?R))*\\)', 'x(a(b)c)', 7],
    ['^(.|(.)(?1)\\2)$', 'abcba', 4, ['abcba', 'a']],
    ['(a)?(?(1)b|c)', 'ab', 1, ['a']],
    ['(a)?(?(1)b|c)', 'xc', 1],
    ['(?|(a)|(b))c', 'bc', 1, ['b']],
    ['(?>a+)ab', 'aaab'],
    ['a++b', 'aab', 2],
    ['(?(DEFINE)(?<d>\\d))(?&d)x', '1x', 1],
    ['a\\Kb', 'ab', 1],
    ['(?=(a))a', 'a', 0, ['a']],
    ['(?x) a b # c', 'ab', 1],
    ['a+(?#lazy)?(.*)', 'aaa', 2, ['aa']],
  ])
})

test('mistakes of PCRE2 10.42 are kept', () => {
  check([
    // Its table has it that . and \R have nothing in common.
    ['.+\\R', 'a\r'],
    // The whole pattern called as a group is atomic, a call of a group is not.
    ['(.)b(?R)?b', 'xbabbb', 5, ['x']],
    ['([ab])b+(?R)?b', 'bbabbb', 5, ['a']],
    ['^(([ab])b+(?1)?b)$', 'bbabbb', 5, ['bbabbb', 'b']],
    // What a call set beyond the highest group comes back with a higher one.
    ['x(\\n|([^a]?))|(|(?1))*a', ' \n b\nbaa', 6, ['', ' ', '']],
  ])
})

test('(*UTF) reads characters, and refuses text that is not UTF-8', () => {
  check([
    ['(*UTF)caf.$', `caf${e}`, 4],
    ['(*UTF)(.)$', `a${e}`, 2, [e]],
    ['(*UTF)\\N{U+202E}', 'a\xe2\x80\xaeb', 3],
    ['(*UTF).', '\xff\xfe'],
    ['(*UTF)(?i)\xc3\x89', e, 1],
    ['(*UTF)\\w', e],
    ['(*UCP)\\w+', '\xe9', 0],
    ['\\p{Lu}', '\xc9', 0],
    ['(*UTF)\\p{Greek}', '\xce\xb1', 1],
  ])
})

test('limits in the pattern are kept', () => {
  check([
    ['(*LIMIT_MATCH=5)(?=a)(?:a|b)*c', 'abababababc'],
    ['(*NOTEMPTY)a*', 'ba', 1],
    ['(*NOTEMPTY_ATSTART)a*', 'ba', 1],
    ['(*NOTEMPTY_ATSTART)x*', 'ab', 0],
  ])
})

test('refuses what PCRE2 refuses', () => {
  const wrong = [
    '(',
    ')',
    '[',
    '*a',
    'a**',
    'a{2,1}',
    'a{65536}',
    '\\',
    '(?<n>a',
    '(?P<1a>x)',
    '[z-a]',
    '[[:foo:]]',
    '[\\d-z]',
    '\\i',
    '\\1',
    '(?<=a*)b',
    '(?<=(a|bc))d',
    '(?1)',
    '(?&n)',
    '(?(1)a|b|c)(d)',
    '(?<n>a)(?<n>b)',
    '\\p{Foo}',
    '\\x{100}',
    '(?z)',
    '(?=\\Ka)',
    '(*XYZ)',
    '(?#',
    '\\N{U+41}',
    '^*',
    '(*UTF)\xff',
    '[:alpha:]',
    '\\c',
    `${'('.repeat(251)}${')'.repeat(251)}`,
  ]
  for (const source of wrong) {
    const { error } = compilePattern('pcre2', source)
    assert.equal(error?.code, 0, source)
    assert.match(error.message, /, at \d+$/)
  }
})

test('refuses by name what it does not have', () => {
  for (const source of [
    'a(*COMMIT)b',
    '(*CRLF)a',
    '(?*a)',
    '(*UTF)\\X',
    '(*sr:a)',
    '(*LIMIT_HEAP=1)a',
    '(*NOTEMPTY)a\\K',
  ]) {
    const { error } = compilePattern('pcre2', source)
    assert.match(error?.message ?? 'accepted', /not supported/, source)
  }
})
