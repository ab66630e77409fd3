import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePattern, lowerAscii, type Match, type PatternKind } from './index.ts'
import { osMatchPattern, osRegexPattern, pcre2Pattern, Random, text } from './test-kit.ts'

/** Compares the fast and the plain form of random patterns, with captures and without, on texts and on the ends of texts. */
function compare(kind: PatternKind, seed: number, patterns: number, make: (random: Random) => string): void {
  const random = new Random(seed)
  let matches = 0
  for (let i = 0; i < patterns; i++) {
    const source = make(random)
    for (const captures of [true, false]) {
      const fast = compilePattern(kind, source, { captures })
      const plain = compilePattern(kind, source, { captures, plain: true })
      assert.deepEqual(fast.error, plain.error)
      if (!fast.pattern || !plain.pattern) continue
      for (let j = 0; j < 4; j++) {
        const subject = text(random)
        const start = random.chance(50) ? 0 : random.below(subject.length + 1)
        const where = `${JSON.stringify(source)} on ${JSON.stringify(subject)} from ${start}`
        const expected: Match | undefined = plain.pattern.exec(subject, start)
        assert.deepEqual(fast.pattern.exec(subject, start), expected, where)
        assert.equal(fast.pattern.test(subject.slice(start)), expected !== undefined, where)
        if (!expected) continue
        matches++
        const lower = lowerAscii(subject.slice(start))
        const { literals } = fast.pattern
        assert.ok(
          !literals || literals.some((literal) => lower.includes(literal)),
          `${where} needs none of ${literals}`,
        )
      }
    }
  }
  assert.ok(matches > patterns / 2, `only ${matches} matches say little`)
}

test('OS_Regex gives the same end and captures from the fast form as from the plain one, and its literals occur', () => {
  compare('osregex', 1, 6_000, osRegexPattern)
})

test('OS_Match says the same in both forms', () => {
  compare('osmatch', 2, 3_000, osMatchPattern)
})

test('PCRE2 gives the same from the native form as from our own matcher', () => {
  compare('pcre2', 3, 1_200, (random) => pcre2Pattern(random, false))
})

test('PCRE2 patterns without a native form need the literals they say', () => {
  compare('pcre2', 4, 800, (random) => pcre2Pattern(random, true))
})

test('a match in the rest of a text is the match of that rest, moved', () => {
  const random = new Random(5)
  for (let i = 0; i < 2_000; i++) {
    const kind = random.pick(['osregex', 'pcre2', 'osmatch'] as const)
    const source = { osregex: osRegexPattern, osmatch: osMatchPattern, pcre2: () => pcre2Pattern(random, true) }[kind](
      random,
    )
    const { pattern } = compilePattern(kind, source, { captures: true, plain: random.chance(50) })
    const subject = text(random)
    const start = random.below(subject.length + 1)
    const rest = pattern?.exec(subject.slice(start))
    const moved = rest && kind !== 'osmatch' ? { ...rest, end: rest.end + start } : rest
    assert.deepEqual(
      pattern?.exec(subject, start),
      moved,
      `${kind} ${source} on ${JSON.stringify(subject)} from ${start}`,
    )
  }
})
