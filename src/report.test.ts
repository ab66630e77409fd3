import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createReport, reportToJson } from './report.ts'

test('counts as the guide’s script does and keeps its order', () => {
  const report = createReport()
  const rule = (level: number, id: string, technique?: string) => ({
    rule: { level, id, description: '', mitre: technique ? { id: [technique], tactic: [], technique: [] } : undefined },
    agent: { id: '001', name: 'web' },
  })
  for (const alert of [rule(5, '5710', 'T1110'), rule(3, '100'), rule(5, '5710', 'T1110'), { rule: undefined }])
    report.add(alert)
  assert.equal(
    reportToJson(report.result()),
    `{
  "by_level": {
    "5": 2,
    "3": 1,
    "0": 1
  },
  "top_rules": {
    "5710": 2,
    "100": 1,
    "unknown": 1
  },
  "top_agents": {
    "web": 3,
    "unknown": 1
  },
  "top_mitre": {
    "T1110": 2
  }
}
`,
  )
})

test('an empty report is the empty objects that Python prints', () => {
  assert.match(reportToJson(createReport().result()), /"top_mitre": \{\}/)
})
