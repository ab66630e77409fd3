/** Active responses beside a real Wazuh: alerts are followed in alerts.json, and what they ask for is recorded in the transaction that moves the cursor. */

import { type FileCursor, follow } from '../durable/follow.ts'
import type { Notices } from '../durable/notices.ts'
import type { State } from '../durable/state.ts'
import type { Log } from '../log.ts'
import type { Responder } from '../responses/types.ts'
import { alertsHistory, max_alert_bytes, parseAlert } from '../wazuh/alerts-days.ts'

/** Follows until the signal comes. `seen` gets every line, for those who look on. */
export async function followForResponses(parts: {
  alerts_file: string
  state: State
  responder: Responder
  log: Log
  notices: Notices
  signal: AbortSignal
  seen(lines: string[]): void
}): Promise<void> {
  const { alerts_file, state, responder, log, signal } = parts
  const cursor = state.cursor<FileCursor>('responses')
  const follower = follow({
    path: alerts_file,
    cursor: cursor.get(),
    // A block for what happened before we were there would surprise everyone.
    from: 'end',
    history: alertsHistory(alerts_file),
    max_line_bytes: max_alert_bytes,
    report: (notice) => {
      const { message, file, offset, kind } = notice
      if (kind === 'rotated') log.debug(message, { file, offset })
      else if (parts.notices.isNews('responses', notice)) log.warn(message, { file, offset })
    },
  })
  try {
    for (let batch = await follower.next(signal); batch; batch = await follower.next(signal)) {
      const { lines } = batch
      const intents = lines.flatMap((json) => {
        const alert = parseAlert(json)
        return alert ? responder.plan(alert, { json }).intents : []
      })
      state.transaction(
        () => {
          responder.record(intents)
          cursor.set(batch.cursor)
        },
        intents.length > 0 ? 'full' : 'lazy',
      )
      if (intents.length > 0) responder.kick()
      if (lines.length > 0) parts.seen(lines)
    }
  } finally {
    await follower.close()
  }
}
