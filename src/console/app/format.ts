/** Times, spans and numbers as people read them. */

const whole = new Intl.NumberFormat()
const tenth = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 })
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
})
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium', hour12: false })

export const count = (value: number): string => whole.format(value)

/** Events per second. */
export const rate = (value: number): string => (value >= 10 ? whole.format(Math.round(value)) : tenth.format(value))

/** Milliseconds since 1970 of a Wazuh timestamp (`…+0000`, without the colon that ISO 8601 wants); NaN when it is none. */
export function parseTime(timestamp: string): number {
  return Date.parse(timestamp.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
}

export const clockTime = (ms: number): string => (Number.isNaN(ms) ? '' : clock.format(ms))
export const fullTime = (ms: number): string => (Number.isNaN(ms) ? '' : full.format(ms))

/** `42 s`, `5 min`, `3 h`, `2 d`: the largest unit that tells enough. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 90) return `${seconds} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86400)} d`
}

/** `4:05`, `1:04:05`, or days when it is long: what a countdown shows. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  if (seconds >= 2 * 86400) return span(ms)
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}

/** Four steps that a level's colour tells: what nobody needs to see, worth a look, act, act now. */
export function severity(level: number): 'low' | 'medium' | 'high' | 'critical' {
  if (level >= 12) return 'critical'
  if (level >= 7) return 'high'
  return level >= 4 ? 'medium' : 'low'
}
