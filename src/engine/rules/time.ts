/** `<time>` and `<weekday>` of rules. validate_op.c: OS_IsValidTime, OS_IsonTime, OS_IsValidDay (4.14.7); spec/engine-rules.md section 4.5. */

import { toInt } from './to-int.ts'

/** True from `first` to `last` as `HH:MM`, both ends included; `negated`: true outside of that. */
export interface TimeWindow {
  first: string
  last: string
  negated: boolean
}

const isDigit = (char: string | undefined) => char !== undefined && char >= '0' && char <= '9'

/** Reads one hour; `complaints` gets what the original prints about it. @returns the rest of the text and `HH:MM` */
function readHour(text: string, complaints: string[]): { rest: string; hour: string } | undefined {
  const refuse = (rest: string) => {
    complaints.push(`(1240): Invalid time format: '${rest}'.`)
    return undefined
  }
  if (!isDigit(text[0])) refuse(text)
  const digits = /^\d*/.exec(text)![0]
  let hours = toInt(text)
  if (hours < 0 || hours >= 24) return refuse(text)
  let rest = text.slice(digits.length)
  if (digits.length > 2) return refuse(rest)
  let minutes = 0
  if (rest.startsWith(':')) {
    rest = rest.slice(1)
    // As written there: two characters are taken for the minutes unless one of them is no digit and the third is one.
    if ((!isDigit(rest[0]) || !isDigit(rest[1])) && isDigit(rest[2])) return refuse(rest)
    minutes = toInt(rest)
    rest = rest.slice(2)
  }
  rest = rest.replace(/^ +/, '')
  const half = rest[0]?.toLowerCase()
  if (half === 'a' || half === 'p') {
    rest = rest.slice(1)
    if (rest[0]?.toLowerCase() !== 'm') return refuse(rest)
    if (hours === 12) hours = 0
    if (half === 'p') hours += 12
    if (hours >= 24) return refuse(rest)
    rest = rest.slice(1)
  }
  const hour = `${String(hours).padStart(2, '0')}:${twoDigits(minutes)}`
  // The buffer of the original holds six characters.
  return hour.length > 6 ? undefined : { rest, hour }
}

const twoDigits = (value: number) => (value < 0 ? `-${-value}` : String(value).padStart(2, '0'))

/**
 * Reads `<time>`. When the first time is later than the second one the window is turned round and negated, and a `!` of the writer is lost.
 *
 * @param complaints gets the texts that the original prints by itself
 */
export function parseTimeWindow(text: string, complaints: string[]): TimeWindow | undefined {
  let rest = text.replace(/^ +/, '')
  const negated = rest.startsWith('!')
  if (negated) rest = rest.slice(1).replace(/^ +/, '')
  const first = readHour(rest, complaints)
  if (!first) return undefined
  rest = first.rest.replace(/^ +/, '')
  if (!rest.startsWith('-')) return undefined
  const last = readHour(rest.slice(1).replace(/^ +/, ''), complaints)
  if (last?.rest.replace(/^ +/, '') !== '') return undefined
  if (first.hour > last.hour) return window(last.hour, first.hour, true)
  return window(first.hour, last.hour, negated)
}

/** The original writes both times into one text and compares five characters from fixed places. */
function window(first: string, last: string, negated: boolean): TimeWindow {
  const glued = first + last
  return { first: glued.slice(0, 5), last: glued.slice(5, 10), negated }
}

/** @param clock local time as `HH:MM` */
export function isInWindow(window: TimeWindow, clock: string): boolean {
  const inside = clock >= window.first && clock <= window.last
  return inside !== window.negated
}

const days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']
const dayNames: [name: string, days: number[]][] = [
  ...days.flatMap((name, day): [string, number[]][] => [
    [name, [day]],
    [name.slice(0, 3), [day]],
  ]),
  ['weekdays', [1, 2, 3, 4, 5]],
  ['weekends', [0, 6]],
]

/** Reads `<weekday>`; a leading `!` is documented and always refused. @returns one entry a day, Sunday first */
export function parseWeekday(text: string): boolean[] | undefined {
  const chosen = new Array<boolean>(7).fill(false)
  let rest = text.replace(/^ +/, '')
  while (rest !== '') {
    const found = dayNames.find(([name]) => rest.slice(0, name.length).toLowerCase() === name)
    if (!found) return undefined
    for (const day of found[1]) chosen[day] = true
    rest = rest.slice(found[0].length)
    if (rest === '') break
    if (rest[0] !== ' ' && rest[0] !== ',') return undefined
    rest = rest.replace(/^[ ,]+/, '')
  }
  return chosen.includes(true) ? chosen : undefined
}
