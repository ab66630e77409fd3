// node scripts/run.mjs bench/engine.ts [--quick] [--only mix|sshd|json] [--way fast|plain]: events a second of the engine on one thread, with the
// stock Wazuh ruleset (../shared) and the guide's rules, alerts.json and alerts.log written. The three workloads are those that the real engine was
// measured with. The machine's own speed is printed beside it, because only a ratio means something elsewhere.
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fromBytes } from '../src/alert.ts'
import { createSession, loadRuleset, type RulesetSources } from '../src/engine/index.ts'
import { golden, goldenLines, skip, stockSources } from '../src/engine/testing/stock.ts'

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, only: { type: 'string' }, way: { type: 'string' } },
})
if (skip) {
  process.stderr.write(`bench: ${skip}\n`)
  process.exit(2)
}

/** The same numbers in every run. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * below)
  }
}

/** The log lines of Wazuh's own test suite, shuffled; 71 % raise an alert. */
function mixLines(): string[] {
  const { lines } = JSON.parse(fromBytes(goldenLines('alerts-file-sample.jsonl.gz')[0]!)) as { lines: string[] }
  const next = random(7)
  const shuffled = lines.map((line) => Buffer.from(line).toString('latin1'))
  for (let i = shuffled.length - 1; i > 0; i--) {
    const other = next(i + 1)
    ;[shuffled[i], shuffled[other]] = [shuffled[other]!, shuffled[i]!]
  }
  return shuffled
}

/** 70 % failed log-ins (30 % of them for unknown users), 30 % successful ones, from 512 addresses. */
function sshdLines(): string[] {
  const next = random(11)
  return Array.from({ length: 20_000 }, () => {
    const ip = `10.${next(2)}.${next(16)}.${next(16)}`
    const what =
      next(10) < 7
        ? `Failed password for ${next(10) < 3 ? `invalid user user${next(50)}` : 'root'}`
        : `Accepted password for user${next(50)}`
    const time = `Jan 15 10:${String(next(60)).padStart(2, '0')}:${String(next(60)).padStart(2, '0')}`
    return `${time} web-server-01 sshd[${1_000 + next(9_000)}]: ${what} from ${ip} port ${1_024 + next(60_000)} ssh2`
  })
}

/** Half GitHub webhook events, half findings of a wodle; 60 % raise an alert. */
function jsonLines(): string[] {
  const next = random(13)
  const pick = <T>(list: readonly T[]) => list[next(list.length)]!
  return Array.from({ length: 20_000 }, () =>
    next(2) === 0
      ? JSON.stringify({
          source: 'github',
          event: pick(['push', 'vulnerability_alert', 'security_advisory', 'vulnerability_alert', 'security_advisory']),
          severity: pick(['critical', 'high', 'critical']),
          repository: `org/repo-${next(40)}`,
          package: `package-${next(100)}`,
          summary: `Advisory ${next(1_000)} for a package that many use`,
        })
      : JSON.stringify({
          timestamp: '2024-01-15T10:30:45Z',
          wodle: 'system-audit',
          process: pick(['curl', 'ssh', 'nginx', 'python3']),
          pid: 100 + next(30_000),
          user: pick(['root', 'root', 'daemon', 'root']),
          local_addr: `10.0.0.${next(250)}:${1_024 + next(60_000)}`,
          remote_addr: pick(['127.0.0.1', '203.0.113.7', '198.51.100.9', '203.0.113.80']),
        }),
  )
}

const workloads: Record<string, { lines: () => string[]; events: number; real: number }> = {
  mix: { lines: mixLines, events: 60_000, real: 9_474 },
  sshd: { lines: sshdLines, events: 120_000, real: 6_486 },
  json: { lines: jsonLines, events: 150_000, real: 33_768 },
}

/** The guide's rules are among those that the recordings were made with. */
function sources(): RulesetSources {
  const stock = stockSources({ rules: [golden('extra-rules.xml')] })
  return {
    ...stock,
    rules: stock.rules.map((file) =>
      file.path.endsWith('extra-rules.xml')
        ? { ...file, text: file.text.slice(0, file.text.indexOf('\n</group>') + 9) }
        : file,
    ),
  }
}

