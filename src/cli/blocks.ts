import { userInfo } from 'node:os'
import type { Block } from '../api/parts.ts'
import { call } from './client.ts'
import { print, relative, table } from './output.ts'

interface Options {
  home: string
  reason: string
}

const by = () => `cli:${userInfo().username}`

export async function list({ home, json }: { home: string; json?: boolean }): Promise<void> {
  const { blocks } = await call<{ blocks: Block[] }>(home, 'GET', 'blocks')
  if (json) return print(JSON.stringify(blocks))
  if (blocks.length === 0) return print('nothing is blocked')
  const now = Date.now()
  const rows = blocks.map((block) => [
    block.id,
    block.response,
    block.key,
    block.dry_run ? `${block.state} (dry run)` : block.state,
    relative(block.since, now),
    block.until === undefined ? 'for ever' : relative(block.until, now),
    block.reason ? `${block.why} — ${block.reason}` : block.why,
  ])
  print(table(['ID', 'RESPONSE', 'KEY', 'STATE', 'SINCE', 'ENDS', 'WHY'], rows))
}

export async function add(response: string, key: string, options: Options & { seconds: number }): Promise<void> {
  const { home, seconds, reason } = options
  const { id } = await call<{ id: string }>(home, 'POST', 'blocks', { response, key, seconds, reason, by: by() })
  print(`${response} ${key}: block ${id}`)
}

export async function extend(id: string, { home, seconds, reason }: Options & { seconds: number }): Promise<void> {
  const path = `blocks/${encodeURIComponent(id)}/extend`
  const { until } = await call<{ until: number }>(home, 'POST', path, { seconds, reason, by: by() })
  print(`block ${id} now ends ${relative(until, Date.now())}`)
}

export async function remove(id: string, { home, reason }: Options): Promise<void> {
  await call(home, 'DELETE', `blocks/${encodeURIComponent(id)}`, { reason, by: by() })
  print(`block ${id} is being undone`)
}
