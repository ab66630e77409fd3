/** What a summary counts of its alerts, and the message that it becomes: an alert of our own making, so that every destination can take it. */
import { type Alert, toBytes } from '../alert.ts'
import { parseTimestamp } from '../clock.ts'
import type { Style } from '../define.ts'
import { levelOf, oneLine, sourceAddress } from '../integrations/message.ts'
import { spanWords } from './words.ts'

/** Plain data, for state.db. */
export interface Tally {
  alerts: number
  rules: Record<string, { level: number; description: string; count: number }>
  agents: Record<string, number>
  levels: Record<string, number>
  /** The gravest, of those the first. */
  top: TopAlert[]
}

interface TopAlert {
  id: string
  timestamp: string
  level: number
  rule: string
  description: string
  agent: string
  source: string
}

/** An attacker may choose what is counted; beyond so many of a kind the rest are one. */
const most_kinds = 200
const most_top = 10
const most_listed = 20
const others = '…'

export const emptyTally = (): Tally => ({ alerts: 0, rules: {}, agents: {}, levels: {}, top: [] })

export function count(tally: Tally, alert: Alert): void {
  const { rule, agent } = alert
  const level = levelOf(alert)
  tally.alerts++
  const id = keyIn(tally.rules, oneLine(rule?.id) || '?')
  const description = id === others ? '' : oneLine(rule?.description).slice(0, 200)
  if (!Object.hasOwn(tally.rules, id)) tally.rules[id] = { level, description, count: 0 }
  const entry = tally.rules[id]!
  entry.count++
  entry.level = Math.max(entry.level, level)
  const name = keyIn(tally.agents, oneLine(agent?.name) || oneLine(agent?.id) || '?')
  // Agents choose their names, and every object knows a "constructor".
  tally.agents[name] = (Object.hasOwn(tally.agents, name) ? tally.agents[name]! : 0) + 1
  tally.levels[level] = (tally.levels[level] ?? 0) + 1
  const last = tally.top.at(-1)
  if (tally.top.length >= most_top && last && last.level >= level) return
  tally.top.push({
    id: oneLine(alert.id),
    timestamp: oneLine(alert.timestamp),
    level,
    rule: oneLine(rule?.id),
    description: oneLine(rule?.description).slice(0, 200),
    agent: oneLine(agent?.name).slice(0, 100),
    source: oneLine(sourceAddress(alert)).slice(0, 100),
  })
  // Stable: of the same level the first stay first.
  tally.top.sort((a, b) => b.level - a.level)
  tally.top.length = Math.min(tally.top.length, most_top)
}

function keyIn(counts: Record<string, unknown>, key: string): string {
  const name = key.slice(0, 200)
  if (Object.hasOwn(counts, name)) return name
  return Object.keys(counts).length >= most_kinds || name === '__proto__' ? others : name
}

export interface SummaryFacts {
  kind: 'digest' | 'storm' | 'storm begins' | 'storm is over'
  tally: Tally
  /** Milliseconds since 1970. */
  from: number
  to: number
  /** For storms: more than so many messages in so many seconds. */
  storm?: { alerts: number; within: number }
}

/** The line of the alert that tells of it, a byte string. */
export function summaryLine(facts: SummaryFacts, style: Style): string {
  const { tally, from, to } = facts
  const level = Math.max(0, ...Object.keys(tally.levels).map(Number))
  const alert: Alert = {
    timestamp: new Date(to).toISOString().replace('Z', '+0000'),
    rule: { level, description: titleOf(facts, level, style), id: 'summary', groups: ['outrider', 'summary'] },
    id: `${Math.floor(to / 1000)}.${to % 1000}`,
    full_log: bodyOf(facts, style),
    location: 'outrider',
    data: {
      summary: {
        kind: facts.kind,
        alerts: String(tally.alerts),
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
        rules: sorted(tally.rules, ({ count }) => count).map(([id, { level, description, count }]) => ({
          id,
          level: String(level),
          description,
          count: String(count),
        })),
        agents: sorted(tally.agents, Number).map(([name, count]) => ({ name, count: String(count) })),
      },
    },
  }
  return toBytes(JSON.stringify(alert))
}

