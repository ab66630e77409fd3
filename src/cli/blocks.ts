import type { Allowed, AuditEntry, Block, PastBlock } from '../api/parts.ts'
import { UserError } from '../problem.ts'
import { toSeconds } from '../settings-schema.ts'
import { toTime } from './alerts.ts'
import { call, you } from './client.ts'
import { print, printList, relative, table } from './output.ts'

interface Options {
  home: string
  reason: string
}

export async function list({ home, json }: { home: string; json?: boolean }): Promise<void> {
  const { blocks } = await call<{ blocks: Block[] }>(home, 'GET', 'blocks')
  printList(blocks, {
    json,
    none: 'nothing is blocked',
    columns: {
      ID: ({ id }) => id,
      RESPONSE: ({ response }) => response,
      KEY: on,
      STATE: ({ asks, dry_run, state }) => (asks ? 'to approve' : dry_run ? `${state} (dry run)` : state),
      SINCE: ({ since }, now) => relative(since, now),
      ENDS: endOf,
      WHY: whyOf,
    },
  })
}

function whyOf({ why, reason }: { why: string; reason?: string }): string {
  return reason ? `${why} — ${reason}` : why
}

/** One that waits for a person begins when it is approved. */
function endOf({ asks, until }: Block, now: number): string {
  if (asks) return `answer ${relative(asks.until, now)}`
  return until === undefined ? 'for ever' : relative(until, now)
}

/** What is blocked, and where that is not here. */
function on({ key, host }: { key: string; host?: string }): string {
  return host === undefined ? key : `${key} on ${host}`
}

export async function add(
  response: string,
  key: string,
  options: Options & { seconds: number; host?: string },
): Promise<void> {
  const { home, seconds, reason, host } = options
  const { id } = await call<{ id: string }>(home, 'POST', 'blocks', { response, key, seconds, host, reason, by: you() })
  print(`${response} ${on({ key, host })}: block ${id}`)
}

export async function extend(id: string, { home, seconds, reason }: Options & { seconds: number }): Promise<void> {
  const path = `blocks/${encodeURIComponent(id)}/extend`
  const { until } = await call<{ until: number }>(home, 'POST', path, { seconds, reason, by: you() })
  print(`block ${id} now ends ${relative(until, Date.now())}`)
}

export async function remove(id: string, { home, reason }: Options): Promise<void> {
  await call(home, 'DELETE', `blocks/${encodeURIComponent(id)}`, { reason, by: you() })
  print(`block ${id} is being undone`)
}

/** @param id undefined with `all` */
export async function answer(
  id: string | undefined,
  { home, reason, approve, all = false }: Options & { approve: boolean; all?: boolean },
): Promise<void> {
  if ((id === undefined) !== all) throw new UserError('name one block, or all of them', 'give its id, or --all')
  if (id === undefined) {
    const { count } = await call<{ count: number }>(home, 'POST', 'blocks/answer', { approve, reason, by: you() })
    return print(`blocks ${approve ? 'approved' : 'refused'}: ${count}`)
  }
  await call(home, 'POST', `blocks/${encodeURIComponent(id)}/answer`, { approve, reason, by: you() })
  print(`block ${id} is ${approve ? 'approved' : 'refused'}`)
}

interface Looking {
  home: string
  limit: number
  json?: boolean
}

export async function history({ home, limit, json }: Looking): Promise<void> {
  const { history } = await call<{ history: PastBlock[] }>(home, 'GET', `blocks/history?limit=${limit}`)
  printList(history, {
    json,
    none: 'nothing is over yet',
    columns: {
      ID: ({ id }) => id,
      RESPONSE: ({ response }) => response,
      KEY: on,
      STATE: ({ state, guard }) => (guard ? `${state} (${guard})` : state),
      SINCE: ({ since }, now) => relative(since, now),
      ENDED: ({ ended }, now) => (ended === undefined ? '' : relative(ended, now)),
      WHY: whyOf,
    },
  })
}

/** What was done, would have been done, and was refused, by response and reason: enough to decide whether to switch it on. */
export async function report({ home, since, json }: { home: string; since: string; json?: boolean }): Promise<void> {
  const now = Date.now()
  const from = toTime(since, now)
  const { history } = await call<{ history: PastBlock[] }>(home, 'GET', `blocks/history?limit=${most}`)
  const { blocks } = await call<{ blocks: Block[] }>(home, 'GET', 'blocks')
  const current = blocks.filter(({ dry_run, state }) => !dry_run && state !== 'failed')
  const all = [...history, ...current.map((block) => ({ ...block, hits: 1, guard: undefined }))]
  const rows = summarize(all.filter((block) => block.since >= from))
  if (json) return print(JSON.stringify({ since: from, rows }))
  if (rows.length === 0) return print('nothing was done, would have been done, or was refused')
  const cells = rows.map(({ what, response, by, targets, times, examples }) => [
    ...[what, response, by, String(targets), String(times)],
    examples.join(', '),
  ])
  print(table(['WHAT', 'RESPONSE', 'BY', 'TARGETS', 'TIMES', 'SUCH AS'], cells))
  if (history.length === most) print(`only the newest ${most} were looked at`)
}

