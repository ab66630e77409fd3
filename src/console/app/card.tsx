/** The few pieces that every part of the page is made of. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { count as format, severity } from './format.ts'

export function Card(props: {
  title: string
  count?: number
  action?: ComponentChildren
  children: ComponentChildren
}) {
  return (
    <section class="card">
      <div class="card-head">
        <h2>{props.title}</h2>
        {props.count !== undefined && props.count > 0 && <span class="count">{format(props.count)}</span>}
        <span class="grow" />
        {props.action}
      </div>
      {props.children}
    </section>
  )
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>
}

export function Dot({ tone, label }: { tone: 'good' | 'warn' | 'bad' | 'idle'; label: string }) {
  return <i class={`dot ${tone}`} role="img" aria-label={label} title={label} />
}

export function Level({ level }: { level: number }) {
  return (
    <span class={`level ${severity(level)}`} title={`level ${level}`}>
      {level}
    </span>
  )
}

/** A command to paste into a shell, with a button that copies it. */
export function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <pre>{text}</pre>
      <Copy text={text} />
    </div>
  )
}

export function Copy({ text }: { text: string }) {
  const [done, setDone] = useState(false)
  const copy = async () => {
    // Only there on https and loopback names; elsewhere the text can still be selected.
    await navigator.clipboard?.writeText(text)
    setDone(true)
    setTimeout(setDone, 1500, false)
  }
  if (!navigator.clipboard) return null
  return (
    <button type="button" class="quiet small" onClick={copy}>
      {done ? 'copied' : 'copy'}
    </button>
  )
}
