import { userInfo } from 'node:os'
import type { DeliveryDetail, DeliverySummary } from '../api/parts.ts'
import { UserError } from '../problem.ts'
import { call } from './client.ts'
import { makeLinesVisible, print, relative, table } from './output.ts'

const by = () => `cli:${userInfo().username}`
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
  if (options.json) return print(JSON.stringify(deliveries))
  if (deliveries.length === 0) return print('nothing waits and nothing was rejected')
  const now = Date.now()
  const rows = deliveries.map((delivery) => [
    delivery.id,
    delivery.destination,
    delivery.state,
    `rule ${delivery.alert.rule} (${delivery.alert.level})`,
    relative(delivery.since, now),
    String(delivery.attempts),
    delivery.next_try === undefined ? '-' : relative(delivery.next_try, now),
    delivery.reason,
  ])
  print(table(['ID', 'DESTINATION', 'STATE', 'ALERT', 'SINCE', 'TRIES', 'NEXT', 'REASON'], rows))
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
    await call(home, 'POST', `${path(id)}/retry`, { by: by() })
    return print(`delivery ${id} is tried again now`)
  }
  const where = `destinations/${encodeURIComponent(destination!)}/retry`
  const { count } = await call<{ count: number }>(home, 'POST', where, { by: by() })
  print(`${destination}: ${count} ${count === 1 ? 'delivery is' : 'deliveries are'} tried again now`)
}

export async function drop(id: string, { home, reason }: { home: string; reason: string }): Promise<void> {
  await call(home, 'POST', `${path(id)}/drop`, { reason, by: by() })
  print(`delivery ${id} is given up`)
}
