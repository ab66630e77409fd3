import type { Silence, SilenceAudit } from '../api/parts.ts'
import { UserError } from '../problem.ts'
import { toSeconds } from '../settings-schema.ts'
import { call, you } from './client.ts'
import { print, printList, relative, timeText } from './output.ts'

export async function list({ home, all, json }: { home: string; all?: boolean; json?: boolean }): Promise<void> {
  const { silences } = await call<{ silences: Silence[] }>(home, 'GET', `silences${all ? '?all' : ''}`)
  printList(silences, {
    json,
    none: all ? 'there was no silence yet' : 'nothing is silenced',
    columns: {
      ID: ({ id }) => id,
      WHAT: ({ what }) => what,
      STATE: ({ state }) => state,
      BEGAN: ({ since }, now) => relative(since, now),
      ENDS: ({ until }, now) => relative(until, now),
      'HELD BACK': ({ held }) => heldWords(held),
      BY: ({ by }) => by,
      REASON: ({ reason, ended_by, ended_why }) =>
        ended_by === undefined ? reason : `${reason} — ended by ${ended_by}: ${ended_why}`,
    },
  })
}

interface Adding {
  home: string
  where?: string
  rule?: string
  agent?: string
  source?: string
  destination: string[]
  for?: string
  until?: string
  from?: string
  reason: string
  by?: string
  json?: boolean
}

export async function add(options: Adding): Promise<void> {
  const { home, where, rule, agent, source, destination, reason, by, json } = options
  const now = Date.now()
  const { since, seconds } = timeOf(options, now)
  const silence = await call<Silence & { fits: number; of: number }>(home, 'POST', 'silences', {
    ...(where !== undefined && { where }),
    ...(rule !== undefined && { rules: listOf('--rule', rule) }),
    ...(agent !== undefined && { agents: listOf('--agent', agent) }),
    ...(source !== undefined && { sources: listOf('--source', source) }),
    ...(destination.length > 0 && { destinations: destination }),
    ...(since !== undefined && { since }),
    seconds,
    reason,
    by: by ?? you(),
  })
  if (json) return print(JSON.stringify(silence))
  const begins = silence.state === 'planned' ? `from ${timeText(silence.since)} ` : ''
  print(`silence ${silence.id}: ${silence.what}, ${begins}until ${timeText(silence.until)}`)
  const { fits, of } = silence
  // A few alerts say nothing.
  if (fits > 0 || of >= 10)
    print(fits === 0 ? `none of the newest ${of} alerts fits it` : `it fits ${fits} of the newest ${of} alerts`)
  print('destinations are not told of these alerts; they stay in alerts.json, and responses are not affected')
}

export async function end(id: string, options: { home: string; reason: string; by?: string }): Promise<void> {
  const { home, reason, by } = options
  const { held } = await call<Silence>(home, 'DELETE', `silences/${encodeURIComponent(id)}`, {
    reason,
    by: by ?? you(),
  })
  print(`silence ${id} is over: it held back ${heldWords(held)}`)
}

export async function audit(options: { home: string; limit: number; json?: boolean }): Promise<void> {
  const { home, limit, json } = options
  const { audit } = await call<{ audit: SilenceAudit[] }>(home, 'GET', `silences/audit?limit=${limit}`)
  printList(audit, {
    json,
    none: 'nobody has silenced anything',
    columns: {
      WHEN: ({ at }, now) => relative(at, now),
      BY: ({ by }) => by,
      WHAT: ({ what }) => what,
      ID: ({ silence }) => silence,
      SILENCE: ({ match }) => match,
      REASON: ({ reason }) => reason,
    },
  })
}

function heldWords(held: Record<string, number>): string {
  const parts = Object.entries(held)
  if (parts.length === 0) return 'nothing'
  const total = parts.reduce((sum, [, count]) => sum + count, 0)
  return `${total} (${parts.map(([name, count]) => `${name} ${count}`).join(', ')})`
}

function listOf(option: string, text: string): string[] {
  const values = text.split(',').map((value) => value.trim())
  if (values.includes(''))
    throw new UserError(`${option}: "${text}" is no list`, 'write values with commas between them')
  return values
}

/** When a silence begins (undefined: now), and how long it lasts. An end is required: one that is forgotten would hold back for ever. */
export function timeOf(
  options: Pick<Adding, 'for' | 'until' | 'from'>,
  now: number,
): { since?: number; seconds: number } {
  const { for: time, until, from } = options
  if ((time === undefined) === (until === undefined))
    throw new UserError(
      time === undefined ? 'a silence needs an end' : '--for and --until contradict each other',
      'give --for 2h, or --until with a date and time',
    )
  const since = from === undefined ? undefined : moment('--from', from, now)
  if (time !== undefined) {
    if (!/^[1-9]\d*[smhdw]?$/.test(time)) throw new UserError(`--for: "${time}" is no duration`, 'write 90m, 2h or 7d')
    return { since, seconds: toSeconds(time) }
  }
  const end = moment('--until', until!, now)
  const begin = since ?? now
  if (end <= begin) throw new UserError(`--until: "${until}" is before the beginning, "${from}"`, 'swap the two')
  return { since, seconds: Math.ceil((end - begin) / 1000) }
}

function moment(option: string, text: string, now: number): number {
  const at = Date.parse(text)
  if (Number.isNaN(at))
    throw new UserError(
      `${option}: "${text}" is no time`,
      'write a date such as 2026-01-31T18:00, in the time of this machine',
    )
  if (at <= now) throw new UserError(`${option}: "${text}" is over`, 'give a time to come')
  return at
}
