/** Our own test cases: YAML with everything a decision has, several events and a clock. The form is described in docs/rule-tests.md. */
import { LineCounter, parseDocument } from 'yaml'
import * as z from 'zod/mini'
import { toBytes } from '../alert.ts'
import type { Problem } from '../problem.ts'
import { defaultStart, type TestCase } from './case.ts'

const scalar = z.pipe(z.union([z.string(), z.number(), z.boolean()]), z.transform(String))

const expectation = z.strictObject({
  rule: z.optional(z.union([z.int(), z.literal('none')])),
  level: z.optional(z.int().check(z.minimum(0), z.maximum(16))),
  alert: z.optional(z.boolean()),
  decoder: z.optional(z.string()),
  description: z.optional(z.string()),
  fields: z.optional(z.record(z.string(), z.union([scalar, z.null()]))),
  groups: z.optional(z.array(z.string())),
  mitre: z.optional(z.array(z.string())),
})

const eventShape = {
  log: z.optional(z.string()),
  json: z.optional(z.record(z.string(), z.unknown())),
  location: z.optional(z.string()),
  at: z.optional(z.string()),
  after: z.optional(z.string()),
  repeat: z.optional(z.int().check(z.minimum(1), z.maximum(100_000))),
  expect: z.optional(expectation),
}
const event = z.strictObject(eventShape)
const testCase = z.strictObject({
  ...eventShape,
  name: z.string(),
  events: z.optional(z.array(event).check(z.minLength(1))),
})
const suite = z.strictObject({ cases: z.array(z.unknown()) })

// For this parse only: set for the whole process, it would change the messages of every other schema.
const { localeError } = z.locales.en()

type EventText = z.infer<typeof event>

const units: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A case that cannot be read is reported with its line; the others are still there. */
export function parseYaml(file: string, text: string): { cases: TestCase[]; problems: Problem[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const problems: Problem[] = []
  const fault = (line: number, message: string, hint?: string) =>
    problems.push({ severity: 'error', file, line, message, hint })

  for (const error of document.errors) fault(lines.linePos(error.pos[0]).line, error.message.split('\n')[0]!)
  if (document.errors.length > 0) return { cases: [], problems }

  const parsed = suite.safeParse(document.toJS())
  if (!parsed.success) {
    fault(1, 'this is not a list of cases', 'begin the file with "cases:" and write each case below it as "- name: …"')
    return { cases: [], problems }
  }
  const cases: TestCase[] = []
  parsed.data.cases.forEach((value, index) => {
    const node = document.getIn(['cases', index], true) as { range?: [number, number, number] } | undefined
    const line = node?.range ? lines.linePos(node.range[0]).line : 1
    const result = testCase.safeParse(value, { error: localeError })
    if (!result.success) {
      for (const issue of result.error.issues) fault(line, `${issue.path.join('.') || 'case'}: ${issue.message}`)
      return
    }
    const { name, events, ...single } = result.data
    if (events && (single.log !== undefined || single.json !== undefined)) {
      fault(line, 'a case has either one event or "events"', 'move "log" and "expect" into the list')
      return
    }
    try {
      cases.push({ file, line, name, steps: toSteps(events ?? [single], single) })
    } catch (error) {
      fault(line, (error as Error).message)
    }
  })
  return { cases, problems }
}

function toSteps(events: EventText[], shared: EventText): TestCase['steps'] {
  let clock = shared.at === undefined ? defaultStart : toTime(shared.at)
  return events.flatMap((event) => {
    if ((event.log === undefined) === (event.json === undefined))
      throw new Error('an event needs either "log" or "json"')
    if (event.at !== undefined) clock = toTime(event.at)
    if (event.after !== undefined) clock += toDuration(event.after)
    const step = {
      log: toBytes(event.log ?? JSON.stringify(event.json)),
      location: toBytes(event.location ?? shared.location ?? 'stdin'),
      at: clock,
      expect: event.expect && { kind: 'parts' as const, ...event.expect },
    }
    return Array.from({ length: event.repeat ?? 1 }, () => step)
  })
}

function toTime(text: string): number {
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new Error(`"at" is no time: "${text}"; write it like 2026-01-05T12:00:00Z`)
  return time
}

function toDuration(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? []
  if (!number) throw new Error(`"after" is no duration: "${text}"; write it like 90s, 5m or 2h`)
  return Number(number) * units[unit!]!
}
