import { fromBytes } from '../alert.ts'
import { createSession, type Decision, type Ruleset } from '../engine/index.ts'
import type { Expectation, ExpectedParts, TestCase } from './case.ts'

export interface CaseResult {
  case: TestCase
  /** One line for each difference; empty when the case passed. */
  differences: string[]
}

/** What one event became, as an alert-shaped object; the same that `outrider logtest --json` shows. */
interface Outcome {
  alert: boolean
  rule?: { id: string; level?: number; description?: string; groups?: string[]; mitre?: { id: string[] } }
  decoder: { name?: string; parent?: string }
  data: Record<string, unknown>
}

/**
 * Runs each case in a session of its own, on the case's own clock.
 *
 * @param onRule sees the id of every rule that an event ended in, for coverage
 */
export function runCases(ruleset: Ruleset, cases: TestCase[], onRule?: (id: number) => void): CaseResult[] {
  return cases.map((testCase) => {
    const session = createSession(ruleset, { hostname: 'test', mode: 'logtest' })
    const differences: string[] = []
    testCase.steps.forEach(({ log, location, at, expect }, index) => {
      const decision = session.process({ log, location }, at)
      if (decision.rule) onRule?.(decision.rule.id)
      if (!expect) return
      const where = testCase.steps.length > 1 ? `event ${index + 1}: ` : ''
      for (const difference of compare(expect, toOutcome(decision))) differences.push(where + difference)
    })
    return { case: testCase, differences }
  })
}

function toOutcome(decision: Decision): Outcome {
  const { rule, decoder = {}, data = {} } = JSON.parse(fromBytes(decision.json(0)))
  return { alert: decision.alert, rule, decoder, data }
}

function compare(expect: Expectation, outcome: Outcome): string[] {
  if (expect.kind === 'parts') return [...compareParts(expect, outcome)]
  const expected = [expect.rule, expect.level, expect.decoder]
  const got = [outcome.rule?.id ?? '', outcome.rule ? String(outcome.rule.level ?? 0) : '', outcome.decoder.name ?? '']
  const isEqual = expected.every((part, i) => part === got[i] && part !== '')
  if (isEqual === (expect.verdict === 'pass')) return []
  const text = (triple: string[]) => triple.map((part) => part || '-').join(', ')
  return expect.verdict === 'pass'
    ? [`expected rule, level, decoder ${text(expected)}; got ${text(got)}`]
    : [`must not be rule, level, decoder ${text(expected)}`]
}

function* compareParts(expect: ExpectedParts, outcome: Outcome): Iterable<string> {
  const { rule } = outcome
  const differ = (what: string, expected: unknown, got: unknown) =>
    `${what}: expected ${show(expected)}, got ${show(got)}`
  if (expect.rule !== undefined) {
    const got = rule ? Number(rule.id) : 'none'
    if (got !== expect.rule) yield differ('rule', expect.rule, rule ? `${got} (${rule.description})` : 'none')
  }
  if (expect.level !== undefined && (rule?.level ?? 0) !== expect.level)
    yield differ('level', expect.level, rule?.level)
  if (expect.alert !== undefined && outcome.alert !== expect.alert) yield differ('alert', expect.alert, outcome.alert)
  if (expect.decoder !== undefined && (outcome.decoder.name ?? 'none') !== expect.decoder) {
    yield differ('decoder', expect.decoder, outcome.decoder.name ?? 'none')
  }
  if (expect.description !== undefined && rule?.description !== expect.description) {
    yield differ('description', expect.description, rule?.description)
  }
  for (const [name, expected] of Object.entries(expect.fields ?? {})) {
    const value = fieldOf(outcome.data, name)
    const got = value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value)
    if (got !== expected) yield differ(`field ${name}`, expected ?? 'nothing', got ?? 'nothing')
  }
  for (const [what, expected, got] of [
    ['groups', expect.groups, rule?.groups ?? []],
    ['mitre', expect.mitre, rule?.mitre?.id ?? []],
  ] as const) {
    if (expected && show([...expected].sort()) !== show([...got].sort())) yield differ(what, expected, got)
  }
}

/** The value of a dotted name; a member whose own name has dots is found too. */
function fieldOf(data: Record<string, unknown>, name: string): unknown {
  if (Object.hasOwn(data, name)) return data[name]
  let value: unknown = data
  for (const key of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

function show(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? 'nothing')
}
