/** Wall-clock time of an alert, for conditions on the time of day and the day of the week, and for messages. */

export const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

export interface WallClock {
  /** Since midnight. */
  minutes: number
  /** 0 is Sunday. */
  weekday: number
}

/** Milliseconds since 1970 of an alert's `2024-01-15T10:30:45.123+0000`; undefined when it is no such text. */
export function parseTimestamp(timestamp: unknown): number | undefined {
  if (typeof timestamp !== 'string') return undefined
  // The offset has no colon, which ECMAScript's own format asks for.
  const ms = Date.parse(timestamp.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return Number.isNaN(ms) ? undefined : ms
}

/**
 * What a clock showed at `timestamp`: the manager's clock as it is written in the alert, or that of `zone` (an IANA name).
 *
 * @returns undefined when the timestamp is missing or no timestamp
 */
export function wallClock(timestamp: unknown, zone?: string): WallClock | undefined {
  if (typeof timestamp !== 'string') return undefined
  if (zone !== undefined) {
    const ms = parseTimestamp(timestamp)
    if (ms === undefined) return undefined
    const parts = Object.fromEntries(
      formatter(zone)
        .formatToParts(ms)
        .map((part) => [part.type, part.value]),
    )
    return {
      minutes: Number(parts.hour) * 60 + Number(parts.minute),
      weekday: weekdays.indexOf(parts.weekday!.toLowerCase() as (typeof weekdays)[number]),
    }
  }
  const written = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d)/.exec(timestamp)
  if (!written) return undefined
  const weekday = new Date(`${written[1]}T00:00:00Z`).getUTCDay()
  return Number.isNaN(weekday) ? undefined : { minutes: Number(written[2]) * 60 + Number(written[3]), weekday }
}

/** `from` is inside, `to` is not; 22:00 to 06:00 goes over midnight; the same time twice is the whole day. */
export function isBetween(minutes: number | undefined, from: string, to: string): boolean {
  const first = parseClock(from)
  const last = parseClock(to)
  if (minutes === undefined || first === undefined || last === undefined) return false
  if (first === last) return true
  return first < last ? minutes >= first && minutes < last : minutes >= first || minutes < last
}

/** Minutes since midnight of `hh:mm`; 24:00 is the end of the day. */
export function parseClock(text: string): number | undefined {
  const parts = /^(\d{1,2}):(\d\d)$/.exec(text)
  if (!parts) return undefined
  const minutes = Number(parts[1]) * 60 + Number(parts[2])
  return Number(parts[2]) < 60 && minutes <= 1440 ? minutes : undefined
}

/** Whether it is an IANA name of a time zone. */
export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(zone: string): Intl.DateTimeFormat {
  let made = formatters.get(zone)
  if (!made) {
    made = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
    })
    formatters.set(zone, made)
  }
  return made
}

/** Calls back after so many milliseconds; the returned function cancels. */
export function startTimer(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}
