/**
 * JSON as cJSON 1.7.18 prints what it has parsed: compact, the order and repetition of keys kept, `\/` and `\uXXXX` as the characters they mean,
 * numbers formatted anew. This is what a script finds in its alert file (integratord parses each line of alerts.json and prints it again).
 */
import { toBytes } from '../alert.ts'

const token = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\],:]|true|false|null/gsy
const blank = /[ \t\n\r]*/y

/**
 * @param json one valid JSON value as a byte string
 * @returns a byte string; bytes that are not UTF-8 stay as they are
 * @throws SyntaxError when it is not JSON at all; only what {@link JSON.parse} takes should be given
 */
export function reprint(json: string): string {
  let out = ''
  let at = 0
  for (;;) {
    blank.lastIndex = at
    blank.test(json)
    at = blank.lastIndex
    if (at >= json.length) return out
    token.lastIndex = at
    const found = token.exec(json)
    if (!found) throw new SyntaxError(`not JSON at byte ${at}`)
    const [text] = found
    at = token.lastIndex
    const first = text.charCodeAt(0)
    if (first === 0x22) out += text.includes('\\') ? printString(text) : text
    else if (first === 0x2d || (first >= 0x30 && first <= 0x39)) out += printNumber(Number(text))
    else out += text
  }
}

// Only \u and \/ print differently from how they were written: the other escapes are the very ones that cJSON uses.
function printString(text: string): string {
  const printed = text.replace(
    /\\(?:u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?|(.))/gs,
    (whole, one, two, plain) => {
      if (plain !== undefined) return plain === '/' ? '/' : whole
      const high = Number.parseInt(one, 16)
      if (high < 0xd800 || high > 0xdbff) return printUnit(high) + (two === undefined ? '' : printUnit(0xfffd))
      return two === undefined ? printUnit(0xfffd) : toBytes(String.fromCharCode(high, Number.parseInt(two, 16)))
    },
  )
  // A \u0000 ends the text, for it is a C string.
  const end = printed.indexOf('\0')
  return end < 0 ? printed : `${printed.slice(0, end)}"`
}

const short: Record<number, string> = {
  8: '\\b',
  9: '\\t',
  10: '\\n',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
}

function printUnit(code: number): string {
  if (code === 0) return '\0'
  if (code < 0x20 || code === 0x22 || code === 0x5c) return short[code] ?? `\\u${code.toString(16).padStart(4, '0')}`
  // A lone surrogate has no UTF-8; cJSON refuses the whole alert, we put the sign for it.
  return toBytes(String.fromCharCode(code).toWellFormed())
}

/** cJSON's print_number: `%d` where it fits, else `%1.15g`, else `%1.17g` where 15 digits do not give the number back. */
export function printNumber(value: number): string {
  if (!Number.isFinite(value)) return 'null'
  if (value === Math.trunc(value) && Math.abs(value) < 2 ** 31) return String(value + 0)
  const fifteen = formatG(value, 15)
  const back = Number(fifteen)
  const largest = Math.max(Math.abs(back), Math.abs(value))
  return Math.abs(back - value) <= largest * Number.EPSILON ? fifteen : formatG(value, 17)
}

/** printf's `%.{digits}g`. */
function formatG(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e') as [string, string]
  const power = Number(exponent)
  const trim = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)
  if (power >= -4 && power < digits) return trim(value.toFixed(digits - 1 - power))
  return `${trim(mantissa)}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}
