/** Runs the plain and the fast engine side by side over mutated lines. */
import { fromBytes } from '../../alert.ts'
import { createSession, type Decision, loadRuleset, type RulesetSources } from '../index.ts'
import { mutated, seeded } from './mutate.ts'
import { goldenLines, suiteSources } from './stock.ts'

export interface Comparison {
  events: number
  alerts: number
  difference?: { line: string; plain: string; fast: string }
  slowest_ms: number
  slowest: string
}

/** Lines of Wazuh's own test suite as byte strings, with the sources they are for. */
export function suiteLines(): { lines: string[]; sources: RulesetSources } {
  const lines = goldenLines('ruleset-tests.jsonl.gz').flatMap((line) => {
    const { request } = JSON.parse(fromBytes(line)) as { request?: { event?: string } }
    return request?.event === undefined ? [] : [Buffer.from(request.event).toString('latin1')]
  })
  return { lines, sources: suiteSources() }
}

/**
 * Compares every decision: whether an alert is written, its JSON and its text, and so every field, counter and earlier event.
 *
 * @param onProgress called every 10,000 events
 */
export function compareEngines(
  { lines, sources }: { lines: readonly string[]; sources: RulesetSources },
  { events, seed, onProgress }: { events: number; seed: number; onProgress?: (done: number) => void },
): Comparison {
  const next = seeded(seed)
  const options = { hostname: 'vm', mode: 'live', log_alert_level: 1 } as const
  const [plain, fast] = [true, false].map((way) =>
    createSession(loadRuleset({ ...sources, plain: way }).ruleset!, options),
  ) as [ReturnType<typeof createSession>, ReturnType<typeof createSession>]
  const result: Comparison = { events: 0, alerts: 0, slowest_ms: 0, slowest: '' }
  let now = Date.UTC(2024, 0, 15, 10)
  for (; result.events < events; result.events++) {
    const line = lines[next(lines.length)]!
    const log = next(4) === 0 ? line : mutated(line, lines, next)
    const location = next(10) === 0 ? `[00${next(3)}] (host) 10.0.0.${next(3)}->/var/log/x` : '/var/log/x'
    now += next(2_000)
    const begin = performance.now()
    const quick = fast.process({ log, location }, now)
    const took = performance.now() - begin
    if (took > result.slowest_ms) Object.assign(result, { slowest_ms: took, slowest: log })
    const exact = describe(plain.process({ log, location }, now))
    if (quick.alert) result.alerts++
    const got = describe(quick)
    if (got !== exact) return { ...result, difference: { line: log, plain: exact, fast: got } }
    if (onProgress && (result.events + 1) % 10_000 === 0) onProgress(result.events + 1)
  }
  return result
}

function describe(decision: Decision): string {
  const { analysed, alert, respond, rule } = decision
  return JSON.stringify([analysed, alert, respond, rule, decision.json(7), alert ? decision.text(7) : ''])
}
