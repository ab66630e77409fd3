/** A thread of `outrider test`: runs its share of the cases. Started by test-jobs.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import type { TestCase } from '../rule-tests/case.ts'
import { runCases } from '../rule-tests/run.ts'
import { loadRulesetFor, type RulesetChoice } from '../runners/ruleset.ts'

export interface Order {
  choice: RulesetChoice
  /** Folder of the rules that a Wazuh suite brings; empty for our own cases. */
  suite: string
  cases: TestCase[]
}

export interface Answer {
  /** For each case. */
  differences: string[][]
  /** Rules that an event ended in. */
  reached: number[]
}

const { choice, suite, cases } = workerData as Order
const { ruleset } = loadRulesetFor(choice, suite === '' ? {} : { suite })
if (!ruleset) throw new Error('the ruleset was changed while it was tested')
const reached = new Set<number>()
const results = runCases(ruleset, cases, (id) => reached.add(id))
const answer: Answer = { differences: results.map(({ differences }) => differences), reached: [...reached] }
parentPort!.postMessage(answer)
