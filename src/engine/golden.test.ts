// The engine against what the real one answered. Everything that a run of the clock does not change must be equal: decoder, rule, level, every
// field, groups, ATT&CK, description, counters, key order, and whether an alert is written.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fromBytes } from '../alert.ts'
import { createSession, type Decision, loadRuleset, type RulesetSources } from './index.ts'
import { extraSources, goldenLines, skip, stockSources, suiteSources } from './testing/stock.ts'

interface Answer {
  session: number
  request: { event?: unknown; event_b64?: string; location: string; raw?: string; options?: { rules_debug?: unknown } }
  error: number
  codemsg: number
  alert?: boolean
  output?: Record<string, unknown> & { timestamp: string }
  response_b64?: string
  rules_debug?: string[]
}

/** Runs a recording; every difference is one entry. */
function differences(name: string, sources: RulesetSources): { cases: number; wrong: string[] } {
  const { ruleset } = loadRuleset(sources)
  assert.ok(ruleset)
  const wrong: string[] = []
  let cases = 0
  let session = createSession(ruleset, { hostname: 'vm', mode: 'logtest' })
  let current = Number.NaN
  for (const line of goldenLines(name)) {
    const answer = JSON.parse(fromBytes(line)) as Answer
    const output = expectedOutput(answer)
    if (!output) continue
    if (answer.session !== current) session = createSession(ruleset, { hostname: 'vm', mode: 'logtest' })
    current = answer.session
    const debug = answer.rules_debug !== undefined
    const decision = session.process(inputOf(answer), momentOf(output.timestamp), { debug })
    cases++
    const got = decision.json(0)
    const expected = JSON.stringify(output)
    const isEqual =
      compact(answer.response_b64 ? got : fromBytes(got)) === expected &&
      decision.alert === answer.alert &&
      (!debug || JSON.stringify(decision.rules_debug) === JSON.stringify(answer.rules_debug)) &&
      (decision.warnings.length === 0 || answer.codemsg === 1)
    if (!isEqual) wrong.push(`${JSON.stringify(answer.request)}\n  expected ${expected}\n  got      ${got}`)
  }
  return { cases, wrong }
}

/** Requests that the real engine refused hold nothing for us; bytes that are not UTF-8 were recorded as they came. */
function expectedOutput(answer: Answer): Answer['output'] {
  if (answer.request === undefined || answer.request.raw !== undefined) return undefined
  if (answer.output) return answer.output
  if (!answer.response_b64) return undefined
  return JSON.parse(Buffer.from(answer.response_b64, 'base64').toString('latin1')).data.output
}

function inputOf({ request }: Answer): { log: string; location: string } {
  const { event, event_b64 } = request
  const bytes = event_b64
    ? Buffer.from(event_b64, 'base64')
    : Buffer.from(typeof event === 'string' ? event : JSON.stringify(event), 'utf8')
  return { log: bytes.toString('latin1'), location: Buffer.from(request.location).toString('latin1') }
}

const momentOf = (timestamp: string) => Date.parse(timestamp.replace('+0000', 'Z'))
const compact = (json: string) => JSON.stringify(JSON.parse(json))

describe('equal to the real engine', { skip }, () => {
  for (const plain of [true, false]) {
    const way = plain ? 'plain' : 'fast'
    test(`on every line of Wazuh's own test suite (${way})`, () => {
      const { cases, wrong } = differences('ruleset-tests.jsonl.gz', { ...suiteSources(), plain })
      assert.deepEqual(wrong, [])
      assert.equal(cases, 2_055)
    })

    test(`on lines beyond the suite (${way})`, () => {
      const { cases, wrong } = differences('extra.jsonl.gz', { ...extraSources(), plain })
      assert.deepEqual(wrong, [])
      assert.ok(cases > 400, String(cases))
    })

    test(`in the alerts that a daemon writes, ids and alerts.log included (${way})`, () => {
      const [meta, ...alerts] = goldenLines('alerts-file-sample.jsonl.gz').map((line) => JSON.parse(fromBytes(line)))
      const { ruleset } = loadRuleset({ ...stockSources(), plain })
      const session = createSession(ruleset!, { hostname: 'vm', mode: 'live' })
      let log = ''
      let written = 0
      for (const line of meta.lines as string[]) {
        const expected = alerts[written] ?? alerts.at(-1)
        const event = { log: Buffer.from(line).toString('latin1'), location: '/var/log/test.log' }
        const decision: Decision = session.process(event, momentOf(expected.timestamp))
        if (!decision.alert) continue
        assert.equal(compact(fromBytes(decision.json(log.length))), JSON.stringify(alerts[written]))
        log += decision.text(log.length)
        written++
      }
      assert.equal(written, alerts.length)
      const sample = goldenLines('alerts-log-sample.txt').join('\n')
      assert.equal(log.split('\n').filter(Boolean).join('\n').slice(0, sample.length), sample)
    })
  }

  test('in what loading the suite says', () => {
    const { messages } = JSON.parse(fromBytes(goldenLines('ruleset-tests.jsonl.gz')[0]!))
    // The last of the 50 that a session keeps is its own.
    assert.deepEqual(loadRuleset(suiteSources()).messages.slice(-messages.length), messages)
  })
})
