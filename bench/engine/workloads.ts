/** What the engine is measured with: the three workloads that the real engine was measured with, and the ruleset it had. */
import { fromBytes } from '../../src/alert.ts'
import type { RulesetSources } from '../../src/engine/index.ts'
import { seeded } from '../../src/engine/testing/mutate.ts'
import { golden, goldenLines, stockSources } from '../../src/engine/testing/stock.ts'

export interface Workload {
  lines: () => string[]
  events: number
  /** Events a second of the real engine with one thread. */
  real: number
}

/** The log lines of Wazuh's own test suite, shuffled; 71 % raise an alert. */
function mixLines(): string[] {
  const { lines } = JSON.parse(fromBytes(goldenLines('alerts-file-sample.jsonl.gz')[0]!)) as { lines: string[] }
  const next = seeded(7)
  const shuffled = lines.map((line) => Buffer.from(line).toString('latin1'))
  for (let i = shuffled.length - 1; i > 0; i--) {
    const other = next(i + 1)
    ;[shuffled[i], shuffled[other]] = [shuffled[other]!, shuffled[i]!]
  }
  return shuffled
}

/** 70 % failed log-ins (30 % of them for unknown users), 30 % successful ones, from 512 addresses. */
function sshdLines(): string[] {
  const next = seeded(11)
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
  const next = seeded(13)
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

export const workloads: Record<string, Workload> = {
  mix: { lines: mixLines, events: 60_000, real: 9_474 },
  sshd: { lines: sshdLines, events: 120_000, real: 6_486 },
  json: { lines: jsonLines, events: 150_000, real: 33_768 },
}

/** The guide's rules are among those that the recordings were made with. */
export function sources(): RulesetSources {
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
