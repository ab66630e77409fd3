/**
 * Takes over what built scripts of integratord have kept while no Outrider ran (script-spool.ts): each alert becomes a row of its destination, and its file goes
 * when that is on the disk.
 */
import { join } from 'node:path'
import type { DeliveryRunner } from '../delivery/index.ts'
import { namesIn } from '../durable/history.ts'
import type { Log } from '../log.ts'
import { destinationOf } from './script-hooks.ts'
import { openSpool } from './script-spool.ts'

/** Of one script at a time: each is a commit. */
const most = 100

export interface Spools {
  /** Stands for /var/ossec. */
  home: string
  delivery: Pick<DeliveryRunner, 'status' | 'take'>
  log: Log
}

/** Looks once. What no destination is called like stays where it is, for its script. */
export async function drainSpools({ home, delivery, log }: Spools): Promise<void> {
  for (const program of namesIn(join(home, 'queue', 'outrider-spool'))) {
    const destination = destinationOf(program, delivery)
    if (!destination) continue
    let count = 0
    try {
      await openSpool(home, program).drain(most, async (line) => {
        if (!delivery.take(destination, line, `kept by ${program} while no Outrider ran`)) return 'stop'
        count++
        return 'gone'
      })
    } catch (error) {
      log.warn(`${destination}: what ${program} has kept cannot be taken over: ${(error as Error).message}`, {
        destination,
      })
    }
    if (count > 0)
      log.info(`${destination}: took over ${count === 1 ? 'an alert' : `${count} alerts`} that ${program} had kept`, {
        destination,
      })
  }
}
