// node scripts/run.mjs scripts/fuzz-engine.ts [--events 1000000] [--seed 1]: mutated lines of Wazuh's test suite through the plain and the fast engine
// side by side. Ends at the first difference, with the line; prints the slowest event, since a hang would be one.
import { parseArgs } from 'node:util'
import { fromBytes } from '../src/alert.ts'
import { compareEngines, suiteLines } from '../src/engine/testing/compare.ts'
import { skip } from '../src/engine/testing/stock.ts'

const { values } = parseArgs({
  options: { events: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
})
if (skip) {
  process.stderr.write(`fuzz-engine: ${skip}\n`)
  process.exit(2)
}
const events = Number(values.events)
const started = performance.now()
const result = compareEngines(suiteLines(), {
  events,
  seed: Number(values.seed),
  onProgress: (done) =>
    process.stdout.write(`${done} of ${events} equal after ${Math.round((performance.now() - started) / 1000)} s\n`),
})
if (result.difference) {
  const { line, plain, fast } = result.difference
  process.stdout.write(`event ${result.events} differs\n${JSON.stringify(line)}\nplain ${plain}\nfast  ${fast}\n`)
  process.exit(1)
}
process.stdout.write(
  `${result.events} events, no difference; ${result.alerts} alerts; the slowest took ${result.slowest_ms.toFixed(1)} ms (${fromBytes(result.slowest).length} characters)\n`,
)
