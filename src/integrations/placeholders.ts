/** Topics, subjects and keys that differ by alert: `wazuh/{agent}/{severity}`. */
import * as z from 'zod/mini'
import type { Alert } from '../alert.ts'
import { parseTimestamp } from '../clock.ts'
import { levelOf, oneLine, severityOf } from './message.ts'

const all = ['agent', 'rule', 'level', 'severity', 'year', 'month', 'day', 'hour'] as const
type Name = (typeof all)[number]

/** For the description of an option. */
export const placeholderWords = `${all.map((name) => `{${name}}`).join(', ')} stand for what the alert says`

/**
 * @param characters what may stand between them, as the inside of a character class
 * @param wrong the same, for people
 */
export const withPlaceholders = (characters: string, wrong: string, names: readonly Name[] = all) =>
  z
    .string()
    .check(
      z.regex(
        new RegExp(`^(?:[${characters}]|\\{(?:${names.join('|')})\\})+$`),
        `${wrong}, and in braces only ${names.map((name) => `{${name}}`).join(', ')}`,
      ),
    )

/** Values are letters, digits, `_` and `-`, so that none can add a level, a wildcard or a step up. Times are in UTC. */
export function fillPlaceholders(template: string, alert: Alert, now: number): string {
  if (!template.includes('{')) return template
  const time = new Date(parseTimestamp(alert.timestamp) ?? now).toISOString()
  const values: Record<Name, unknown> = {
    agent: alert.agent?.name,
    rule: alert.rule?.id,
    level: levelOf(alert),
    severity: severityOf(alert),
    year: time.slice(0, 4),
    month: time.slice(5, 7),
    day: time.slice(8, 10),
    hour: time.slice(11, 13),
  }
  return template.replace(
    /\{(\w+)\}/g,
    (_, name: Name) =>
      oneLine(values[name])
        .replace(/[^A-Za-z0-9_-]/g, '_')
        .slice(0, 100) || '_',
  )
}
