const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const pad = (value: number, width = 2, fill = '0') => String(value).padStart(width, fill)

/** What each letter stands for, given the local clock's fields as those of UTC. */
const codes: Record<string, (local: Date, offset: number) => string> = {
  a: (t) => days[t.getUTCDay()]!.slice(0, 3),
  A: (t) => days[t.getUTCDay()]!,
  b: (t) => months[t.getUTCMonth()]!.slice(0, 3),
  B: (t) => months[t.getUTCMonth()]!,
  C: (t) => pad(Math.floor(t.getUTCFullYear() / 100)),
  c: (t, offset) => format('%a %b %e %H:%M:%S %Y', t, offset),
  d: (t) => pad(t.getUTCDate()),
  D: (t, offset) => format('%m/%d/%y', t, offset),
  e: (t) => pad(t.getUTCDate(), 2, ' '),
  F: (t, offset) => format('%Y-%m-%d', t, offset),
  h: (t) => months[t.getUTCMonth()]!.slice(0, 3),
  H: (t) => pad(t.getUTCHours()),
  I: (t) => pad(t.getUTCHours() % 12 || 12),
  j: (t) => pad(dayOfYear(t) + 1, 3),
  m: (t) => pad(t.getUTCMonth() + 1),
  M: (t) => pad(t.getUTCMinutes()),
  n: () => '\n',
  p: (t) => (t.getUTCHours() < 12 ? 'AM' : 'PM'),
  R: (t, offset) => format('%H:%M', t, offset),
  s: (t, offset) => String(Math.floor(t.getTime() / 1000) - offset * 60),
  S: (t) => pad(t.getUTCSeconds()),
  t: () => '\t',
  T: (t, offset) => format('%H:%M:%S', t, offset),
  u: (t) => String(t.getUTCDay() || 7),
  U: (t) => pad(Math.floor((dayOfYear(t) + 7 - t.getUTCDay()) / 7)),
  w: (t) => String(t.getUTCDay()),
  W: (t) => pad(Math.floor((dayOfYear(t) + 7 - ((t.getUTCDay() + 6) % 7)) / 7)),
  x: (t, offset) => format('%m/%d/%y', t, offset),
  X: (t, offset) => format('%H:%M:%S', t, offset),
  y: (t) => pad(t.getUTCFullYear() % 100),
  Y: (t) => String(t.getUTCFullYear()),
  z: (_, offset) => `${offset < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(offset) / 60))}${pad(Math.abs(offset) % 60)}`,
  '%': () => '%',
}

/**
 * strftime(3) in the C locale; a code that it does not know stays as it is.
 *
 * @param at_ms milliseconds since 1970
 * @param offset minutes east of UTC at that moment
 */
export function strftime(text: string, at_ms: number, offset: number): string {
  return format(text, new Date(at_ms + offset * 60_000), offset)
}

function format(text: string, local: Date, offset: number): string {
  return text.replace(/%([a-zA-Z%])/g, (whole, code: string) => codes[code]?.(local, offset) ?? whole)
}

/** 0 on the first of January. */
function dayOfYear(local: Date): number {
  return Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / 86_400_000)
}
