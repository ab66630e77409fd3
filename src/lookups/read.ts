/** What the definitions share for reading answers and making events. */
import type { Alert } from '../alert.ts'
import { text } from '../integrations/message.ts'

type Json = Record<string, unknown>

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The object at a dotted path; empty when there is none. */
export function objectAt(value: unknown, path: string): Json {
  const found = valueAt(value, path)
  return isObject(found) ? found : {}
}

export function listAt(value: unknown, path: string): unknown[] {
  const found = valueAt(value, path)
  return Array.isArray(found) ? found : []
}

export function valueAt(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined), value)
}

export function numberAt(value: unknown, path: string): number {
  const found = valueAt(value, path)
  return typeof found === 'number' && Number.isFinite(found) ? found : 0
}

/** Distinct texts, of objects those of one member: names of things that the service lists. */
export function names(list: unknown[], member = 'name', most = 20): string[] {
  const found = list.map((item) => (isObject(item) ? item[member] : item))
  return [...new Set(found.filter((item): item is string => typeof item === 'string' && item !== ''))].slice(0, most)
}

/** The first few texts of a list, for people. */
export function few(list: unknown, most = 3): string {
  return Array.isArray(list) ? list.slice(0, most).map(text).join(', ') : ''
}

export function lastSeen(time: unknown, language: 'en' | 'ru'): string {
  const day = text(time).slice(0, 10)
  return day === '' ? '' : `${language === 'ru' ? 'замечен' : 'last seen'} ${day}`
}

/** Without members that say nothing: missing ones, null, empty texts and empty lists. */
export function withoutEmpty(fields: Json): Json {
  const says = (value: unknown) =>
    value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => says(value)))
}

/** Where the question came from, as Wazuh's own look-ups tell it; for rules, and for finding the alert. */
export function sourceOf(alert: Alert, more: Json): Json {
  return withoutEmpty({ alert_id: text(alert.id), rule: text(alert.rule?.id), ...more })
}

/** `2024-01-15 10:30:45` of seconds since 1970, in UTC; undefined for anything else. */
export function dateOf(seconds: unknown): string | undefined {
  if (typeof seconds !== 'number' || !(Math.abs(seconds) < 1e11)) return undefined
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')
}
