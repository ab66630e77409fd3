/** Events about Outrider itself, so that a destination that takes nothing or a block that does not end is an alert like any other. Rules: ruleset/rules/zz-outrider_json_rules.xml. */
import { toBytes } from '../alert.ts'
import type { DestinationStatus } from '../delivery/types.ts'
import type { Log } from '../log.ts'
import type { Block } from '../responses/block.ts'

/** A destination counts as failing when it is paused, or when something has waited for it this long. */
const patience_ms = 60_000
/** An undo this late is an event. */
const overdue_ms = 30_000
/** Events about approvals within a minute; what is more stands in the log and in the console. */
const most_approvals = 10

export interface Health {
  started(): void
  wodleFailed(tag: string, reason: string): void
  /** A block waits for a person; with the link to answer it. Nobody reads more than a few of these a minute. */
  approvalWanted(block: Block, approve_url: string): void
  /** Looks at destinations, and at blocks whose end has come; to be called every few seconds. */
  look(destinations: DestinationStatus[], blocks: Block[]): void
}

export function createHealth(parts: {
  append(lines: string[]): Promise<void>
  hostname: string
  now(): number
  log: Log
}): Health {
  const { append, hostname, now, log } = parts
  const failing = new Set<string>()
  const overdue = new Set<string>()
  let asked: number[] = []

  function tell(event: string, fields: Record<string, unknown>): void {
    const line = toBytes(JSON.stringify({ outrider: { event, host: hostname, ...fields } }))
    append([line]).catch((error: Error) => log.error(`health event "${event}" not kept: ${error.message}`))
  }

  return {
    started: () => tell('started', {}),
    wodleFailed: (tag, reason) => tell('wodle_failed', { tag, reason }),
    approvalWanted({ response, key, host, why, reason, alert, asks }, approve_url) {
      asked = asked.filter((at) => now() - at < 60_000)
      if (asked.length >= most_approvals) return
      asked.push(now())
      const until = asks && new Date(asks.until).toISOString()
      tell('approval_wanted', { response, key, on: host, why, reason, alert, until, approve_url })
    },
    look(destinations, blocks) {
      for (const { name, state, waiting_since, reason } of destinations) {
        const isFailing = state === 'paused' || (waiting_since !== undefined && now() - waiting_since > patience_ms)
        if (isFailing === failing.has(name)) continue
        if (isFailing) failing.add(name)
        else failing.delete(name)
        tell(isFailing ? 'destination_failing' : 'destination_recovered', {
          destination: name,
          reason: isFailing ? reason : undefined,
        })
      }
      for (const { id, key, host, response, until, reason } of blocks) {
        const isOverdue = until !== undefined && now() - until > overdue_ms
        if (!isOverdue || overdue.has(id)) continue
        overdue.add(id)
        tell('undo_overdue', { key, on: host, response, reason })
      }
      for (const id of overdue) if (!blocks.some((block) => block.id === id)) overdue.delete(id)
    },
  }
}
