import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestCase } from '../rule-tests/case.ts'
import { runCases } from '../rule-tests/run.ts'
import { parseYaml } from '../rule-tests/yaml.ts'
import { loadRulesetFor } from '../runners/ruleset.ts'
import { jobsFor, runInJobs, shares } from './test-jobs.ts'

const wrong = 'Jan 15 10:30:45 web sshd[1]: Failed password for root from 203.0.113.50 port 1 ssh2'

function parsed(count: number): TestCase[] {
  const cases = Array.from(
    { length: count },
    (_, i) =>
      `  - { name: 'case ${i}', events: [{ log: '${wrong}', repeat: 7 }, { log: '${wrong}', expect: { rule: ${i % 3 === 0 ? 5763 : 5760} } }] }\n`,
  )
  return parseYaml('many.yaml', `cases:\n${cases.join('')}`).cases
}

test('several threads give what one gives, in the same order', async () => {
  const choice = { rules: [], decoders: [], lists: [] }
  const { ruleset } = loadRulesetFor(choice)
  const cases = parsed(50)
  const alone = new Set<number>()
  const expected = runCases(ruleset!, cases, (id) => alone.add(id))
  const together = new Set<number>()
  const results = await runInJobs(ruleset!, cases, { choice, suite: '', jobs: 3 }, (id) => together.add(id))
  assert.deepEqual(results, expected)
  assert.equal(results.filter(({ differences }) => differences.length > 0).length, 33)
  assert.deepEqual([...together].sort(), [...alone].sort())
})

test('cuts the cases into pieces of as many events, and makes none that is empty', () => {
  const cases = parsed(7)
  const names = (jobs: number) => shares(cases, jobs).map((piece) => piece.length)
  assert.deepEqual(names(1), [7])
  assert.deepEqual(names(2), [4, 3])
  assert.deepEqual(names(20), [1, 1, 1, 1, 1, 1, 1])
  assert.deepEqual(shares(cases, 3).flat(), cases)
  assert.deepEqual(shares([], 3), [])
})

test('takes a thread more only when there is enough to do', () => {
  const one = parsed(1)[0]!
  const cases = (events: number) => [
    { ...one, steps: new Array<TestCase['steps'][number]>(events).fill(one.steps[0]!) },
  ]
  assert.deepEqual(
    [100, 39_000, 40_000, 1_000_000].map((events) => jobsFor(cases(events), 4)),
    [1, 1, 2, 4],
  )
})