const started = performance.now()
const loaded = { fast: loadRuleset(sources()), plain: loadRuleset({ ...sources(), plain: true }) }
for (const { refused, messages } of Object.values(loaded)) if (refused) throw new Error(messages.join('\n'))
process.stdout.write(`both rulesets loaded in ${Math.round(performance.now() - started)} ms\n`)

const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-'))
try {
  for (const way of ['fast', 'plain'] as const) {
    if (values.way !== undefined && values.way !== way) continue
    for (const [name, workload] of Object.entries(workloads)) {
      if (values.only !== undefined && values.only !== name) continue
      run(way, name, workload)
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (!values.quick) calibrate()

function run(way: 'fast' | 'plain', name: string, { lines, events, real }: (typeof workloads)[string]): void {
  const session = createSession(loaded[way].ruleset!, { hostname: 'vm', mode: 'live' })
  const json = openSync(join(folder, 'alerts.json'), 'w')
  const log = openSync(join(folder, 'alerts.log'), 'w')
  const input = lines()
  const total = values.quick ? Math.min(events, 20_000) : events
  let jsonText = ''
  let logText = ''
  let offset = 0
  let alerts = 0
  // Patterns are compiled when they are first needed, and V8 has to see code run before it makes it fast; the real engine does the like before its first
  // event. So some passes over the input go before, and how slow they are is printed too.
  const before = Math.min(total, 4 * input.length)
  const cold = feed(before)
  alerts = 0
  const cpu = process.cpuUsage()
  const seconds = feed(total)
  const used = process.cpuUsage(cpu)
  closeSync(json)
  closeSync(log)
  const rate = Math.round(total / seconds)
  const memory = Math.round(process.memoryUsage.rss() / 1_048_576)
  process.stdout.write(
    `${way.padEnd(5)} ${name.padEnd(5)} ${rate.toLocaleString('en').padStart(9)} events/s  ` +
      `${(used.user / total).toFixed(1)} µs CPU an event  ${((100 * alerts) / total).toFixed(1)} % alerts  ` +
      `${(rate / real).toFixed(1)} times the real engine's ${real.toLocaleString('en')}  ` +
      `(the ${before.toLocaleString('en')} before: ${Math.round(before / cold).toLocaleString('en')}/s)  ${memory} MB\n`,
  )

  /** @returns seconds */
  function feed(events: number): number {
    const begin = process.hrtime.bigint()
    for (let i = 0; i < events; i++) {
      const decision = session.process({ log: input[i % input.length]!, location: '/var/log/test.log' }, Date.now())
      if (!decision.alert) continue
      alerts++
      const text = decision.text(offset)
      jsonText += `${decision.json(offset)}\n`
      logText += text
      offset += text.length
      if (jsonText.length > 1_000_000) flush()
    }
    flush()
    return Number(process.hrtime.bigint() - begin) / 1e9
  }

  function flush(): void {
    writeSync(json, Buffer.from(jsonText, 'latin1'))
    writeSync(log, Buffer.from(logText, 'latin1'))
    jsonText = logText = ''
  }
}

function calibrate(): void {
  const openssl = spawnSync('openssl', ['speed', '-seconds', '3', '-bytes', '8192', 'sha256'], { encoding: 'utf8' })
  const rate = /sha256\s+([\d.]+)k/.exec(openssl.stdout ?? '')?.[1]
  const begin = performance.now()
  let x = 1
  for (let i = 0; i < 3e8; i++) x = (x * 31 + i) | 0
  const loop = Math.round(performance.now() - begin)
  process.stdout.write(
    `this machine: sha256 of 8 KiB ${rate ? `${Math.round(Number(rate)).toLocaleString('en')} kB/s` : 'not measured (no openssl)'}; ` +
      `a plain loop of 3e8 steps ${loop} ms (${x & 1}); where the real engine was measured: 1,596,610 kB/s and 3,145 ms\n`,
  )
}
