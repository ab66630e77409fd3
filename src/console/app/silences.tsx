/** Silences: what destinations are not told for a while. */
import type { Alert } from '../../alert.ts'
import type { Silence } from '../../api/parts.ts'
import { call } from './api.ts'
import { Card, Dot, Empty } from './card.tsx'
import { ActionDialog, Duration, openDialog, Reason } from './dialogs.tsx'
import { count, countdown, fullTime, span } from './format.ts'
import { now, overview } from './store.ts'

export function Silences() {
  const silences = overview.value?.silences
  if (!silences) return null
  return (
    <Card
      title="Silences"
      count={silences.length}
      action={
        <button type="button" class="small" onClick={() => openSilence()}>
          Silence …
        </button>
      }
    >
      {silences.length === 0 && <Empty>Nothing is silenced.</Empty>}
      <ul class="items">
        {silences.map((silence) => (
          <Item key={silence.id} silence={silence} />
        ))}
      </ul>
    </Card>
  )
}

function Item({ silence }: { silence: Silence }) {
  const { id, what, state, since, until, by, reason, held } = silence
  const total = Object.values(held).reduce((sum, one) => sum + one, 0)
  const parts = Object.entries(held).map(([name, one]) => `${name} ${count(one)}`)
  return (
    <li class="item">
      <Dot tone={state === 'in force' ? 'warn' : 'idle'} label={state} />
      <div class="grow">
        <div class="between">
          <span class="name mono">{what}</span>
          <span class="countdown" title={`${fullTime(since)} to ${fullTime(until)}`}>
            {state === 'planned' ? `in ${span(since - now.value)}` : countdown(until - now.value)}
          </span>
        </div>
        <div class="muted small">
          <span title={parts.join(', ')}>{total === 0 ? 'nothing held back yet' : `${count(total)} held back`}</span>
          {' · by '}
          {by}
        </div>
        <div class="between">
          <div class="small">{reason}</div>
          <button type="button" class="small" onClick={() => openEnd(silence)} aria-label={`End silence ${id}`}>
            End
          </button>
        </div>
      </div>
    </li>
  )
}

/** With an alert: one that holds back what is like it. Narrow, because it is easier to see what is missing than what is not told. */
export function openSilence(alert?: Alert): void {
  const { agent, data, rule } = alert ?? {}
  // A stranger may have chosen them: a second value behind a comma, or a network, would hold back more than what is seen.
  const address = typeof data?.srcip === 'string' && /^[\da-f.:]+$/i.test(data.srcip) ? data.srcip : ''
  const name = /^(?!\d+$)[^\s,]+$/.test(agent?.name ?? '') ? agent?.name : agent?.id
  const destinations = (overview.value?.destinations ?? []).map(({ name }) => name)
  openDialog(() => (
    <ActionDialog title="Silence" button="Silence" act={add}>
      <Field name="rules" label="Rules" value={rule?.id} placeholder="5710, 5712" />
      <Field name="agents" label="Agents" value={name} placeholder="web-01" />
      <Field name="sources" label="Source addresses" value={address} placeholder="203.0.113.0/24" />
      <Field name="where" label="Expression" placeholder="rule.level < 7" />
      <label>
        Destination
        <select name="destinations">
          <option value="">all</option>
          {destinations.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <Duration label="For" />
      <Reason text={alert ? `alert ${alert.id}: ${alert.rule.description}` : ''} />
      <p class="muted small">
        All that is filled in must fit. The alerts stay in alerts.json, and responses are not affected.
      </p>
    </ActionDialog>
  ))
}

function Field(props: { name: string; label: string; value?: string | undefined; placeholder: string }) {
  const { name, label, value = '', placeholder } = props
  return (
    <label>
      {label}
      <input name={name} defaultValue={value} placeholder={placeholder} autocomplete="off" maxLength={10_000} />
    </label>
  )
}

function add(form: FormData): Promise<unknown> {
  const wish: Record<string, unknown> = { seconds: Number(form.get('seconds')), reason: form.get('reason') }
  const where = String(form.get('where')).trim()
  if (where !== '') wish.where = where
  for (const name of ['rules', 'agents', 'sources', 'destinations']) {
    const text = String(form.get(name))
    // A destination is chosen, and its name may hold anything.
    const values = name === 'destinations' ? [text] : text.split(',').map((value) => value.trim())
    const given = values.filter((value) => value !== '')
    if (given.length > 0) wish[name] = given
  }
  return call('POST', 'silences', wish)
}

function openEnd(silence: Silence): void {
  openDialog(() => (
    <ActionDialog
      title={`End silence ${silence.id}?`}
      button="End"
      act={(form) => call('DELETE', `silences/${encodeURIComponent(silence.id)}`, { reason: form.get('reason') })}
    >
      <p class="mono">{silence.what}</p>
      <Reason />
    </ActionDialog>
  ))
}