/** As many as the API gives. */
const most = 5000

interface Summary {
  /** `done`, `would have been done`, `refused (gateway)`, `failed`. */
  what: string
  response: string
  by: string
  targets: number
  times: number
  examples: string[]
}

/** Groups what is alike; the largest groups first. */
export function summarize(
  blocks: readonly Pick<PastBlock, 'response' | 'key' | 'state' | 'guard' | 'by' | 'hits'>[],
): Summary[] {
  const groups = new Map<string, Summary & { keys: Set<string> }>()
  for (const { response, key, state, guard, by, hits } of blocks) {
    const known: Partial<Record<typeof state, string>> = {
      'dry run': 'would have been done',
      refused: `refused (${guard})`,
      failed: 'failed',
    }
    const what = known[state] ?? 'done'
    const id = JSON.stringify([what, response, by])
    const group = groups.get(id) ?? { what, response, by, targets: 0, times: 0, examples: [], keys: new Set() }
    groups.set(id, group)
    group.keys.add(key)
    group.times += hits
  }
  return [...groups.values()]
    .map(({ keys, ...group }) => ({ ...group, targets: keys.size, examples: [...keys].slice(0, 3) }))
    .sort((a, b) => b.targets - a.targets || b.times - a.times)
}

export async function audit({ home, limit, json }: Looking): Promise<void> {
  const { audit } = await call<{ audit: AuditEntry[] }>(home, 'GET', `blocks/audit?limit=${limit}`)
  printList(audit, {
    json,
    none: 'nobody has changed anything by hand',
    columns: {
      WHEN: ({ at }, now) => relative(at, now),
      BY: ({ by }) => by,
      WHAT: ({ what }) => what,
      KEY: ({ target }) => target,
      ID: ({ lease }) => lease ?? '',
      REASON: ({ reason }) => reason,
    },
  })
}

export async function allowed({ home, json }: { home: string; json?: boolean }): Promise<void> {
  const { allowed } = await call<{ allowed: Allowed[] }>(home, 'GET', 'allowed')
  printList(allowed, {
    json,
    none: 'nothing was allowed by hand',
    columns: {
      KEY: ({ entry }) => entry,
      SINCE: ({ since }, now) => relative(since, now),
      ENDS: ({ until }, now) => (until === undefined ? 'for ever' : relative(until, now)),
      BY: ({ by }) => by,
      REASON: ({ reason }) => reason,
    },
  })
}

export async function allow(entry: string, options: Options & { for?: string; until?: string }): Promise<void> {
  const { home, reason } = options
  const seconds = secondsOf(options, Date.now())
  const { undone } = await call<{ undone: number }>(home, 'POST', 'allowed', { entry, seconds, reason, by: you() })
  const end = seconds === 0 ? 'for ever' : `until ${new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19)}Z`
  print(`${entry} is allowed ${end}; blocks being undone: ${undone}`)
}

export async function disallow(entry: string, { home, reason }: Options): Promise<void> {
  await call(home, 'DELETE', `allowed/${encodeURIComponent(entry)}`, { reason, by: you() })
  print(`${entry} is no longer allowed`)
}

/** How long an entry is allowed; 0 is for ever. */
export function secondsOf({ for: time, until }: { for?: string; until?: string }, now: number): number {
  if (time !== undefined && until !== undefined)
    throw new UserError('--for and --until contradict each other', 'give one of the two')
  if (time !== undefined) {
    if (!/^[1-9]\d*[smhdw]?$/.test(time)) throw new UserError(`"${time}" is no duration`, 'write 90m, 2h or 7d')
    return toSeconds(time)
  }
  if (until === undefined) return 0
  const end = Date.parse(until)
  if (Number.isNaN(end)) throw new UserError(`"${until}" is no time`, 'write a date such as 2026-01-31T18:00')
  if (end <= now) throw new UserError(`"${until}" is over`, 'give a time to come, or --for 2h')
  return Math.ceil((end - now) / 1000)
}
