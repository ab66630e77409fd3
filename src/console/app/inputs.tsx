import { Card, Dot, Empty } from './card.tsx'
import { count, span } from './format.ts'
import { now, overview } from './store.ts'

export function Inputs() {
  const inputs = overview.value?.inputs
  if (!inputs) return null
  return (
    <Card title="Inputs" count={inputs.length}>
      {inputs.length === 0 && (
        <Empty>
          Nothing is followed. Add a <code>&lt;localfile&gt;</code> to an ossec.conf, or <code>receivers:</code> to
          outrider.yaml.
        </Empty>
      )}
      <ul class="items">
        {inputs.map((input) => (
          <li key={`${input.kind} ${input.name}`} class="item">
            <Dot
              tone={input.state === 'ok' ? 'good' : input.state === 'failing' ? 'bad' : 'idle'}
              label={input.state}
            />
            <div class="grow">
              <div class="name" title={input.name}>
                {input.name}
              </div>
              <div class="muted small">
                {input.kind} · {count(input.events)} events
                {input.last_event !== undefined && ` · last ${span(now.value - input.last_event)} ago`}
              </div>
              {input.detail && <div class="small">{input.detail}</div>}
            </div>
          </li>
        ))}
      </ul>
    </Card>
  )
}
