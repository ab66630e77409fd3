import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePattern, lowerAscii, type PatternKind } from '../patterns/index.ts'
import { seeded } from '../testing/mutate.ts'
import { gateOf, Look } from './gates.ts'

function gate(source: string, kind: PatternKind = 'osregex') {
  const { pattern } = compilePattern(kind, source, { captures: true })
  assert.ok(pattern, source)
  return gateOf(pattern)
}

test('knows the bytes that an anchored pattern begins with', () => {
  const begins = (source: string) => {
    const { first } = gate(source)
    return (
      first &&
      [...first.keys()]
        .filter((byte) => first[byte] === 1)
        .map((byte) => String.fromCharCode(byte))
        .join('')
    )
  }
  assert.equal(begins('^Abc'), 'a')
  assert.equal(begins('^\\d+|^(\\d)|^x'), '0123456789x')
  assert.equal(begins('^\\(\\$'), '(')
  for (const source of ['abc', '^abc|b', '^\\d*a', '^', '^$', '', '^a|'])
    assert.equal(begins(source), undefined, source)
})

test('knows what each alternative must consume', () => {
  const cases: [source: string, needs: string[][] | undefined][] = [
    ['^Abc \\d+: x', [['abc ', ': x']]],
    ['user=(\\S+) from|id=\\d', [['user=', 'from'], ['id=']]],
    // The last literal behind a class without repeat is forgiven at the end of the text.
    ['ab\\s\\dc', [['ab']]],
    ['ab\\s\\d+c', [['ab ', 'c']]],
    ['a(b)c', [['abc']]],
    ['a(b)(c)', [['ab', 'c']]],
    ['\\d+', undefined],
    ['abc|', undefined],
    ['abc|café', [['abc']]],
    ['café', []],
    // This one is forgiven, so the alternative can match without it.
    ['ab\\d\xff', [['ab']]],
    ['a%', [['a%']]],
    ['a\\d+%', [['%', 'a']]],
    ['a\\sbc', [['a bc']]],
    ['\\d+:\\s+%\\w', [[': ', ' %']]],
    ['\\d:\\s+%', [['%', ':']]],
    ['a\\s', [['a']]],
  ]
  for (const [source, needs] of cases) assert.deepEqual(gate(source).needs, needs, source)
})

test('never turns away a text that the pattern matches', () => {
  const next = seeded(7)
  const look = new Look()
  const pick = <T>(items: readonly T[]): T => items[next(items.length)]!
  const atoms = [
    'a',
    'b',
    'A',
    ' ',
    '1',
    '=',
    '\\d',
    '\\d+',
    '\\d*',
    '\\w',
    '\\w+',
    '\\w*',
    '\\s',
    '\\s*',
    '\\s+',
    '\\(+',
    '\\S+',
    '\\.',
    '\\.*',
    '\\p',
    '\\W',
    '(',
    ')',
    '\\(',
    '\xe9',
  ]
  const bytes = ['a', 'b', 'A', 'B', ' ', '1', '2', '=', '(', '.', '\xe9', 'ab', 'a1', ' b=']
  let matched = 0
  let turnedAway = 0
  const several = <T>(count: number, make: () => T) => Array.from({ length: count }, make)
  for (let i = 0; i < 20_000; i++) {
    const alternative = () =>
      (next(5) < 2 ? '^' : '') + several(1 + next(5), () => pick(atoms)).join('') + (next(7) === 0 ? '$' : '')
    const source = several(1 + next(2), alternative).join('|')
    for (const captures of [true, false]) {
      const { pattern } = compilePattern('osregex', source, { captures })
      if (!pattern) continue
      const gate = gateOf(pattern)
      for (let k = 0; k < 4; k++) {
        const text = several(next(8), () => pick(bytes)).join('')
        const start = next(2) * next(text.length + 1)
        const isMatch = pattern.exec(text, start) !== undefined
        look.begin(lowerAscii(text))
        // From the fourth time on only the pairs of bytes are looked at.
        const answers = several(5, () => look.allows(gate, start))
        if (isMatch) matched++
        if (!answers[0]) turnedAway++
        assert.ok(answers[0] || !isMatch, `${source} on ${JSON.stringify(text)} from ${start}`)
        assert.ok(answers[4] || !isMatch, `${source} on ${JSON.stringify(text)} from ${start}, by pairs`)
      }
    }
  }
  assert.ok(matched > 5_000 && turnedAway > 5_000, `${matched} ${turnedAway}`)
})

test('lets through what a list of plain texts matches, and nothing else', () => {
  const next = seeded(11)
  const look = new Look()
  const several = <T>(count: number, make: () => T) => Array.from({ length: count }, make)
  const text = (most: number) => several(next(most), () => 'ab xyz_'[next(7)]).join('')
  let matched = 0
  let exact = 0
  for (let i = 0; i < 5_000; i++) {
    const source = several(1 + next(7), () => (next(12) === 0 ? '^' : '') + text(6) + (next(12) === 0 ? '$' : '')).join(
      '|',
    )
    const { pattern } = compilePattern('osmatch', (next(9) === 0 ? '!' : '') + source)
    const gate = gateOf(pattern!)
    const log = text(30)
    const isMatch = pattern!.test(log)
    look.begin(lowerAscii(log))
    for (const answer of several(5, () => look.allows(gate, 0))) {
      if (gate.wholes) assert.equal(answer, isMatch, `${source} on ${JSON.stringify(log)}`)
      else assert.ok(answer || !isMatch, `${source} on ${JSON.stringify(log)}`)
    }
    if (gate.wholes) exact++
    if (gate.wholes && isMatch) matched++
  }
  assert.ok(matched > 300 && exact > matched + 300, `${matched} ${exact}`)
})
