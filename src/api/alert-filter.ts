/**
 * Which alerts a person wants to see. The same few lines decide in the API, in the live stream and in the console, so this file must run in a
 * browser too.
 */
import type { Alert } from '../alert.ts'

export interface AlertFilter {
  /** Alerts of at least this level; 0 is all. */
  level: number
  /** Rule ids; empty is all. */
  rules: string[]
  /** Words in lower case that must all occur in some value of the alert; one that begins with `!` must not. */
  words: string[]
}

/** Splits what a person typed at blanks. */
export function toWords(text: string): string[] {
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '' && word !== '!')
}

/** All values of an alert, nested ones too, in lower case; names of fields are not searched, or "level" would find everything. */
export function searchText(alert: Alert): string {
  const values: string[] = []
  const collect = (value: unknown): void => {
    if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect)
    else if (value !== undefined && value !== null) values.push(String(value))
  }
  collect(alert)
  return values.join('\n').toLowerCase()
}

/** `text` is asked for only when level and rule fit. */
export function matches(filter: AlertFilter, level: number, rule: string, text: () => string): boolean {
  if (level < filter.level) return false
  if (filter.rules.length > 0 && !filter.rules.includes(rule)) return false
  if (filter.words.length === 0) return true
  const found = text()
  return filter.words.every((word) => (word.startsWith('!') ? !found.includes(word.slice(1)) : found.includes(word)))
}