function titleOf({ kind, tally, from, to, storm }: SummaryFacts, level: number, { language }: Style): string {
  const isRussian = language === 'ru'
  const span = spanWords((to - from) / 1000, language)
  const limit = storm ? spanWords(storm.within, language) : ''
  const upTo = tally.alerts === 0 ? '' : isRussian ? `, уровень до ${level}` : `, up to level ${level}`
  const told = isRussian
    ? `оповещений ${tally.alerts} за ${span}${upTo}`
    : `${tally.alerts} ${tally.alerts === 1 ? 'alert' : 'alerts'} in ${span}${upTo}`
  switch (kind) {
    case 'digest':
      return isRussian ? `Сводка: ${told}` : `Summary: ${told}`
    case 'storm':
      return isRussian ? `Шквал: ${told}` : `Storm: ${told}`
    case 'storm begins':
      return isRussian
        ? `Шквал: больше ${storm?.alerts} сообщений за ${limit}`
        : `Storm: more than ${storm?.alerts} messages in ${limit}`
    case 'storm is over':
      return isRussian ? `Шквал закончился: ${told}` : `Storm is over: ${told}`
  }
}

function bodyOf({ kind, tally, storm, from, to }: SummaryFacts, style: Style): string {
  const isRussian = style.language === 'ru'
  const every = storm ? spanWords(storm.within, style.language) : ''
  const parts: string[] = []
  if (kind === 'storm begins')
    parts.push(
      isRussian
        ? `Пока не станет спокойно, вместо отдельных сообщений приходит сводка каждые ${every}.`
        : `Until it is calm, there is a summary every ${every} instead of single messages.`,
    )
  if (kind === 'storm is over')
    parts.push(
      isRussian ? 'Снова спокойно: оповещения приходят по одному.' : 'It is calm again: alerts are sent one by one.',
    )
  if (kind === 'storm begins' || tally.alerts === 0) return parts.join('\n\n')
  const [begin, end] = [timeText(from, style), timeText(to, style)]
  parts.push(isRussian ? `С ${begin} по ${end}` : `From ${begin} to ${end}`)
  const [rules, agents, levels, top] = isRussian
    ? ['Правила', 'Агенты', 'Уровни', 'Самое важное']
    : ['Rules', 'Agents', 'Levels', 'Most important']
  const byCount = sorted(tally.rules, (rule) => rule.count)
  parts.push(
    section(
      rules!,
      byCount.map(([id, rule]) => `${rule.count} × ${id} (${rule.level}) ${rule.description}`.trim()),
      isRussian,
    ),
    section(
      agents!,
      sorted(tally.agents, Number).map(([name, count]) => `${count} × ${name}`),
      isRussian,
    ),
    section(
      levels!,
      sorted(tally.levels, (_, level) => Number(level)).map(([level, count]) => `${count} × ${level}`),
      isRussian,
    ),
    section(
      top!,
      tally.top.map((one) => topLine(one, style)),
      isRussian,
    ),
  )
  return parts.join('\n\n')
}

function section(title: string, lines: string[], isRussian: boolean): string {
  const shown = lines.slice(0, most_listed)
  const left = lines.length - shown.length
  if (left > 0) shown.push(isRussian ? `… и ещё ${left}` : `… and ${left} more`)
  return [`${title}:`, ...shown.map((line) => `  ${line}`)].join('\n')
}

function topLine({ id, timestamp, level, rule, description, agent, source }: TopAlert, { timezone }: Style): string {
  const at = timezone === undefined ? undefined : parseTimestamp(timestamp)
  const time = at === undefined ? timestamp : localTime(at, timezone)
  return [time, `(${level})`, rule, description, agent && `· ${agent}`, source && `· ${source}`, id && `· ${id}`]
    .filter(Boolean)
    .join(' ')
}

/** In the time zone of messages, or else of this machine. */
function timeText(at: number, { timezone }: Style): string {
  return timezone === undefined ? localTime(at, undefined) : `${localTime(at, timezone)} ${timezone}`
}

/** Swedish is how Intl spells ISO 8601. */
const localTime = (at: number, timeZone: string | undefined): string =>
  new Date(at).toLocaleString('sv-SE', { timeZone })

/** Largest first. */
function sorted<T>(counts: Record<string, T>, size: (value: T, key: string) => number): [string, T][] {
  return Object.entries(counts).sort(([a, left], [b, right]) => size(right, b) - size(left, a))
}
