import type { DeliveryDetail, DeliverySummary } from '../api/parts.ts'
import { UserError } from '../problem.ts'
import { call, you } from './client.ts'
import { makeLinesVisible, print, printList, relative } from './output.ts'

const path = (id: string) => `deliveries/${encodeURIComponent(id)}`

export async function list(options: {
  home: string
  destination?: string
  state?: string
  limit: number
  json?: boolean
}): Promise<void> {
  const query = new URLSearchParams({ limit: String(options.limit) })
  if (options.destination) query.set('destination', options.destination)
  if (options.state) query.set('state', options.state)
  const { deliveries } = await call<{ deliveries: DeliverySummary[] }>(options.home, 'GET', `deliveries?${query}`)
  printList(deliveries, {
    json: options.json,
    none: 'nothing waits and nothing was rejected',
    columns: {
      ID: ({ id }) => id,
      DESTINATION: ({ destination }) => destination,
      STATE: ({ state }) => state,
      ALERT: ({ alert }) => `rule ${alert.rule} (${alert.level})`,
      SINCE: ({ since }, now) => relative(since, now),
      TRIES: ({ attempts }) => String(attempts),
      NEXT: ({ next_try }, now) => (next_try === undefined ? '-' : relative(next_try, now)),
      REASON: ({ reason }) => reason,
    },
  })
}

export async function show(id: string, { home, json }: { home: string; json?: boolean }): Promise<void> {
  const delivery = await call<DeliveryDetail>(home, 'GET', path(id))
  if (json) return print(JSON.stringify(delivery))
  const { alert } = delivery
  const tries = `${delivery.attempts} ${delivery.attempts === 1 ? 'try' : 'tries'}`
  const lines = [
    `${delivery.destination}: ${delivery.state} after ${tries}`,
    `reason   ${delivery.reason}`,
    `alert    ${alert.id}  rule ${alert.rule} (level ${alert.level}) ${alert.description}`,
    ...(delivery.request ? [`\nrequest\n${delivery.request}`] : []),
    ...(delivery.answer ? [`\nanswer\n${delivery.answer}`] : []),
  ]
  print(makeLinesVisible(lines.join('\n')))
}

export async function retry(id: string | undefined, options: { home: string; destination?: string }): Promise<void> {
  const { home, destination } = options
  if ((id === undefined) === (destination === undefined)) {
    throw new UserError('name one delivery, or a destination', 'outrider deliveries retry ID, or --destination NAME')
  }
  if (id !== undefined) {
    await call(home, 'POST', `${path(id)}/retry`, { by: you() })
    return print(`delivery ${id} is tried again now`)
  }
  const where = `destinations/${encodeURIComponent(destination!)}/retry`
  const { count } = await call<{ count: number }>(home, 'POST', where, { by: you() })
  print(`${destination}: ${count} ${count === 1 ? 'delivery is' : 'deliveries are'} tried again now`)
}

export async function drop(id: string, { home, reason }: { home: string; reason: string }): Promise<void> {
  await call(home, 'POST', `${path(id)}/drop`, { reason, by: you() })
  print(`delivery ${id} is given up`)
}
