/**
 * What people read: the title and body of a message about an alert, and the helpers that keep a log's text from meaning anything to the medium.
 * Definitions escape for their medium and cut to its limits; the words are made here.
 */
import type { Alert } from '../alert.ts'
import { parseTimestamp } from '../clock.ts'
import type { Style } from '../define.ts'

/** Wazuh's own words for its levels (the table of its 4.x to 5.0 guide), from which services' scales are mapped. */
export type Severity = 'informational' | 'low' | 'medium' | 'high' | 'critical'

export function severityOf(alert: Alert): Severity {
  const level = levelOf(alert)
  if (level >= 14) return 'critical'
  if (level >= 10) return 'high'
  if (level >= 7) return 'medium'
  return level >= 4 ? 'low' : 'informational'
}

export function levelOf(alert: Alert): number {
  const level = alert.rule?.level
  return typeof level === 'number' && Number.isFinite(level) ? Math.trunc(level) : 0
}

/** One value per severity: `bySeverity(alert, [1, 1, 2, 3, 4])`, from informational to critical. */
export function bySeverity<T>(alert: Alert, [informational, low, medium, high, critical]: readonly [T, T, T, T, T]): T {
  return { informational, low, medium, high, critical }[severityOf(alert)]
}

/** A text that may be missing or not a text at all, as text. Without NUL, which PostgreSQL and so many a service cannot keep. */
export function text(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '') : value
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** One line without control characters; for titles, subjects, headers. */
export function oneLine(value: unknown): string {
  return text(value)
    .replace(/[\x00-\x1f\x7f\u2028\u2029]+/g, ' ')
    .trim()
}

/** At most `most` UTF-16 units, ending in `…` when cut, never within a character. */
export function cut(value: string, most: number): string {
  if (value.length <= most) return value
  let end = Math.max(0, most - 1)
  const last = value.charCodeAt(end - 1)
  if (last >= 0xd800 && last <= 0xdbff) end--
  return `${value.slice(0, end)}…`
}

/** At most `most` bytes of UTF-8, ending in `…` when cut. */
export function cutBytes(value: string, most: number): string {
  const bytes = Buffer.from(value)
  if (bytes.length <= most) return value
  let end = Math.max(0, most - 3)
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return `${bytes.subarray(0, end).toString()}…`
}

/** The start of `value` that `written` makes at most `most` bytes of: escapes can make a text six times as long. */
export function cutWritten(value: string, most: number, written: (kept: string) => string = JSON.stringify): string {
  const fits = (kept: string) => Buffer.byteLength(written(kept)) <= most
  const whole = cutBytes(value, most)
  if (fits(whole)) return whole
  let fitting = 0
  for (let over = most; over - fitting > 8; ) {
    const middle = (fitting + over) >> 1
    if (fits(cutBytes(whole, middle))) fitting = middle
    else over = middle
  }
  return fitting < 4 ? '' : cutBytes(whole, fitting)
}

/**
 * The alert as JSON of at most `most` bytes: its line as it is, or, where that is too long, the same fields with their texts cut. JSON that was cut off
 * itself nobody can read.
 */
export function jsonWithin(alert: Alert, line: string, most: number): string {
  if (Buffer.byteLength(line) <= most) return line
  for (const length of [10_000, 2000, 300, 50]) {
    const json = JSON.stringify(alert, (_, value) =>
      typeof value === 'string' ? cut(value, length) : Array.isArray(value) ? value.slice(0, length) : value,
    )
    if (Buffer.byteLength(json) <= most) return json
  }
  const { timestamp, id, rule, agent } = alert
  const short = (value: unknown) => cut(text(value), 30)
  const ids = { id: short(id), rule: { level: rule?.level, id: short(rule?.id) } }
  const more = { timestamp: short(timestamp), agent: { id: short(agent?.id), name: short(agent?.name) } }
  const least = [{ ...more, ...ids }, ids].map((one) => JSON.stringify(one))
  return least.find((json) => Buffer.byteLength(json) <= most) ?? '{}'
}

interface Words {
  level: string
  agent: string
  rule: string
  groups: string
  source: string
  user: string
  file: string
  location: string
  time: string
  alert: string
}

const words: Record<'en' | 'ru', Words> = {
  en: {
    level: 'Level',
    agent: 'Agent',
    rule: 'Rule',
    groups: 'Groups',
    source: 'Source address',
    user: 'User',
    file: 'File',
    location: 'Location',
    time: 'Time',
    alert: 'Alert',
  },
  ru: {
    level: 'Уровень',
    agent: 'Агент',
    rule: 'Правило',
    groups: 'Группы',
    source: 'Адрес источника',
    user: 'Пользователь',
    file: 'Файл',
    location: 'Журнал',
    time: 'Время',
    alert: 'Оповещение',
  },
}

