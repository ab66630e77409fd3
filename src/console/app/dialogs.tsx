/** The page's dialogs. One at a time; the browser's own <dialog> keeps the focus inside and gives it back. */
import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Block } from '../../api/parts.ts'
import { call, Refused } from './api.ts'
import { DeliveriesDialog } from './deliveries-dialog.tsx'
import { overview, refresh } from './store.ts'

type Open =
  | { kind: 'undo'; block: Block }
  | { kind: 'extend'; block: Block }
  | { kind: 'answer'; block: Block; approve: boolean }
  | { kind: 'block'; key: string; reason: string }
  | { kind: 'deliveries'; destination: string }
  | { kind: 'other'; show: () => ComponentChildren }

const open = signal<Open | undefined>(undefined)

export const openUndo = (block: Block) => (open.value = { kind: 'undo', block })
export const openExtend = (block: Block) => (open.value = { kind: 'extend', block })
export const openAnswer = (block: Block, approve: boolean) => (open.value = { kind: 'answer', block, approve })
export const openBlock = ({ key = '', reason = '' }) => (open.value = { kind: 'block', key, reason })
export const openDeliveries = (destination: string) => (open.value = { kind: 'deliveries', destination })
/** A dialog of another part of the page. */
export const openDialog = (show: () => ComponentChildren) => (open.value = { kind: 'other', show })
const close = () => (open.value = undefined)

export function Dialogs() {
  const what = open.value
  switch (what?.kind) {
    case 'undo':
      return <UndoDialog block={what.block} />
    case 'extend':
      return <ExtendDialog block={what.block} />
    case 'answer':
      return <AnswerDialog block={what.block} approve={what.approve} />
    case 'block':
      return <BlockDialog address={what.key} reason={what.reason} />
    case 'deliveries':
      return (
        <Dialog title={`Deliveries to ${what.destination}`} wide>
          <DeliveriesDialog destination={what.destination} />
        </Dialog>
      )
    case 'other':
      return <>{what.show()}</>
    case undefined:
      return null
  }
}

const durations: [seconds: number, name: string][] = [
  [600, '10 minutes'],
  [3600, '1 hour'],
  [86_400, '1 day'],
  [7 * 86_400, '1 week'],
]

function UndoDialog({ block }: { block: Block }) {
  return (
    <ActionDialog
      title={`Undo the block of ${block.key}?`}
      button="Undo"
      act={(form) => call('DELETE', `blocks/${encodeURIComponent(block.id)}`, { reason: form.get('reason') })}
    >
      <p>
        {block.response}: {block.why}
      </p>
      <Reason />
    </ActionDialog>
  )
}

function ExtendDialog({ block }: { block: Block }) {
  return (
    <ActionDialog
      title={`Block ${block.key} for longer`}
      button="Extend"
      act={(form) =>
        call('POST', `blocks/${encodeURIComponent(block.id)}/extend`, {
          seconds: Number(form.get('seconds')),
          reason: form.get('reason'),
        })
      }
    >
      <Duration label="Longer by" />
      <Reason />
    </ActionDialog>
  )
}

function AnswerDialog({ block, approve }: { block: Block; approve: boolean }) {
  const { id, key, response, why } = block
  return (
    <ActionDialog
      title={approve ? `Approve ${response} of ${key}?` : `Refuse ${response} of ${key}?`}
      button={approve ? 'Approve' : 'Refuse'}
      act={(form) => call('POST', `blocks/${encodeURIComponent(id)}/answer`, { approve, reason: form.get('reason') })}
    >
      <p>{why}</p>
      <Reason />
    </ActionDialog>
  )
}

export function openAnswerAll(count: number, approve: boolean): void {
  const verb = approve ? 'Approve' : 'Refuse'
  // What comes while somebody writes the reason has been seen by nobody.
  const until = overview.value?.now
  openDialog(() => (
    <ActionDialog
      title={`${verb} all ${count} that wait?`}
      button={`${verb} all`}
      act={(form) => call('POST', 'blocks/answer', { approve, until, reason: form.get('reason') })}
    >
      <Reason />
    </ActionDialog>
  ))
}

function BlockDialog({ address, reason }: { address: string; reason: string }) {
  const responses = overview.value?.block_responses ?? []
  const hosts = overview.value?.block_hosts ?? []
  return (
    <ActionDialog
      title="Block by hand"
      button="Block"
      act={(form) =>
        call('POST', 'blocks', {
          response: form.get('response'),
          key: form.get('key'),
          ...(form.get('host') && { host: form.get('host') }),
          seconds: Number(form.get('seconds')),
          reason: form.get('reason'),
        })
      }
    >
      <label>
        What
        <input
          name="key"
          required
          maxLength={300}
          defaultValue={address}
          placeholder="203.0.113.7"
          autocomplete="off"
        />
      </label>
      <label>
        How
        <select name="response">
          {responses.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      {hosts.length > 0 && (
        <label>
          Where
          <select name="host">
            <option value="">on this machine</option>
            {hosts.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      <Duration label="For" forever />
      <Reason text={reason} />
      <p class="muted small">The same guards are asked as for a rule: your own addresses cannot be blocked.</p>
    </ActionDialog>
  )
}

const usual = 3600

export function Duration({ label, forever = false }: { label: string; forever?: boolean }) {
  return (
    <label>
      {label}
      <select name="seconds">
        {durations.map(([seconds, name]) => (
          <option key={seconds} value={seconds} selected={seconds === usual}>
            {name}
          </option>
        ))}
        {forever && <option value={0}>until undone</option>}
      </select>
    </label>
  )
}

export function Reason({ text = '' }: { text?: string }) {
  return (
    <label>
      <span>
        Reason <span class="muted">(kept in the audit log)</span>
      </span>
      <input name="reason" autofocus required maxLength={500} defaultValue={text} autocomplete="off" />
    </label>
  )
}

/** A form whose button does something; what the API refuses is shown in the dialog. */
export function ActionDialog(props: {
  title: string
  button: string
  act(form: FormData): Promise<unknown>
  children: ComponentChildren
}) {
  const [refused, setRefused] = useState<Refused | undefined>()
  const [busy, setBusy] = useState(false)
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    setBusy(true)
    try {
      await props.act(new FormData(event.currentTarget as HTMLFormElement))
      close()
      await refresh()
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      setRefused(error)
      setBusy(false)
    }
  }
  return (
    <Dialog title={props.title}>
      <form onSubmit={submit}>
        {props.children}
        {refused && (
          <p class="refused" role="alert">
            {refused.message}
            {refused.hint && <span class="hint">hint: {refused.hint}</span>}
          </p>
        )}
        <div class="dialog-buttons">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {props.button}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

export function Dialog(props: { title: string; wide?: boolean; children: ComponentChildren }) {
  const { title, wide = false, children } = props
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    dialog.current!.showModal()
  }, [])
  return (
    <dialog ref={dialog} class={wide ? 'wide' : ''} onClose={close} aria-labelledby="dialog-title">
      <div class="detail-head">
        <h2 id="dialog-title">{title}</h2>
        <button type="button" class="quiet" aria-label="Close" onClick={close}>
          ✕
        </button>
      </div>
      {children}
    </dialog>
  )
}
