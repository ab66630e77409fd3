import type { Block, Refusal } from '../../api/parts.ts'
import { openRecords } from './block-records.tsx'
import { Card, Dot, Empty } from './card.tsx'
import { openAnswer, openAnswerAll, openBlock, openExtend, openUndo } from './dialogs.tsx'
import { countdown, fullTime, span } from './format.ts'
import { now, overview } from './store.ts'

export function Blocks() {
  const view = overview.value
  if (!view?.blocks) return null
  const canBlock = (view.block_responses ?? []).length > 0
  // What waits for somebody first, then what ends next.
  const rank = ({ asks, until }: Block) => (asks ? asks.until - 1e15 : (until ?? Infinity))
  const sorted = view.blocks.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)))
  return (
    <Card
      title="Blocks"
      count={view.blocks.length}
      action={
        <>
          <button type="button" class="small" onClick={() => openRecords('history')}>
            History
          </button>
          <button type="button" class="small" onClick={() => openRecords('allowed')}>
            Allowed
          </button>
          {canBlock && (
            <button type="button" class="small" onClick={() => openBlock({})}>
              Block …
            </button>
          )}
        </>
      }
    >
      {!view.status.responses_enabled && (
        <p class="notice">Dry run: Outrider says what it would block and touches nothing.</p>
      )}
      {sorted.length === 0 && <Empty>Nothing is blocked.</Empty>}
      <AnswerAll count={sorted.filter(({ asks }) => asks).length} />
      <ul class="items">
        {sorted.map((block) => (
          <Item key={block.id} block={block} />
        ))}
      </ul>
      <Refusals refusals={view.refusals ?? []} />
    </Card>
  )
}

function AnswerAll({ count }: { count: number }) {
  if (count < 2) return null
  return (
    <p class="notice between">
      {count} wait for approval.
      <span class="buttons">
        <button type="button" class="small" onClick={() => openAnswerAll(count, true)}>
          Approve all …
        </button>
        <button type="button" class="small" onClick={() => openAnswerAll(count, false)}>
          Refuse all …
        </button>
      </span>
    </p>
  )
}

function Item({ block }: { block: Block }) {
  const { since, asks } = block
  const until = asks?.until ?? block.until
  const left = until === undefined ? undefined : until - now.value
  const share = left === undefined ? undefined : Math.min(1, Math.max(0, left / Math.max(1, until! - since)))
  const tone = block.state === 'failed' ? 'bad' : block.state === 'in force' ? 'good' : 'warn'
  return (
    <li class="item">
      <Dot tone={tone} label={block.state} />
      <div class="grow">
        <div class="between">
          <span class="name mono">{block.key}</span>
          <span class="countdown" title={until === undefined ? 'until undone' : `until ${fullTime(until)}`}>
            {left === undefined ? 'for ever' : left > 0 ? countdown(left) : 'ending'}
            {asks && ' to answer'}
          </span>
        </div>
        <div class="muted small">
          {block.response}
          {block.host !== undefined && ` on ${block.host}`}
          {block.dry_run && <span class="tag">dry run</span>}
          {asks && <span class="tag error">waits for approval</span>}
          {block.state !== 'in force' && !asks && (
            <span class={`tag ${block.state === 'failed' ? 'error' : ''}`}>{block.state}</span>
          )}
          {' · '}
          <span title={`since ${fullTime(since)}`}>{span(now.value - since)} ago</span> · by {block.by}
        </div>
        <div class="between">
          <div class="small">
            {block.why}
            {block.reason && <div class="reason">{block.reason}</div>}
          </div>
          <div class="buttons">
            {asks && (
              <>
                <button
                  type="button"
                  class="small primary"
                  onClick={() => openAnswer(block, true)}
                  aria-label={`Approve the block of ${block.key}`}
                >
                  Approve
                </button>
                <button
                  type="button"
                  class="small"
                  onClick={() => openAnswer(block, false)}
                  aria-label={`Refuse the block of ${block.key}`}
                >
                  Refuse
                </button>
              </>
            )}
            {until !== undefined && !asks && (
              <button
                type="button"
                class="small"
                onClick={() => openExtend(block)}
                aria-label={`Extend the block of ${block.key}`}
              >
                Extend
              </button>
            )}
            {!asks && (
              <button
                type="button"
                class="small"
                onClick={() => openUndo(block)}
                aria-label={`Undo the block of ${block.key}`}
              >
                Undo
              </button>
            )}
          </div>
        </div>
      </div>
      {share !== undefined && <progress max={1} value={share} aria-hidden="true" />}
    </li>
  )
}

function Refusals({ refusals }: { refusals: Refusal[] }) {
  if (refusals.length === 0) return null
  return (
    <details class="refusals">
      <summary>{refusals.length} refused by guards</summary>
      <ul class="items">
        {refusals.slice(0, 50).map((refusal) => (
          <li key={`${refusal.at} ${refusal.key}`} class="item">
            <div class="grow">
              <div class="name mono">{refusal.key}</div>
              <div class="muted small">
                {refusal.response} · {refusal.guard} · {span(now.value - refusal.at)} ago
              </div>
              <div class="small">{refusal.reason}</div>
            </div>
          </li>
        ))}
      </ul>
    </details>
  )
}
