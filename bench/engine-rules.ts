/**
 * What one event costs when the children of one rule grow tenfold, again and again: microseconds an event for the conditions that people write, and how
 * much more that is than with a tenth of the rules. The fast engine must stay below twice as much; ends with 1 when it does not. The plain engine tries one
 * rule after the other, and stands beside it to show what is saved.
 *
 * node scripts/run.mjs bench/engine-rules.ts [--only match|field|regex|srcip|network|user|mixed]
 */
import { parseArgs } from 'node:util'
import { createSession, loadRuleset } from '../src/engine/index.ts'
import { seeded } from '../src/engine/testing/mutate.ts'

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const sizes = [30, 300, 3_000, 30_000]
const worst = 2

const address = (n: number) => `10.${(n >> 14) & 127}.${(n >> 7) & 127}.${n & 127}`

/** Condition number `n` of each kind. */
const kinds: Record<string, (n: number) => string> = {
  match: (n) => `<match>unit worker-${n}.service failed</match>`,
  field: (n) => `<field name="code">^E-${n}$</field>`,
  regex: (n) => `<regex>worker-${n}.service \\w+ed</regex>`,
  srcip: (n) => `<srcip>${address(n)}</srcip>`,
  network: (n) => `<srcip>${(n >> 8) + 11}.${n & 255}.0.0/16</srcip>`,
  user: (n) => `<user>^operator${n}$</user>`,
  mixed: (n) => Object.values(kinds)[n % 6]!(n),
}

const decoders = `<decoder name="app"><program_name>^app$</program_name></decoder>
<decoder name="app-fields"><parent>app</parent><regex>^(\\S+) (\\S+) from (\\S+): </regex><order>code, user, srcip</order></decoder>
<decoder name="other"><prematch>^never seen$</prematch></decoder>`

const rulesOf = (kind: string, count: number) => `<group name="syslog,">
<rule id="1" level="0"><category>syslog</category><description>all</description></rule>
<rule id="100000" level="3"><if_sid>1</if_sid><decoded_as>app</decoded_as><description>app</description></rule>
${Array.from({ length: count }, (_, n) => `<rule id="${200_000 + n}" level="5"><if_sid>100000</if_sid>${kinds[kind]!(n)}<description>rule ${n}</description></rule>`).join('\n')}
</group>`

/** One event in ten meets a condition; the rest are strangers with names of their own, so that nothing that is remembered helps. */
function linesFor(count: number): string[] {
  const next = seeded(7)
  return Array.from({ length: 4_000 }, () => {
    const n = next(10) === 0 ? next(count) : 100_000 + next(1_000_000)
    const from =
      n < 100_000 && next(2) === 0
        ? `${(n >> 8) + 11}.${n & 255}.3.4`
        : n < 100_000
          ? address(n)
          : `172.16.${next(256)}.${next(256)}`
    return `Dec 10 01:02:03 host app[${1_000 + next(9_000)}]: E-${n} operator${n} from ${from}: systemd said that unit worker-${n}.service failed after ${next(1_000)} ms, and will be tried again in a minute`
  })
}

interface Ready {
  load_ms: number
  events: number
  /** Rules of our many that were met since. */
  hits: number
  feed(events: number): void
}

/** An engine with so many rules, warm. */
function ready(kind: string, count: number, plain: boolean): Ready {
  const sources = {
    decoders: [{ path: 'decoders.xml', text: decoders }],
    rules: [{ path: 'rules.xml', text: rulesOf(kind, count) }],
    lists: [],
  }
  const began = performance.now()
  const { ruleset, messages } = loadRuleset({ ...sources, plain })
  if (!ruleset) throw new Error(messages.join('\n'))
  const load_ms = performance.now() - began
  const session = createSession(ruleset, { hostname: 'bench', mode: 'live' })
  const lines = linesFor(count)
  // What the plain engine needs grows with the rules; it need not run longer for that.
  const events = plain ? Math.max(200, Math.round(600_000 / count)) : 12_000
  const engine: Ready = {
    load_ms,
    events,
    hits: 0,
    feed(events) {
      for (let i = 0; i < events; i++) {
        const log = lines[i % lines.length]!
        const { rule } = session.process({ log, location: '/var/log/app.log' }, 1_700_000_000_000)
        if (rule && rule.id >= 200_000) engine.hits++
      }
    },
  }
  engine.feed(plain ? Math.round(events / 4) : events)
  engine.hits = 0
  return engine
}

const rounds = 7

/**
 * Microseconds of processor time an event, of seven rounds the best, for other programs only ever add to it. The engines take turns, so that what the rest
 * of the machine does falls on all of them.
 */
function measure(engines: readonly Ready[]): number[] {
  const best = engines.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < rounds; round++) {
    for (const [i, { feed, events }] of engines.entries()) {
      const from = process.threadCpuUsage()
      feed(events)
      const { user, system } = process.threadCpuUsage(from)
      best[i] = Math.min(best[i]!, (user + system) / events)
    }
  }
  return best
}

let failed = false
for (const kind of Object.keys(kinds)) {
  if (values.only !== undefined && values.only !== kind) continue
  for (const plain of [false, true]) {
    const used = plain ? sizes.slice(0, 3) : sizes
    const engines = used.map((size) => ready(kind, size, plain))
    const us = measure(engines)
    const factors = us.slice(1).map((one, i) => one / us[i]!)
    const isTooMuch = !plain && factors.some((factor) => factor >= worst)
    failed ||= isTooMuch
    const last = engines.at(-1)!
    const columns = us.map((one, i) => `${used[i]!.toLocaleString('en')}: ${one.toFixed(1)} µs`.padEnd(18))
    process.stdout.write(
      `${kind.padEnd(8)} ${plain ? 'plain' : 'fast '}  ${columns.join(' ')} ` +
        `times ${factors.map((factor) => factor.toFixed(2)).join(' and ')}${isTooMuch ? `, must be below ${worst}` : ''}  ` +
        `(${Math.round((100 * last.hits) / rounds / last.events)} % hit, ${used.at(-1)!.toLocaleString('en')} rules loaded in ${Math.round(last.load_ms)} ms)\n`,
    )
  }
}
const began = performance.now()
let x = 1
for (let i = 0; i < 3e8; i++) x = (x * 31 + i) | 0
process.stdout.write(`this machine: a plain loop of 3e8 steps ${Math.round(performance.now() - began)} ms (${x & 1})\n`)
if (failed) process.exitCode = 1
