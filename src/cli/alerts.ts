import { createReadStream, existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import type { Alert } from '../alert.ts'
import { follow } from '../durable/follow.ts'
import { UserError } from '../problem.ts'
import { createReport, type Report, reportToJson } from '../report.ts'
import { alertsHistory, alertTime, max_alert_bytes, parseAlert, readAlerts } from '../wazuh/alerts-days.ts'
import { makeVisible, print, styled, table } from './output.ts'

/** alerts.json of this home: its own, or that of the Wazuh it runs beside. */
async function alertsFileOf(home: string): Promise<string> {
  if (!existsSync(join(home, 'outrider.yaml'))) return join(home, 'logs', 'alerts', 'alerts.json')
  const [{ loadConfig }, { definitions }] = await Promise.all([
    import('../settings.ts'),
    import('../runners/definitions.ts'),
  ])
  return (await loadConfig({ home, definitions })).alerts_file
}

// ------------------------------------------------------------------------------------------------------------------------ tail

export async function tail(options: {
  home: string
  lines: number
  follow: boolean
  level: number
  json?: boolean
  file?: string
}): Promise<void> {
  const path = options.file ? resolve(options.file) : await alertsFileOf(options.home)
  if (!existsSync(path) && !options.follow) throw missing(path)
  const isWanted = (line: string) => {
    const alert = parseAlert(line)
    return alert !== undefined && alert.rule.level >= options.level
  }
  const show = (line: string) => {
    const alert = parseAlert(line)
    if (alert) print(options.json ? Buffer.from(line, 'latin1').toString('utf8') : oneLine(alert))
  }

  // The newest of what is there: read whole, which is today's file at most, keeping only as many as are asked for.
  const follower = follow({
    path,
    from: 'start',
    history: options.file ? 'none' : alertsHistory(path),
    max_line_bytes: max_alert_bytes,
  })
  const last: string[] = []
  for (let batch = await follower.poll(); batch; batch = await follower.poll()) {
    // Without a level every line may be one of the last, so only those are parsed that are shown.
    for (const line of batch.lines) if (options.level === 0 || isWanted(line)) last.push(line)
    last.splice(0, last.length - options.lines)
  }
  for (const line of last) show(line)
  if (!options.follow) return follower.close()

  const stopped = new AbortController()
  process.once('SIGINT', () => stopped.abort())
  for (let batch = await follower.next(stopped.signal); batch; batch = await follower.next(stopped.signal)) {
    for (const line of batch.lines) if (isWanted(line)) show(line)
  }
  await follower.close()
}

/** `10:30:45 ▍ 10  5763  web  brute force …`: an alert for a person. */
export function oneLine(alert: Alert): string {
  const { level, id, description } = alert.rule
  const style = level >= 12 ? 'red' : level >= 7 ? 'yellow' : 'cyan'
  const time = String(alert.timestamp ?? '').slice(11, 19)
  const agent = alert.agent?.name ?? '-'
  return `${styled('dim', time)} ${styled(style, `${String(level).padStart(2)} ${id.padStart(6)}`)}  ${makeVisible(agent)}  ${makeVisible(description)}`
}

function missing(path: string): UserError {
  return new UserError(`"${path}" does not exist`, 'name the folder with --home, or the file with --file')
}

// ---------------------------------------------------------------------------------------------------------------------- report

export async function report(options: {
  home: string
  since?: string
  until?: string
  top: number
  json?: boolean
  file?: string
}): Promise<void> {
  const from = options.since === undefined ? Number.NEGATIVE_INFINITY : toTime(options.since, Date.now())
  const to = options.until === undefined ? Number.POSITIVE_INFINITY : toTime(options.until, Date.now())
  const report = createReport()
  const counts = options.file
    ? await readOneFile(resolve(options.file), from, to, report.add)
    : await readDays(await alertsFileOf(options.home), from, to, report.add)
  const result = report.result(options.top)
  if (options.json || !process.stdout.isTTY) process.stdout.write(reportToJson(result))
  else process.stdout.write(reportToText(result))
  if (counts.skipped > 0)
    process.stderr.write(`${counts.skipped} of ${counts.lines} lines hold no alert and were skipped\n`)
  for (const reason of counts.damaged) process.stderr.write(`not read to the end: ${reason}\n`)
}

interface Counts {
  lines: number
  skipped: number
  damaged: string[]
}

async function readDays(
  alerts_file: string,
  from_ms: number,
  to_ms: number,
  add: (alert: Alert) => void,
): Promise<Counts> {
  if (!existsSync(alerts_file)) throw missing(alerts_file)
  const reading = readAlerts({ alerts_file, from_ms, to_ms })
  for await (const alerts of reading) for (const alert of alerts) add(alert)
  return reading.counts
}

async function readOneFile(path: string, from: number, to: number, add: (alert: Alert) => void): Promise<Counts> {
  if (!existsSync(path)) throw missing(path)
  const counts: Counts = { lines: 0, skipped: 0, damaged: [] }
  const isAll = from === Number.NEGATIVE_INFINITY && to === Number.POSITIVE_INFINITY
  const bytes = createReadStream(path)
  const input = path.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes
  input.setEncoding('latin1')
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      counts.lines++
      const alert = parseAlert(line)
      if (!alert) counts.skipped++
      else if (isAll || (alertTime(alert) >= from && alertTime(alert) < to)) add(alert)
    }
  } catch (error) {
    counts.damaged.push(`${basename(path)}: ${(error as Error).message}`)
  }
  return counts
}

function reportToText(report: Report): string {
  const titles = { by_level: 'LEVEL', top_rules: 'RULE', top_agents: 'AGENT', top_mitre: 'ATT&CK' }
  return Object.entries(titles)
    .map(([part, title]) => {
      const counts = [...report[part as keyof Report]]
      const most = Math.max(1, ...counts.map(([, n]) => n))
      const rows = counts.map(([key, n]) => [key, String(n), '█'.repeat(Math.max(1, Math.round((30 * n) / most)))])
      return `${table([title, 'ALERTS', ''], rows)}\n`
    })
    .join('\n')
}

const units: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** `90m` before now, or a date. */
export function toTime(text: string, now: number): number {
  const [, number, unit] = /^(\d+)([smhdw])$/.exec(text) ?? []
  const time = number ? now - Number(number) * units[unit!]! : Date.parse(text)
  if (Number.isNaN(time))
    throw new UserError(`"${text}" is no time`, 'write a date such as 2026-01-31, or 90m, 24h, 7d for before now')
  return time
}
