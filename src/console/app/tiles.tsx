/** Four numbers that answer "is all well?" before anything is read. */
import type { ComponentChildren } from 'preact'
import type { Block, DestinationStatus } from '../../api/parts.ts'
import { count, countdown, rate, span } from './format.ts'
import { now, overview, rates } from './store.ts'

export function Tiles() {
  const view = overview.value
  if (!view) return null
  const recent = rates.value
  const latest = recent.at(-1)
  return (
    <div class="tiles">
      <Tile name="Events per second" value={latest ? rate(latest.events) : '–'}>
        {view.engine && `${count(view.engine.events)} since the start`}
        <Spark values={recent.map(({ events }) => events)} />
      </Tile>
      <Tile name="Alerts per second" value={latest ? rate(latest.alerts) : '–'}>
        {view.engine && `${count(view.engine.alerts)} from ${count(view.engine.rules)} rules`}
        <Spark values={recent.map(({ alerts }) => alerts)} />
      </Tile>
      {view.destinations && <Waiting destinations={view.destinations} />}
      {view.blocks && <InForce blocks={view.blocks} enabled={view.status.responses_enabled} />}
    </div>
  )
}

function Waiting({ destinations }: { destinations: DestinationStatus[] }) {
  const waiting = destinations.reduce((sum, one) => sum + one.waiting, 0)
  const rejected = destinations.reduce((sum, one) => sum + one.rejected, 0)
  const paused = destinations.filter((one) => one.state === 'paused').length
  const since = Math.min(...destinations.map((one) => one.waiting_since ?? Number.POSITIVE_INFINITY))
  const words = []
  if (Number.isFinite(since)) words.push(`oldest for ${span(now.value - since)}`)
  if (rejected > 0) words.push(`${count(rejected)} rejected`)
  if (paused > 0) words.push(`${paused} paused`)
  const tone = paused > 0 || rejected > 0 ? 'bad' : waiting > 0 ? 'warn' : 'good'
  return (
    <Tile name="Waiting for destinations" value={count(waiting)} tone={tone}>
      {words.join(' · ') || (destinations.length > 0 ? 'everything delivered' : 'no destination yet')}
    </Tile>
  )
}

function InForce({ blocks: all, enabled }: { blocks: Block[]; enabled: boolean }) {
  const blocks = all.filter((block) => !block.asks)
  const asking = all.length - blocks.length
  const ends = blocks.map((block) => block.until).filter((until) => until !== undefined)
  const failed = blocks.filter((block) => block.state === 'failed').length
  const words = []
  if (asking > 0) words.push(`${asking} to approve`)
  if (failed > 0) words.push(`${failed} failed`)
  if (!enabled) words.push('dry run: nothing is touched')
  else if (ends.length > 0) words.push(`next ends in ${countdown(Math.min(...ends) - now.value)}`)
  return (
    <Tile
      name="Blocks in force"
      value={count(blocks.length)}
      tone={failed > 0 ? 'bad' : asking > 0 ? 'warn' : undefined}
    >
      {words.join(' · ') || (blocks.length > 0 ? 'until undone by hand' : 'nothing is blocked')}
    </Tile>
  )
}

function Tile(props: { name: string; value: string; tone?: string; children: ComponentChildren }) {
  return (
    <section class={`tile ${props.tone ?? ''}`}>
      <h2>{props.name}</h2>
      <strong>{props.value}</strong>
      <div class="note">{props.children}</div>
    </section>
  )
}

function Spark({ values }: { values: number[] }) {
  if (values.length < 2) return null
  const top = Math.max(...values, 1e-9)
  const points = values.map(
    (value, i) => `${((i / (values.length - 1)) * 100).toFixed(1)},${(27 - (value / top) * 24).toFixed(1)}`,
  )
  return (
    <svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true">
      <polygon points={`0,28 ${points.join(' ')} 100,28`} />
      <polyline points={points.join(' ')} />
    </svg>
  )
}
