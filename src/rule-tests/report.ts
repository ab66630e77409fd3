/** Results of rule tests for people (terminal text, coverage page) and for CI servers (JUnit XML). */
import type { RuleSummary } from '../engine/index.ts'
import type { CaseResult } from './run.ts'

/** Failed cases with their differences, then one line of totals in the form that CI systems read. */
export function toText(results: CaseResult[], seconds: number): string {
  const failed = results.filter((result) => result.differences.length > 0)
  const lines = failed.flatMap(({ case: { file, line, name, steps }, differences }) => [
    `${file}:${line} ${name}`,
    ...differences.map((difference) => `  ${difference}`),
    `  log: ${JSON.stringify(steps[steps.length - 1]!.log).slice(1, 161)}`,
  ])
  lines.push(`${results.length - failed.length} passed, ${failed.length} failed`)
  if (results.length > 0) lines.push(`in ${seconds.toFixed(2)} s`)
  return `${lines.join('\n')}\n`
}

/** JUnit's XML, one suite a file. */
export function toJunit(results: CaseResult[]): string {
  const suites = Map.groupBy(results, (result) => result.case.file)
  const body = [...suites].map(([file, cases]) => {
    const failures = cases.filter((result) => result.differences.length > 0).length
    const rows = cases.map(({ case: { name, line }, differences }) => {
      const head = `    <testcase name="${escapeXml(name)}" classname="${escapeXml(file)}" file="${escapeXml(file)}" line="${line}"`
      if (differences.length === 0) return `${head}/>`
      return `${head}>\n      <failure message="${escapeXml(differences[0]!)}">${escapeXml(differences.join('\n'))}</failure>\n    </testcase>`
    })
    return `  <testsuite name="${escapeXml(file)}" tests="${cases.length}" failures="${failures}">\n${rows.join('\n')}\n  </testsuite>`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${body.join('\n')}\n</testsuites>\n`
}

/** Rules that no event ended in, by file; rules of level 0 that only group others are not counted against it. */
export interface Coverage {
  files: { file: string; rules: number; reached: number; missed: RuleSummary[] }[]
  rules: number
  reached: number
}

export function toCoverage(rules: readonly RuleSummary[], reached: ReadonlySet<number>): Coverage {
  const files = [
    ...Map.groupBy(
      rules.filter((rule) => rule.level > 0),
      (rule) => rule.file,
    ),
  ].map(([file, list]) => {
    const missed = list.filter((rule) => !reached.has(rule.id))
    return { file, rules: list.length, reached: list.length - missed.length, missed }
  })
  const sum = (pick: (file: (typeof files)[number]) => number) => files.reduce((total, file) => total + pick(file), 0)
  return { files, rules: sum((file) => file.rules), reached: sum((file) => file.reached) }
}

export function coverageToText(coverage: Coverage): string {
  const lines = coverage.files.map(({ file, rules, reached, missed }) => {
    const ids = missed.map((rule) => rule.id)
    const shown = ids.length > 12 ? `${ids.slice(0, 12).join(' ')} … (${ids.length - 12} more)` : ids.join(' ')
    return `${percent(reached, rules).padStart(4)} ${`${reached}/${rules}`.padStart(9)}  ${file}${ids.length > 0 ? `  missed: ${shown}` : ''}`
  })
  lines.push(
    `${percent(coverage.reached, coverage.rules).padStart(4)} ${`${coverage.reached}/${coverage.rules}`.padStart(9)}  all rules above level 0`,
  )
  return `${lines.join('\n')}\n`
}

/** One page without scripts or foreign parts. */
export function coverageToHtml(coverage: Coverage): string {
  const files = coverage.files.map(({ file, rules, reached, missed }) => {
    const rows = missed.map(
      (rule) =>
        `<tr><td>${rule.id}</td><td>${rule.level}</td><td>${escapeXml(rule.description)}</td><td>${rule.line}</td></tr>`,
    )
    const table =
      rows.length === 0
        ? '<p>Every rule was reached.</p>'
        : `<table><tr><th>Rule</th><th>Level</th><th>Description</th><th>Line</th></tr>${rows.join('')}</table>`
    return `<details><summary><b>${percent(reached, rules)}</b> ${reached}/${rules} ${escapeXml(file)}</summary>${table}</details>`
  })
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Rule coverage</title>
<style>body{font:15px system-ui;margin:2rem;max-width:70rem}table{border-collapse:collapse;margin:.5rem 1.5rem}td,th{padding:.2rem .6rem;text-align:left;border-bottom:1px solid #8884}summary{padding:.2rem}</style>
<h1>Rule coverage: ${percent(coverage.reached, coverage.rules)}</h1>
<p>${coverage.reached} of ${coverage.rules} rules above level 0 were the final match of at least one test event.</p>
${files.join('\n')}
</html>
`
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '-' : `${Math.floor((100 * part) / whole)}%`
}

// XML 1.0 has no way to write most control characters, not even as references.
function escapeXml(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`)
}
