import { useState } from 'preact/hooks'
import type { DestinationStatus } from '../../api/parts.ts'
import { call } from './api.ts'
import { Card, Dot, Empty } from './card.tsx'
import { openDeliveries } from './dialogs.tsx'
import { count, countdown, span } from './format.ts'
import { now, overview, refresh } from './store.ts'

export function Destinations() {
  const view = overview.value
  if (!view?.destinations) return null
  return (
    <Card title="Destinations" count={view.destinations.length}>
      {view.destinations.length === 0 && (
        <Empty>
          Alerts go nowhere yet. Add <code>destinations:</code> to outrider.yaml, or an <code>&lt;integration&gt;</code>{' '}
          to an ossec.conf.
        </Empty>
      )}
      <ul class="items">
        {view.destinations.map((destination) => (
          <Item key={destination.name} destination={destination} hasDeliveries={view.has_deliveries} />
        ))}
      </ul>
    </Card>
  )
}

function Item({ destination, hasDeliveries }: { destination: DestinationStatus; hasDeliveries: boolean }) {
  const [note, setNote] = useState('')
  const { name, state, waiting, rejected } = destination
  const isWell = state === 'ok' && rejected === 0
  const retry = async () => {
    try {
      const { count: tried } = await call<{ count: number }>('POST', `destinations/${encodeURIComponent(name)}/retry`)
      setNote(`${count(tried)} tried again`)
    } catch (error) {
      setNote((error as Error).message)
    }
    await refresh()
  }
  return (
    <li class="item">
      <Dot tone={state === 'paused' ? 'bad' : isWell ? 'good' : 'warn'} label={state} />
      <div class="grow">
        <div class="name" title={name}>
          {name} <span class="muted small">{destination.type}</span>
        </div>
        <div class="muted small">{summary(destination, now.value)}</div>
        {destination.reason && (!isWell || waiting > 0) && <div class="reason small">{destination.reason}</div>}
        {note && <div class="small">{note}</div>}
      </div>
      {hasDeliveries && (waiting > 0 || rejected > 0) && (
        <div class="buttons">
          <button type="button" class="small" onClick={() => openDeliveries(name)}>
            Show
          </button>
          <button type="button" class="small" onClick={retry} title={`Try everything of ${name} again now`}>
            Retry
          </button>
        </div>
      )}
    </li>
  )
}

function summary(destination: DestinationStatus, at: number): string {
  const { waiting, waiting_since, rejected, delivered, last_delivered, next_try, state, storm_since } = destination
  const words = [`${count(delivered)} delivered`]
  if (waiting > 0) words.push(`${count(waiting)} waiting${waiting_since ? ` for ${span(at - waiting_since)}` : ''}`)
  if (rejected > 0) words.push(`${count(rejected)} rejected`)
  if (storm_since !== undefined) words.push(`storm for ${span(at - storm_since)}: summaries`)
  if (state === 'paused') words.push('paused')
  else if (next_try !== undefined && next_try > at) words.push(`next try in ${countdown(next_try - at)}`)
  else if (waiting === 0 && last_delivered) words.push(`last ${span(at - last_delivered)} ago`)
  return words.join(' · ')
}
