import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePattern, type PatternKind } from './index.ts'
import { linearRegExp } from './linear.ts'
import { pcre2Pattern, Random, text } from './test-kit.ts'

/** Far above what the bounds allow on a slow machine, and far below what the patterns take without: minutes to years. */
const most_ms = 10_000

const longest = 65_535

/** Patterns and the texts that hurt them; none matches. */
const hostile: [kind: PatternKind, source: string, text: string][] = [
  ['pcre2', '(a+)+$', `${'a'.repeat(40)}!`],
  ['pcre2', '(a+)+$', `${'a'.repeat(longest - 1)}!`],
  ['pcre2', '(.*)(.*)(.*)(.*)(.*)x$', `x${'a'.repeat(longest - 1)}`],
  ['pcre2', '(?i)(x+x+)+y', `${'x'.repeat(longest - 2)} y`],
  ['pcre2', 'a\\S+ \\d', `${'a'.repeat(longest - 2)} x`],
  ['pcre2', '^(?=a)(a+)+$', `${'a'.repeat(40)}!`],
  ['pcre2', '(?=.*b)(.*)(.*)(.*)(.*)(.*)x$', `xb${'a'.repeat(2000)}`],
  ['pcre2', '(a|aa)+\\1?$', `${'a'.repeat(4000)}!`],
  ['pcre2', '(?:(?:a?){30}){30}b', `${'a'.repeat(60)}cb`],
  ['pcre2', '(a|(?1)a)*$', `${'a'.repeat(100)}!`],
  ['osregex', 'a\\S+ \\d', `${'a'.repeat(longest - 2)} x`],
  ['osregex', 'a\\S+b \\d', `${'a'.repeat(longest - 3)}b x`],
  ['osregex', '\\w*a\\w*a\\w*a\\w*a\\w*-x', `${'a'.repeat(400)} -x`],
]

for (const [kind, source, text] of hostile) {
  test(`${kind} ${source} takes bounded time on ${text.length} bytes`, () => {
    const { pattern } = compilePattern(kind, source, { captures: true })
    const before = performance.now()
    assert.equal(pattern?.test(text), false)
    assert.ok(performance.now() - before < most_ms)
  })
}

test('the plain OS_Regex gives up as well', () => {
  const { pattern } = compilePattern('osregex', '\\w*a\\w*a\\w*a\\w*a\\w*-x', { plain: true })
  assert.equal(pattern?.test(`${'a'.repeat(400)} -x`), false)
})

test('V8 says which expressions it can bound', () => {
  for (const source of ['a$', '^[ab]+?(c|d)*\\b', 'a{16}', '(?:ab){3}']) assert.ok(linearRegExp(source), source)
  for (const source of ['(?=a)', '(a)\\1', 'a{17}', '(?:a{4}){5}'])
    assert.equal(linearRegExp(source), undefined, source)
  assert.ok(linearRegExp('^a$', 'm'))
  assert.equal(linearRegExp('a', 'i'), undefined)
})

test("V8's linear engine finds the same groups as its usual one", () => {
  const random = new Random(7)
  let compared = 0
  for (let i = 0; i < 1500; i++) {
    const source = pcre2Pattern(random, false)
    let usual: RegExp
    let linear: RegExp
    try {
      usual = new RegExp(source)
      linear = new RegExp(source, 'l')
    } catch {
      continue
    }
    for (let j = 0; j < 4; j++) {
      const subject = text(random)
      const [found, foundLinearly] = [usual.exec(subject), linear.exec(subject)]
      assert.deepEqual(
        foundLinearly && [...foundLinearly],
        found && [...found],
        `${source} on ${JSON.stringify(subject)}`,
      )
      compared++
    }
  }
  assert.ok(compared > 1000)
})
