/**
 * Test cases by several threads. Each case has a session of its own, so any of them may run anywhere; the results come in the order of the cases.
 *
 * Every thread has to load the ruleset and to get warm, which with the stock ruleset takes 0.9 s of processor time, while a case takes 0.07 ms. Wazuh's suite
 * of 2,055 events takes 1.7 s in one thread and 2.7 s in two, twenty times as many 4.4 s and 6.3 s. So there is one thread for each 20,000 events, up
 * to the number of cores.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Ruleset } from '../engine/index.ts'
import type { TestCase } from '../rule-tests/case.ts'
import { type CaseResult, runCases } from '../rule-tests/run.ts'
import type { RulesetChoice } from '../runners/ruleset.ts'
import type { Answer, Order } from './test-worker.ts'

const events_a_thread = 20_000

/** How many threads are worth it. */
export function jobsFor(cases: readonly TestCase[], cores: number): number {
  return Math.max(1, Math.min(cores, Math.floor(eventsOf(cases) / events_a_thread)))
}

const eventsOf = (cases: readonly TestCase[]) => cases.reduce((sum, { steps }) => sum + steps.length, 0)

/**
 * @param jobs threads; default: as many as are worth it
 * @param choice what a thread loads again, beside `ruleset`, with which this thread does its own share
 */
export async function runInJobs(
  ruleset: Ruleset,
  cases: TestCase[],
  { choice, suite, jobs }: { choice: RulesetChoice; suite: string; jobs: number | undefined },
  onRule: (id: number) => void,
): Promise<CaseResult[]> {
  const [own, ...others] = shares(cases, jobs ?? jobsFor(cases, availableParallelism()))
  const answers = others.map((share) => runElsewhere({ choice, suite, cases: share }))
  // Awaited below; what fails while this thread is at work is not unhandled.
  for (const answer of answers) answer.catch(() => {})
  const results = runCases(ruleset, own ?? [], onRule)
  for (const [i, answer] of answers.entries()) {
    const { differences, reached } = await answer
    for (const id of reached) onRule(id)
    for (const [place, one] of others[i]!.entries()) results.push({ case: one, differences: differences[place]! })
  }
  return results
}

/** Cut into so many pieces of about as many events each; none is empty. */
export function shares(cases: TestCase[], jobs: number): TestCase[][] {
  const size = eventsOf(cases) / jobs
  const pieces: TestCase[][] = []
  let [events, piece] = [0, -1]
  for (const one of cases) {
    const next = Math.min(jobs - 1, Math.floor(events / size))
    if (next !== piece) pieces.push([])
    piece = next
    pieces.at(-1)!.push(one)
    events += one.steps.length
  }
  return pieces
}

function runElsewhere(order: Order): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./test-worker.ts', import.meta.url), { workerData: order })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`a thread of the test ended with ${code}`)))
  })
}
