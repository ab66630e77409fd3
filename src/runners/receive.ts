import type { Receivers } from '../api/parts.ts'
import type { ReceiverSetting } from '../config.ts'
import type { Receiver, Verdict } from '../define.ts'
import type { Migration, State } from '../durable/state.ts'
import type { Log } from '../log.ts'

/** Ids of deliveries whose events are on disk, so that a sender's repeat is answered and not counted twice. */
export const migrations: Migration[] = [
  {
    name: 'receivers-1',
    sql: `CREATE TABLE webhook_delivery (receiver TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (receiver, id)) STRICT, WITHOUT ROWID;
          CREATE INDEX webhook_delivery_at ON webhook_delivery (at)`,
  },
]

// Longer than any vendor that we receive from repeats a delivery (SNS and Event Grid: 7 days).
const remember_ms = 8 * 24 * 3600 * 1000

/** Events above this would be dropped by Wazuh's log collector (65,278 bytes), so a receiver beside one must not write them. */
const max_line_bytes = 60_000

/**
 * Hosts the receivers: judges a delivery, appends its events to the receiver's file and answers only when they are on disk.
 *
 * A crash between the file and the id's row makes a repeat count twice; the other order could lose the events.
 *
 * @param append resolves when the lines are on disk; rejects when they cannot be kept (disk full)
 */
export function createReceivers(parts: {
  receivers: { setting: ReceiverSetting; definition: Receiver }[]
  append(file: string, lines: string[]): Promise<void>
  state: State
  now(): number
  log: Log
  onReceived?(name: string, events: number): void
}): Receivers {
  const { receivers, append, state, now, log } = parts
  const seen = state.db.prepare('SELECT 1 FROM webhook_delivery WHERE receiver = ? AND id = ?')
  const remember = state.db.prepare('INSERT OR IGNORE INTO webhook_delivery (receiver, id, at) VALUES (?, ?, ?)')
  const forget = state.db.prepare('DELETE FROM webhook_delivery WHERE at < ?')
  let last_forgot = 0
  // Two copies of one delivery at the same time: the second waits for the first instead of being written too.
  const underWay = new Map<string, Promise<boolean>>()

  return {
    find(path) {
      const found = receivers.find(({ setting }) => setting.path === path)
      return found && { name: found.setting.name, max_body: found.setting.max_body }
    },

    async receive(name, delivery): Promise<Verdict | { kind: 'unavailable'; reason: string }> {
      const { setting, definition } = receivers.find((receiver) => receiver.setting.name === name)!
      const verdict = definition.receive(delivery, setting.options)
      if (verdict.kind === 'refused') {
        log.warn('webhook refused', { receiver: name, status: verdict.status, reason: verdict.reason })
        return verdict
      }
      const { id, events } = verdict
      if (id !== undefined) {
        const first = underWay.get(`${name} ${id}`)
        if ((first && (await first)) || seen.get(name, id)) return verdict
      }
      const kept = keep(name, setting.file, id, events)
      if (id !== undefined) {
        underWay.set(`${name} ${id}`, kept)
        void kept.finally(() => underWay.delete(`${name} ${id}`))
      }
      return (await kept) ? verdict : { kind: 'unavailable', reason: 'the event could not be written to disk' }
    },
  }

  async function keep(name: string, file: string, id: string | undefined, events: Record<string, unknown>[]) {
    try {
      if (events.length > 0)
        await append(
          file,
          events.map((event) => toLine(name, event)),
        )
    } catch (error) {
      log.error('webhook not kept', { receiver: name, file, reason: (error as Error).message })
      return false
    }
    parts.onReceived?.(name, events.length)
    if (id !== undefined) rememberId(name, id)
    return true
  }

  function rememberId(name: string, id: string): void {
    try {
      state.transaction(() => {
        remember.run(name, id, now())
        if (now() - last_forgot <= 3600_000) return
        last_forgot = now()
        forget.run(now() - remember_ms)
      })
    } catch (error) {
      // The events are safe, and to refuse them now would bring them a second time for sure.
      log.warn('the id of a webhook could not be kept; if it is sent again, its events count twice', {
        receiver: name,
        id,
        reason: (error as Error).message,
      })
    }
  }

  function toLine(receiver: string, event: Record<string, unknown>): string {
    const line = JSON.stringify(event)
    if (Buffer.byteLength(line) <= max_line_bytes) return line
    log.warn('webhook event shortened: its longest values are left out', { receiver, bytes: Buffer.byteLength(line) })
    const kept = { ...event }
    const bySize = Object.keys(event).sort(
      (a, b) => JSON.stringify(event[b])!.length - JSON.stringify(event[a])!.length,
    )
    for (const key of bySize) {
      delete kept[key]
      kept.truncated = true
      if (Buffer.byteLength(JSON.stringify(kept)) <= max_line_bytes) break
    }
    return JSON.stringify(kept)
  }
}
