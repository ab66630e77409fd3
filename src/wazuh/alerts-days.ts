/**
 * Reads alerts of past days: `logs/alerts/YYYY/Mon/ossec-alerts-DD[-NNN].json`, compressed or not, as analysisd and monitord leave them
 * (spec/alerts.md section 6), and says where a follower of alerts.json finds what it has missed.
 */
import { dirname, join } from 'node:path'
import type { Alert } from '../alert.ts'
import { type Generation, type History, namesIn, statOf } from '../durable/history.ts'
import { LineCutter } from '../durable/lines.ts'
import { openAt } from '../durable/source.ts'
import { months } from './alerts-file.ts'

const hour = 3600_000
/** Of an alert's line. Previous events and rule groups make it several times as long as a log line; integratord skips those above 64 KiB. */
export const max_alert_bytes = 16 << 20

interface DayFile extends Generation {
  /** Midnight UTC of the date in its name. */
  midnight: number
}

/** Files below a `logs/alerts` folder, oldest first. The key is `YYYY-MM-DD-NNN`. */
function dayFiles(folder: string): DayFile[] {
  const found = new Map<string, DayFile>()
  for (const year of namesIn(folder)) {
    if (!/^\d{4}$/.test(year)) continue
    for (const [index, month] of months.entries()) {
      for (const name of namesIn(join(folder, year, month))) {
        const [, day, part = '000', gz] = /^ossec-alerts-(\d\d)(?:-(\d{3,}))?\.json(\.gz)?$/.exec(name) ?? []
        if (day === undefined) continue
        const key = `${year}-${String(index + 1).padStart(2, '0')}-${day}-${part}`
        // While monitord compresses, both are there and the new one is not complete.
        if (gz && found.has(key)) continue
        const midnight = Date.UTC(Number(year), index, Number(day))
        found.set(key, { path: join(folder, year, month, name), key, midnight })
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** For a follower of `logs/alerts/alerts.json`: the files of the days, whose names tell their order for good. */
export function alertsHistory(alertsFile: string): History {
  const folder = dirname(alertsFile)
  return {
    list: () => dayFiles(folder),
    keyOf: (_, list) => list.reduce((latest, { key }) => (key > latest ? key : latest), ''),
  }
}

export interface ReadAlertsOptions {
  /** `…/logs/alerts/alerts.json`. Read as well when it is not one of the days' files. */
  alerts_file: string
  /** Milliseconds since 1970, inclusive. Default: all. */
  from_ms?: number
  /** Exclusive. */
  to_ms?: number
}

export interface AlertsRead {
  files: number
  lines: number
  /** Lines that hold no alert: broken JSON, no rule, too long. */
  skipped: number
  /** Files that could not be read, or not to their end, with the reason. */
  damaged: string[]
}

/**
 * The alerts of a time range in the order of the files, a few hundred at a time. Nothing in the files stops it: what cannot be read is counted. Bytes that
 * are not UTF-8 become U+FFFD. `counts` grows while the alerts are read.
 */
export function readAlerts(options: ReadAlertsOptions): AsyncIterable<Alert[]> & { counts: AlertsRead } {
  const counts: AlertsRead = { files: 0, lines: 0, skipped: 0, damaged: [] }
  return { counts, [Symbol.asyncIterator]: () => readFiles(options, counts) }
}

async function* readFiles(options: ReadAlertsOptions, counts: AlertsRead): AsyncGenerator<Alert[]> {
  const { from_ms = Number.NEGATIVE_INFINITY, to_ms = Number.POSITIVE_INFINITY } = options
  for (const path of filesOf(options)) {
    for await (const lines of linesOf(path, counts)) {
      const alerts: Alert[] = []
      for (const line of lines) {
        counts.lines++
        const alert = parseAlert(line)
        if (!alert) counts.skipped++
        else if (isWithin(alert, from_ms, to_ms)) alerts.push(alert)
      }
      if (alerts.length > 0) yield alerts
    }
  }
}

function filesOf({ alerts_file, from_ms, to_ms }: ReadAlertsOptions): string[] {
  const files = dayFiles(dirname(alerts_file))
  const current = statOf(alerts_file)
  const isListed = current === undefined || files.some(({ path }) => statOf(path)?.ino === current.ino)
  const wanted = files.filter(({ midnight }) => {
    // The day is that of the writer's zone, which may be 14 hours ahead of UTC or 12 behind; an hour for what waited in a queue.
    const begins = midnight - 15 * hour
    const ends = midnight + (24 + 13) * hour
    return ends > (from_ms ?? begins) && begins < (to_ms ?? ends)
  })
  return [...wanted.map(({ path }) => path), ...(isListed ? [] : [alerts_file])]
}

async function* linesOf(path: string, counts: AlertsRead): AsyncGenerator<string[]> {
  const cutter = new LineCutter(max_alert_bytes, 'skip', () => {
    counts.lines++
    counts.skipped++
  })
  let source: Awaited<ReturnType<typeof openAt>>
  try {
    source = await openAt(path, 0)
    counts.files++
    for (let chunk = await source!.read(); typeof chunk !== 'string'; chunk = await source!.read()) {
      const { lines } = cutter.cut(chunk.bytes, chunk.fresh, chunk.start)
      if (lines.length > 0) yield lines
    }
    // A last line without end is being written just now, or was torn.
  } catch (error) {
    counts.damaged.push(`${path}: ${(error as Error).message}`)
  } finally {
    source?.close()
  }
}

/** An alert from its line (a byte string); undefined when it is none. */
export function parseAlert(line: string): Alert | undefined {
  try {
    const value = JSON.parse(Buffer.from(line, 'latin1').toString('utf8'))
    return typeof value?.rule === 'object' && value.rule !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** `2026-01-31T10:30:45.123+0000` in milliseconds since 1970; NaN when it is not a time. The zone's colon is missing in Wazuh. */
export function alertTime({ timestamp }: Pick<Alert, 'timestamp'>): number {
  return Date.parse(String(timestamp).replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
}

function isWithin(alert: Alert, from: number, to: number): boolean {
  if (from === Number.NEGATIVE_INFINITY && to === Number.POSITIVE_INFINITY) return true
  const at = alertTime(alert)
  return at >= from && at < to
}
