/** How numbers and strings of JSON are written: as values of fields (json_decoder.c, 4.14.7), and as cJSON 1.7.18 prints them. */
import { formatFixed, formatGeneral } from './numbers.ts'

const maxFieldNumber = 63

const isInt32 = (parsed: number) => (parsed | 0) === parsed

/** A number as the value of a field: the buffer of the original has room for 63 characters. */
export function fieldNumber(parsed: number): string {
  // -0 equals 0 here as it does in C.
  return isInt32(parsed) || parsed === 0 ? String(parsed | 0) : formatFixed(parsed).slice(0, maxFieldNumber)
}

/** A number as cJSON prints it. */
export function printedNumber(parsed: number): string {
  if (!Number.isFinite(parsed)) return 'null'
  if (isInt32(parsed) || parsed === 0) return String(parsed | 0)
  const short = formatGeneral(parsed, 15)
  const again = Number(short)
  const isClose = Math.abs(again - parsed) <= Math.max(Math.abs(again), Math.abs(parsed)) * Number.EPSILON
  return isClose ? short : formatGeneral(parsed, 17)
}

const needsEscape = /["\\\0-\x1f]/
const shortEscapes: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** A string as cJSON prints it: quotes, backslashes and control characters escaped, everything else as it is. */
export function printedString(source: string): string {
  if (!needsEscape.test(source)) return `"${source}"`
  const escaped = source.replace(
    /["\\\0-\x1f]/g,
    (char) => shortEscapes[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `"${escaped}"`
}
