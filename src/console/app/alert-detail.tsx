/** One alert in full. Everything shown comes from outside, and is text. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Alert } from '../../alert.ts'
import { Copy, Level } from './card.tsx'
import { openBlock } from './dialogs.tsx'
import { fullTime } from './format.ts'
import { selected, selectedRow, words } from './live.ts'
import { openSilence } from './silences.tsx'
import { overview } from './store.ts'

export function AlertDetail() {
  const panel = useRef<HTMLElement>(null)
  const row = selectedRow.value
  const id = row?.id
  useEffect(() => {
    panel.current?.scrollTo(0, 0)
  }, [id])
  if (!row) return null
  const { alert } = row
  const { rule } = alert
  return (
    <aside ref={panel} class="detail" aria-label="Alert">
      <div class="detail-head">
        <Level level={row.level} />
        <h2>{rule.description}</h2>
        <button
          type="button"
          class="quiet"
          aria-label="Close"
          title="Escape"
          onClick={() => (selected.value = undefined)}
        >
          ✕
        </button>
      </div>
      <p class="muted">
        {fullTime(row.time)} · rule {rule.id}, level {row.level}
        {rule.firedtimes !== undefined && ` · fired ${rule.firedtimes} times`}
      </p>
      <Actions alert={alert} />
      {rule.mitre && <Mitre mitre={rule.mitre} />}
      {alert.full_log !== undefined && <Log title="Log" text={alert.full_log} />}
      {alert.previous_output !== undefined && <Log title="Before that" text={alert.previous_output} />}
      <Section title="Fields">
        <dl class="fields">
          {fields(alert).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <button type="button" title="Show the alerts with this value" onClick={() => (words.value = value)}>
                  {value}
                </button>
              </dd>
            </div>
          ))}
        </dl>
      </Section>
      <details>
        <summary>JSON</summary>
        <pre class="log">{JSON.stringify(alert, null, 2)}</pre>
      </details>
    </aside>
  )
}

function Actions({ alert }: { alert: Alert }) {
  const address = alert.data?.srcip
  const canBlock = typeof address === 'string' && (overview.value?.block_responses ?? []).length > 0
  const hasSilences = overview.value?.silences != null
  if (!canBlock && !hasSilences) return null
  const reason = `alert ${alert.id}: ${alert.rule.description}`
  return (
    <p class="actions">
      {canBlock && (
        <button type="button" onClick={() => openBlock({ key: address, reason })}>
          Block {address} …
        </button>
      )}
      {hasSilences && (
        <button type="button" onClick={() => openSilence(alert)}>
          Silence …
        </button>
      )}
    </p>
  )
}

function Mitre({ mitre }: { mitre: NonNullable<Alert['rule']['mitre']> }) {
  const ids = [mitre.id ?? []].flat()
  const techniques = [mitre.technique ?? []].flat()
  return (
    <Section title="MITRE ATT&CK">
      <ul class="chips">
        {ids.map((id, i) => (
          <li key={id}>
            {/^T\d{4}(\.\d{3})?$/.test(id) ? (
              <a href={`https://attack.mitre.org/techniques/${id.replace('.', '/')}/`} target="_blank" rel="noreferrer">
                {id}
              </a>
            ) : (
              id
            )}
            {ids.length === techniques.length && ` ${techniques[i]}`}
          </li>
        ))}
        {[mitre.tactic ?? []].flat().map((tactic) => (
          <li key={tactic} class="muted">
            {tactic}
          </li>
        ))}
      </ul>
    </Section>
  )
}

function Log({ title, text }: { title: string; text: string }) {
  return (
    <Section title={title} action={<Copy text={text} />}>
      <pre class="log">{text}</pre>
    </Section>
  )
}

function Section(props: { title: string; action?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section>
      <div class="section-head">
        <h3>{props.title}</h3>
        {props.action}
      </div>
      {props.children}
    </section>
  )
}

const shownElsewhere = ['full_log', 'previous_output', 'rule.description', 'rule.mitre']

const firstFields = ['data', 'agent', 'location', 'decoder', 'predecoder', 'syscheck', 'rule']

/** `name.of.field` and value: what was decoded first, the rest in the alert's own order. */
function fields(alert: Alert): [string, string][] {
  const found: [string, string][] = []
  const collect = (name: string, value: unknown) => {
    if (shownElsewhere.includes(name)) return
    if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) found.push([name, value.join(', ')])
    else if (typeof value === 'object' && value !== null)
      for (const [key, part] of Object.entries(value)) collect(`${name}.${key}`, part)
    else found.push([name, String(value)])
  }
  const known = firstFields.filter((name) => name in alert)
  for (const name of [...known, ...Object.keys(alert).filter((name) => !known.includes(name))])
    collect(name, alert[name])
  return found
}
