/** What waits for a destination or was rejected by it: why, what was sent, what came back. */
import { useEffect, useState } from 'preact/hooks'
import type { DeliveryDetail, DeliverySummary } from '../../api/parts.ts'
import { call } from './api.ts'
import { Level } from './card.tsx'
import { countdown, span } from './format.ts'
import { Note, ReasonForm } from './in-list.tsx'
import { now, refresh } from './store.ts'

export function DeliveriesDialog({ destination }: { destination: string }) {
  const [list, setList] = useState<DeliverySummary[] | undefined>()
  const [note, setNote] = useState('')
  const load = async () => {
    try {
      const query = new URLSearchParams({ destination })
      setList((await call<{ deliveries: DeliverySummary[] }>('GET', `deliveries?${query}`)).deliveries)
    } catch (error) {
      setNote((error as Error).message)
    }
  }
  useEffect(() => void load(), [destination])
  const act = async (path: string, body?: unknown) => {
    try {
      await call('POST', `deliveries/${path}`, body)
      setNote('')
    } catch (error) {
      setNote((error as Error).message)
    }
    await Promise.all([load(), refresh()])
  }
  return (
    <>
      <Note text={note} />
      {list?.length === 0 && <p class="empty">Nothing waits and nothing was rejected.</p>}
      <ul class="items deliveries">
        {list?.map((one) => (
          <Item key={one.id} delivery={one} act={act} />
        ))}
      </ul>
    </>
  )
}

function Item({ delivery, act }: { delivery: DeliverySummary; act(path: string, body?: unknown): Promise<void> }) {
  const [detail, setDetail] = useState<DeliveryDetail | undefined>()
  const [dropping, setDropping] = useState(false)
  const { alert } = delivery
  const path = encodeURIComponent(delivery.id)
  const toggle = async (event: Event) => {
    if ((event.currentTarget as HTMLDetailsElement).open && !detail)
      setDetail(await call<DeliveryDetail>('GET', `deliveries/${path}`).catch(() => undefined))
  }
  return (
    <li class="item">
      <Level level={alert.level} />
      <div class="grow">
        <div class="name">
          {alert.description} <span class="muted small">rule {alert.rule}</span>
        </div>
        <div class="muted small">
          <span class={`tag ${delivery.state === 'rejected' ? 'error' : ''}`}>{delivery.state}</span>{' '}
          {delivery.attempts} {delivery.attempts === 1 ? 'try' : 'tries'} · for {span(now.value - delivery.since)}
          {delivery.next_try !== undefined &&
            delivery.next_try > now.value &&
            ` · next in ${countdown(delivery.next_try - now.value)}`}
        </div>
        <div class="reason small">{delivery.reason}</div>
        <details onToggle={toggle}>
          <summary class="small">request and answer</summary>
          {detail?.request && <pre class="log">{detail.request}</pre>}
          {detail?.answer && <pre class="log">{detail.answer}</pre>}
          {detail && !detail.request && !detail.answer && <p class="muted small">Nothing was sent yet.</p>}
        </details>
        {dropping && (
          <ReasonForm
            question="Why give it up?"
            label="Reason"
            button="Drop"
            act={(reason) => act(`${path}/drop`, { reason })}
          />
        )}
      </div>
      <div class="buttons">
        <button type="button" class="small" onClick={() => act(`${path}/retry`)}>
          Retry
        </button>
        <button type="button" class="small" aria-expanded={dropping} onClick={() => setDropping(!dropping)}>
          Drop …
        </button>
      </div>
    </li>
  )
}
