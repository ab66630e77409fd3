import type { Problem } from '../../problem.ts'
import { overview } from './store.ts'

// A phone's whole screen would be filled before the first alert.
const isSmall = matchMedia('(max-width: 720px)').matches

/** What is wrong with the configuration, on top because the rest may be wrong because of it. */
export function Problems() {
  const problems = overview.value?.problems ?? []
  if (problems.length === 0) return null
  const errors = problems.filter((problem) => problem.severity === 'error')
  const warnings = problems.length - errors.length
  const counted = [
    errors.length > 0 && plural(errors.length, 'error'),
    warnings > 0 && plural(warnings, 'warning'),
  ].filter(Boolean)
  const sorted = [...errors, ...problems.filter((problem) => problem.severity !== 'error')]
  return (
    <details class={`problems ${errors.length > 0 ? 'has-errors' : ''}`} open={problems.length <= 3 && !isSmall}>
      <summary>
        {counted.join(' and ')} in the configuration<span class="muted"> — the rest runs</span>
      </summary>
      <ul>
        {sorted.map((problem) => (
          <Item key={`${problem.file}:${problem.line}:${problem.message}`} problem={problem} />
        ))}
      </ul>
    </details>
  )
}

function Item({ problem }: { problem: Problem }) {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}` : problem.file
  return (
    <li>
      <span class={`tag ${problem.severity}`}>{problem.severity}</span>
      <div>
        <code>{place}</code> {problem.message}
        {problem.hint && <div class="hint">hint: {problem.hint}</div>}
        {problem.wazuh && <div class="hint">Wazuh: {problem.wazuh}</div>}
      </div>
    </li>
  )
}

const plural = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`
