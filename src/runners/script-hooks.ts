/** What a daemon does with the work that built scripts hand over, made of its running pieces. Given to `listenForScripts`. */
import { join } from 'node:path'
import { type Alert, fromBytes } from '../alert.ts'
import { parseTimestamp } from '../clock.ts'
import type { DeliveryRunner } from '../delivery/index.ts'
import type { Block } from '../responses/block.ts'
import type { Responder } from '../responses/types.ts'
import type { TakeOver } from './script-server.ts'
import type { HandOver, HandOverAnswer } from './script-socket.ts'

export interface Hooks {
  /** Stands for /var/ossec; the scripts that ask are in it. */
  home: string
  /** That the destinations follow. */
  alerts_file: string
  /** When those that can read it had begun to, in milliseconds since 1970. */
  following_since: number
  delivery: Pick<DeliveryRunner, 'status' | 'followingSince'>
  responder: Pick<Responder, 'add' | 'list'>
  /** Responses act, and are not only written down. */
  responses_enabled: boolean
  is_root: boolean
}

/** The destination that is called like a script (with or without `custom-`) and is not a script itself. */
export function destinationOf(program: string, delivery: Pick<DeliveryRunner, 'status'>): string | undefined {
  const names = new Set([program, program.replace(/^custom-/, '')])
  return delivery.status().find(({ name, type }) => names.has(name) && type !== 'script')?.name
}

/**
 * - `alert`: taken when a destination runs here that is called like the script (with or without `custom-`) and is not a script itself. Nothing needs to be
 *   written: integratord read the alert in alerts.json, which is that destination's queue, and its cursor comes by. It does for what was written
 *   since it began; of what is older we do not know, so the script sends that, perhaps for the second time.
 * - `add`: becomes a lease, like a block that a person asks for; the guards are asked.
 * - `delete`: execd's own undo. Where a lease holds the same target, that one's end counts, which lets blocks outlive a restart of execd.
 */
export function takeOver(hooks: Hooks): TakeOver {
  const { delivery, responder, responses_enabled, is_root } = hooks
  const followsWazuh = hooks.alerts_file === join(hooks.home, 'logs', 'alerts', 'alerts.json')

  function alert({ program, alert: json }: HandOver): HandOverAnswer {
    if (!followsWazuh) return { taken: false, reason: `destinations follow ${hooks.alerts_file}` }
    const destination = destinationOf(program, delivery)
    if (!destination) return { taken: false, reason: `no destination "${program}" runs here` }
    const since = delivery.followingSince(destination)
    if (since === undefined) return { taken: false, reason: `${hooks.alerts_file} could not be read yet` }
    const { timestamp } = JSON.parse(fromBytes(json)) as Alert
    if (!((parseTimestamp(timestamp) ?? 0) >= Math.max(since, hooks.following_since)))
      return { taken: false, reason: 'it may be older than the destination' }
    return { taken: true }
  }

  function add({ program, key = '', seconds, alert }: HandOver): HandOverAnswer {
    if (!responses_enabled) return { taken: false, reason: 'responses are not enabled' }
    if (!is_root) return { taken: false, reason: 'outrider does not run as root' }
    const whole = JSON.parse(fromBytes(alert)) as Alert
    const { rule } = whole
    const reason = rule?.id ? `rule ${rule.id}: ${rule.description ?? ''}`.trim() : `asked for by ${program}`
    // All of the alert: where the program is a script, the very one that asks, it is run with it.
    const wish = { response: program, key, seconds, reason, by: 'execd', alert: { ...whole }, automatic: true }
    const result = responder.add(wish)
    if (result.ok) return { taken: true }
    return result.status === 403 ? { taken: true, refused: result.error } : { taken: false, reason: result.error }
  }

  function remove({ program, key }: HandOver): HandOverAnswer {
    const holds = ({ response, key: held, state, dry_run }: Block) =>
      response === program && held === key && !dry_run && state !== 'failed'
    const found = responder.list().some(holds)
    return found ? { taken: true } : { taken: false, reason: 'no lease holds it' }
  }

  const byKind = { alert, add, delete: remove }
  return (request) => byKind[request.kind](request)
}
