/** What became of blocks, what guards refused, what is allowed, who changed what: a dialog with a tab for each. */
import { useEffect, useState } from 'preact/hooks'
import type { Allowed, AuditEntry, PastBlock, Refusal } from '../../api/parts.ts'
import { call } from './api.ts'
import { Dialog, Duration, openDialog, Reason } from './dialogs.tsx'
import { countdown, fullTime, span } from './format.ts'
import { Note, ReasonForm } from './in-list.tsx'
import { now, refresh } from './store.ts'

type Tab = 'history' | 'refused' | 'allowed' | 'changes'

const tabs: [tab: Tab, name: string][] = [
  ['history', 'History'],
  ['refused', 'Refused'],
  ['allowed', 'Allowed'],
  ['changes', 'Changes by hand'],
]

export const openRecords = (tab: Tab) => openDialog(() => <Records first={tab} />)

function Records({ first }: { first: Tab }) {
  const [tab, setTab] = useState(first)
  return (
    <Dialog title="Blocks" wide>
      <div class="tabs" role="tablist">
        {tabs.map(([one, name]) => (
          <button key={one} type="button" role="tab" aria-selected={one === tab} onClick={() => setTab(one)}>
            {name}
          </button>
        ))}
      </div>
      <div role="tabpanel">
        {tab === 'history' && <History />}
        {tab === 'refused' && <Refused />}
        {tab === 'allowed' && <AllowedList />}
        {tab === 'changes' && <Changes />}
      </div>
    </Dialog>
  )
}

/** What the API answers; asked again by `load`. `note` is what went wrong. */
function useList<T>(path: string, name: string) {
  const [list, setList] = useState<T[] | undefined>()
  const [note, setNote] = useState('')
  const load = async () => {
    try {
      setList((await call<Record<string, T[]>>('GET', path))[name])
      setNote('')
    } catch (error) {
      setNote((error as Error).message)
    }
  }
  useEffect(() => void load(), [path])
  return { list, note, setNote, load }
}

function When({ at }: { at: number }) {
  return <span title={fullTime(at)}>{span(now.value - at)} ago</span>
}

function History() {
  const { list, note } = useList<PastBlock>('blocks/history?limit=200', 'history')
  return (
    <>
      <Note text={note} />
      {list?.length === 0 && <p class="empty">Nothing is over yet.</p>}
      <ul class="items records">
        {list?.map((past) => (
          <li key={past.id} class="item">
            <div class="grow">
              <div class="between">
                <span class="name mono">{past.key}</span>
                <span class={`tag ${past.state === 'failed' ? 'error' : ''}`}>{past.state}</span>
              </div>
              <div class="muted small">
                {past.response}
                {past.host !== undefined && ` on ${past.host}`} · <When at={past.since} />
                {past.ended !== undefined && ` · for ${span(past.ended - past.since)}`}
                {past.hits > 1 && ` · asked for ${past.hits} times`} · by {past.by}
              </div>
              <div class="small">{past.why}</div>
              {past.reason && (
                <div class="reason small">
                  {past.guard && `${past.guard}: `}
                  {past.reason}
                </div>
              )}
            </div>
          </li>
        ))}
      </ul>
    </>
  )
}

function Refused() {
  const { list, note } = useList<Refusal>('refusals', 'refusals')
  return (
    <>
      <Note text={note} />
      {list?.length === 0 && <p class="empty">No guard has refused anything.</p>}
      <ul class="items records">
        {list?.map((refusal) => (
          <li key={`${refusal.at} ${refusal.response} ${refusal.key}`} class="item">
            <div class="grow">
              <div class="between">
                <span class="name mono">{refusal.key}</span>
                <span class="tag">{refusal.guard}</span>
              </div>
              <div class="muted small">
                {refusal.response} · <When at={refusal.at} />
              </div>
              <div class="small">{refusal.reason}</div>
            </div>
          </li>
        ))}
      </ul>
    </>
  )
}

function Changes() {
  const { list, note } = useList<AuditEntry>('blocks/audit?limit=200', 'audit')
  return (
    <>
      <Note text={note} />
      {list?.length === 0 && <p class="empty">Nobody has changed anything by hand.</p>}
      <ul class="items records">
        {list?.map((entry) => (
          <li key={`${entry.at} ${entry.lease} ${entry.what}`} class="item">
            <div class="grow">
              <div>
                {entry.by} {entry.what} <span class="mono">{entry.target}</span>
              </div>
              <div class="muted small">
                <When at={entry.at} />
              </div>
              <div class="small">{entry.reason}</div>
            </div>
          </li>
        ))}
      </ul>
    </>
  )
}

function AllowedList() {
  const { list, note, setNote, load } = useList<Allowed>('allowed', 'allowed')
  const act = async (method: 'POST' | 'DELETE', path: string, body: unknown): Promise<boolean> => {
    try {
      await call(method, path, body)
    } catch (error) {
      setNote((error as Error).message)
      return false
    }
    await Promise.all([load(), refresh()])
    return true
  }
  const allow = async (event: SubmitEvent) => {
    event.preventDefault()
    const element = event.currentTarget as HTMLFormElement
    const form = new FormData(element)
    const wish = { entry: form.get('entry'), seconds: Number(form.get('seconds')), reason: form.get('reason') }
    if (await act('POST', 'allowed', wish)) element.reset()
  }
  return (
    <>
      <Note text={note} />
      <p class="muted small">
        No response acts on these: an address, a network, a host name, an account, or a country as in country:DE. What
        is in force on them is undone.
      </p>
      {list?.length === 0 && <p class="empty">Nothing was allowed by hand.</p>}
      <ul class="items records">
        {list?.map((entry) => (
          <AllowedItem key={entry.entry} entry={entry} act={act} />
        ))}
      </ul>
      <form class="allow" onSubmit={allow}>
        <label>
          What
          <input name="entry" required maxLength={300} placeholder="203.0.113.0/24" autocomplete="off" />
        </label>
        <Duration label="For" forever />
        <Reason />
        <button type="submit" class="primary">
          Allow
        </button>
      </form>
    </>
  )
}

function AllowedItem(props: { entry: Allowed; act(method: 'DELETE', path: string, body: unknown): Promise<boolean> }) {
  const { entry, act } = props
  const [removing, setRemoving] = useState(false)
  return (
    <li class="item">
      <div class="grow">
        <div class="between">
          <span class="name mono">{entry.entry}</span>
          <span class="countdown" title={entry.until === undefined ? 'until removed' : fullTime(entry.until)}>
            {entry.until === undefined ? 'for ever' : countdown(entry.until - now.value)}
          </span>
        </div>
        <div class="muted small">
          <When at={entry.since} /> · by {entry.by}
        </div>
        <div class="small">{entry.reason}</div>
        {removing && (
          <ReasonForm
            question="Why may it be blocked again?"
            label={`Reason to remove ${entry.entry}`}
            button="Remove"
            act={(reason) => act('DELETE', `allowed/${encodeURIComponent(entry.entry)}`, { reason })}
          />
        )}
      </div>
      <div class="buttons">
        <button
          type="button"
          class="small"
          aria-expanded={removing}
          aria-label={`Remove ${entry.entry}`}
          onClick={() => setRemoving(!removing)}
        >
          Remove …
        </button>
      </div>
    </li>
  )
}