const wordsOf = ({ language = 'en' }: Style): Words => words[language]

/** `Level 5: sshd: authentication failed (web-01)`. */
export function renderTitle(alert: Alert, style: Style = {}): string {
  const { rule, agent } = alert
  const { level, alert: name } = wordsOf(style)
  const where = oneLine(agent?.name)
  return `${level} ${levelOf(alert)}: ${oneLine(rule?.description) || name.toLowerCase()}${where ? ` (${where})` : ''}`
}

/** The facts of an alert, in the order in which people ask for them. Empty ones are left out. */
export function facts(alert: Alert, style: Style = {}): { name: string; value: string }[] {
  const { rule, agent, data } = alert
  const word = wordsOf(style)
  const list = (value: unknown) => (Array.isArray(value) ? value.map(oneLine).filter(Boolean).join(', ') : '')
  const address = oneLine(agent?.ip)
  const attack = techniques(alert).map(({ id, name }) => (name ? `${id} ${name}` : id))
  const pairs: [string, string][] = [
    [word.agent, agent ? `${oneLine(agent.name) || '?'} (${oneLine(agent.id)}${address ? `, ${address}` : ''})` : ''],
    [word.rule, `${oneLine(rule?.id)} (${word.level.toLowerCase()} ${levelOf(alert)})`],
    [word.groups, list(rule?.groups)],
    [word.source, oneLine(sourceAddress(alert))],
    [word.user, oneLine(data?.dstuser ?? data?.srcuser)],
    [word.file, oneLine(alert.syscheck?.path)],
    ...(style.found ?? []).map(({ name, value }): [string, string] => [name, value]),
    ['ATT&CK', attack.join(', ')],
    [word.location, oneLine(alert.location)],
    [word.time, timeOf(alert, style)],
    [word.alert, oneLine(alert.id)],
  ]
  return pairs.filter(([, value]) => value !== '').map(([name, value]) => ({ name, value }))
}

function timeOf({ timestamp }: Alert, { timezone }: Style): string {
  const at = timezone === undefined ? undefined : parseTimestamp(timestamp)
  if (at === undefined) return oneLine(timestamp)
  // Swedish is how Intl spells ISO 8601.
  return `${new Date(at).toLocaleString('sv-SE', { timeZone: timezone })} ${timezone}`
}

/** The address an alert is about, also where Windows and the clouds keep it. */
export function sourceAddress({ data }: Alert): string | undefined {
  const paths = ['srcip', 'src_ip', 'win.eventdata.ipAddress', 'aws.sourceIPAddress', 'office365.ClientIP']
  for (const path of paths) {
    const found = path
      .split('.')
      .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], data)
    if (typeof found === 'string' && found !== '' && found !== '-') return found
  }
  return undefined
}

export function techniques({ rule }: Alert): { id: string; name: string; url: string }[] {
  const ids = Array.isArray(rule?.mitre?.id) ? rule.mitre.id : []
  const names = Array.isArray(rule?.mitre?.technique) ? rule.mitre.technique : []
  return ids.flatMap((id, n) =>
    typeof id === 'string' && /^T\d{4}(\.\d{3})?$/.test(id)
      ? [{ id, name: oneLine(names[n]), url: `https://attack.mitre.org/techniques/${id.replace('.', '/')}/` }]
      : [],
  )
}

/** The facts, one a line, and the log. Plain text. */
export function renderBody(alert: Alert, style: Style = {}): string {
  const lines = facts(alert, style).map(({ name, value }) => `${name}: ${value}`)
  const log = text(alert.full_log).trim()
  return log === '' ? lines.join('\n') : `${lines.join('\n')}\n\n${log}`
}

// --------------------------------------------------------------------------------------------------------- escaping for a medium

/** For HTML and its relatives (Telegram, Google Chat, Matrix, Slack): with `<` gone nothing can be an element, a link or a mention. */
export function escapeHtml(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** A Markdown code block that the text cannot leave; empty for an empty text. `most` counts the text, without the fence. */
export function codeBlock(value: string, most: number): string {
  return value === '' ? '' : `\`\`\`\n${cut(value.replaceAll('```', "'''"), most)}\n\`\`\``
}

/** Takes the meaning from every character that Markdown knows, and from `@`: a zero-width space after it ends a mention. */
export function escapeMarkdown(value: string): string {
  return value.replace(/[\\`*_{}[\]()#+!|<>~]/g, '\\$&').replaceAll('@', '@\u200b')
}
