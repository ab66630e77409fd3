/**
 * The live list. Rows have a fixed height, so only those in view exist: with `top` the first one is `top / height`. New alerts come in above; who has
 * scrolled down keeps what is being read in place, because the scroll position moves along.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Command, Level } from './card.tsx'
import { clockTime, count, fullTime } from './format.ts'
import { Histogram } from './histogram.tsx'
import { allRows, gap, held, leastLevel, paused, type Row, rows, selected, setPaused, words } from './live.ts'
import { overview } from './store.ts'

const overscan = 8
const narrow = matchMedia('(max-width: 720px)')

export function AlertList() {
  return (
    <section class="card alerts">
      <div class="card-head">
        <h2>Alerts</h2>
        <Filters />
      </div>
      <Histogram />
      {gap.value && (
        <p class="notice">
          Some alerts came and went while this page was away; all are in alerts.json.
          <button type="button" class="quiet small" onClick={() => (gap.value = false)}>
            ok
          </button>
        </p>
      )}
      {rows.value.length === 0 ? <Nothing /> : <Rows />}
    </section>
  )
}

function Filters() {
  return (
    <div class="filters">
      <select
        aria-label="Least level"
        value={String(leastLevel.value)}
        onChange={(event) => (leastLevel.value = Number(event.currentTarget.value))}
      >
        <option value="0">all levels</option>
        <option value="4">level 4 and up</option>
        <option value="7">level 7 and up</option>
        <option value="10">level 10 and up</option>
        <option value="12">level 12 and up</option>
      </select>
      <input
        id="search"
        type="search"
        placeholder="Filter: words, !not"
        title="Every word must occur in the alert; !word must not. Press / to come here."
        aria-label="Filter by words"
        autocomplete="off"
        spellcheck={false}
        value={words.value}
        onInput={(event) => (words.value = event.currentTarget.value)}
      />
      <button
        type="button"
        class={paused.value ? 'primary' : ''}
        aria-pressed={paused.value}
        onClick={() => setPaused(!paused.value)}
        title="Press p"
      >
        {paused.value ? `Resume${held.value > 0 ? ` · ${count(held.value)} new` : ''}` : 'Pause'}
      </button>
    </div>
  )
}

function Nothing() {
  if (allRows.value.length > 0) {
    return (
      <div class="nothing">
        <p>None of {count(allRows.value.length)} alerts fits the filter.</p>
        <button type="button" onClick={showAll}>
          Show all
        </button>
      </div>
    )
  }
  const next = overview.value?.status.next_step
  return (
    <div class="nothing">
      <p class="lead">No alert yet. They appear here as they happen.</p>
      {next && (
        <>
          <p>{next.text}</p>
          <Command text={next.command} />
        </>
      )}
    </div>
  )
}

function showAll() {
  leastLevel.value = 0
  words.value = ''
}

function Rows() {
  const box = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const [space, setSpace] = useState({ height: 600, row: narrow.matches ? 58 : 34 })
  const list = rows.value
  const newest = list.at(-1)?.id
  const before = useRef<{ newest?: string }>({})

  useLayoutEffect(() => {
    const measure = () => setSpace({ height: box.current?.clientHeight ?? 600, row: narrow.matches ? 58 : 34 })
    const observer = new ResizeObserver(measure)
    observer.observe(box.current!)
    return () => observer.disconnect()
  }, [])
  useLayoutEffect(() => {
    const known = before.current.newest
    before.current.newest = newest
    const element = box.current!
    if (known === undefined || known === newest || element.scrollTop === 0) return
    let added = 0
    while (added < list.length && list[list.length - 1 - added]!.id !== known) added++
    if (added < list.length) element.scrollTop += added * space.row
  }, [newest])

  const first = Math.max(0, Math.floor(top / space.row) - overscan)
  const end = Math.min(list.length, Math.ceil((top + space.height) / space.row) + overscan)
  const visible: { row: Row; index: number }[] = []
  for (let index = first; index < end; index++) visible.push({ row: list[list.length - 1 - index]!, index })

  const move = (index: number) => {
    const row = list[list.length - 1 - index]
    if (!row) return
    selected.value = row.id
    const element = box.current!
    const at = index * space.row
    if (at < element.scrollTop) element.scrollTop = at
    if (at + space.row > element.scrollTop + element.clientHeight)
      element.scrollTop = at + space.row - element.clientHeight
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(space.height / space.row) - 1)
    const found = list.findIndex((row) => row.id === selected.value)
    const at = found < 0 ? -1 : list.length - 1 - found
    const steps: Record<string, number> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page }
    let to: number
    if (event.key in steps) to = at < 0 ? 0 : at + steps[event.key]!
    else if (event.key === 'Home') to = 0
    else if (event.key === 'End') to = list.length - 1
    else return
    event.preventDefault()
    move(Math.min(Math.max(to, 0), list.length - 1))
  }

  return (
    <div class="list">
      <div class="row heads" aria-hidden="true">
        <span>time</span>
        <span>level</span>
        <span>what</span>
        <span>source</span>
        <span>agent or log</span>
        <span class="rule">rule</span>
      </div>
      <div
        ref={box}
        class="rows"
        role="listbox"
        tabIndex={0}
        aria-label="Alerts, newest first"
        aria-activedescendant={selected.value && `alert-${selected.value}`}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        onKeyDown={onKeyDown}
      >
        <div style={{ height: `${list.length * space.row}px` }}>
          {visible.map(({ row, index }) => (
            <AlertRow key={row.id} row={row} at={index * space.row} index={index} of={list.length} />
          ))}
        </div>
      </div>
      {top > space.row && (
        <button type="button" class="to-top" onClick={() => (box.current!.scrollTop = 0)}>
          ↑ newest
        </button>
      )}
    </div>
  )
}

function AlertRow({ row, at, index, of }: { row: Row; at: number; index: number; of: number }) {
  const { alert } = row
  const isSelected = selected.value === row.id
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names its active row.
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled by the list.
    <div
      id={`alert-${row.id}`}
      class={`row ${isSelected ? 'selected' : ''}`}
      role="option"
      aria-selected={isSelected}
      aria-posinset={index + 1}
      aria-setsize={of}
      style={{ transform: `translateY(${at}px)` }}
      onClick={() => (selected.value = isSelected ? undefined : row.id)}
    >
      <time title={fullTime(row.time)}>{clockTime(row.time)}</time>
      <Level level={row.level} />
      <span class="description">{alert.rule.description}</span>
      <span class="source">{source(row)}</span>
      <span class="place">{alert.agent?.name ?? alert.location ?? ''}</span>
      <span class="rule">{alert.rule.id}</span>
    </div>
  )
}

/** Who did it: the source address where there is one, else the user. */
function source({ alert }: Row): string {
  const { srcip, srcuser, dstuser } = alert.data ?? {}
  const value = srcip ?? srcuser ?? dstuser
  return typeof value === 'string' ? value : ''
}
