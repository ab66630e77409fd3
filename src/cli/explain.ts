/** `outrider alerts explain`: where one alert went, and why. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Explanation, explainAlert } from '../delivery/trial.ts'
import { openState } from '../durable/state.ts'
import { UserError } from '../problem.ts'
import { definitions } from '../runners/definitions.ts'
import { migrations } from '../runners/migrations.ts'
import { loadConfig } from '../settings.ts'
import { alertsHistory, parseAlert } from '../wazuh/alerts-days.ts'
import { oneLine } from './alerts.ts'
import { makeVisible, print, table, timeText } from './output.ts'

const fates: Record<string, string> = {
  unwanted: 'not sent',
  waiting: 'waits',
  rejected: 'rejected',
  silenced: 'held back by a silence',
  settled: 'delivered, or older than the destination',
  ahead: 'not reached yet',
  unknown: 'unknown: its file was rotated since',
}

export async function explain(id: string, { home, json }: { home: string; json?: boolean }): Promise<void> {
  const config = await loadConfig({ home, definitions })
  const found = findAlert(config.alerts_file, id)
  if (!found)
    throw new UserError(
      `no alert has the id "${id}"`,
      'the id is the member "id" of the alert, such as 1795261337.0; compressed days are not searched',
    )
  const path = join(config.home, 'state.db')
  if (!existsSync(path)) throw new UserError(`${path} does not exist`, 'outrider has not run in this home yet')
  using state = openState(path, migrations)
  const explanations = explainAlert(config.destinations, found.alert, state, Date.now(), found.place)
  if (json) return print(JSON.stringify(explanations))
  print(`${oneLine(found.alert)}\n`)
  if (explanations.length === 0) return print('no destination is configured')
  const rows = explanations.map((one) => [one.destination, fates[one.fate] ?? one.fate, makeVisible(whyOf(one))])
  print(table(['DESTINATION', 'WHAT BECAME OF IT', 'WHY'], rows))
}

function whyOf({ reason, fate, delivery, silence }: Explanation): string {
  if (delivery) return `${reason}; delivery ${delivery.id}, ${delivery.attempts} tries: ${delivery.reason}`
  if (!silence) return reason
  const { id, what, by, since, until } = silence
  const words = `silence ${id} (${what}; ${silence.reason}, ${by}), ${timeText(since)} to ${timeText(until)}`
  return fate === 'silenced' ? words : `${reason}; if it still waited then, ${words} held it back`
}

/** The newest alert of this id, with the place of its line. Whole files are read: an id says nothing of where in its day the alert is. */
function findAlert(alerts_file: string, id: string) {
  const wanted = `"id":${JSON.stringify(id)}`
  const days = alertsHistory(alerts_file)
    .list()
    .filter(({ path }) => path.endsWith('.json'))
  const newestFirst = days.sort((a, b) => (a.key < b.key ? 1 : -1)).map(({ path }) => path)
  for (const path of new Set([alerts_file, ...newestFirst])) {
    if (!existsSync(path)) continue
    const text = readFileSync(path, 'latin1')
    for (let at = text.lastIndexOf(wanted); at !== -1; at = at === 0 ? -1 : text.lastIndexOf(wanted, at - 1)) {
      const offset = text.lastIndexOf('\n', at) + 1
      const end = text.indexOf('\n', at)
      const alert = parseAlert(text.slice(offset, end === -1 ? undefined : end))
      // The text may stand in a log too; only the alert's own member counts.
      if (alert?.id === id) return { alert, place: { inode: String(statSync(path, { bigint: true }).ino), offset } }
    }
  }
  return undefined
}
