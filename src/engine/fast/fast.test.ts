import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareEngines, compile } from '../testing/compare.ts'
import { corpora } from '../testing/corpora.ts'

// The long run is scripts/fuzz-engine.ts.
for (const corpus of corpora()) {
  test(`the fast engine decides like the plain one, over mutated lines and in one long session: ${corpus.name}, ${corpus.mode}`, () => {
    const { differences, lines, alerts } = compareEngines(compile(corpus), { lines: 2_000, seed: 5 })
    assert.deepEqual(differences, [])
    assert.equal(lines, 2_000)
    assert.ok(alerts > 500, String(alerts))
  })
}

test('what differs is found, named by seed and line, and found again', () => {
  const corpus = corpora()[0]!
  const engines = compile(corpus)
  const loud = (text: string) => text.replaceAll('level="5"', 'level="6"')
  const sources = {
    ...corpus.sources,
    rules: corpus.sources.rules.map(({ path, text }) => ({ path, text: loud(text) })),
  }
  const wrong = { ...engines, fast: compile({ ...corpus, sources }).fast }
  const { differences } = compareEngines(wrong, { lines: 300, seed: 7 })
  assert.ok(differences.length > 3, String(differences.length))
  const last = differences.at(-1)!
  assert.deepEqual(compareEngines(wrong, { lines: last.line, seed: 7 }).differences.at(-1), last)
  assert.match(last.plain, /"level":5/)
  assert.match(last.fast, /"level":6/)
})
