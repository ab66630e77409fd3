/**
 * The alerts of the page: the newest of the ring first, then the live stream. Kept oldest first; the list shows them from the end. Bounded by count
 * and size like the ring itself, because one alert may carry 64 KiB.
 */
import { computed, signal } from '@preact/signals'
import type { Alert } from '../../alert.ts'
import { type AlertFilter, matches, searchText, toWords } from '../../api/alert-filter.ts'
import { call } from './api.ts'
import { parseTime } from './format.ts'
import { isStreaming } from './store.ts'

export interface Row {
  /** `EPOCH-SEQ`. */
  id: string
  alert: Alert
  level: number
  time: number
  size: number
  /** What the word filter looks at, made when first needed. */
  text?: string
}

const max_rows = 5000
const max_size = 32 * 1024 * 1024
const first_rows = 1000
const retry_ms = 3000
/** New alerts are shown this often at most, so that a burst costs one render. */
const batch_ms = 40

/** The filter as the person set it. */
export const leastLevel = signal(0)
export const words = signal('')
const filter = computed<AlertFilter>(() => ({ level: leastLevel.value, rules: [], words: toWords(words.value) }))
export const paused = signal(false)
/** Alerts that came while paused. */
export const held = signal(0)
/** Something between what is shown was lost: the ring had moved on while we were away. */
export const gap = signal(false)
export const selected = signal<string | undefined>(undefined)

/** Told apart by `version`: the array itself is changed in place. */
const all: Row[] = []
const version = signal(0)
let size = 0
let waiting: Row[] = []
let isScheduled = false
let last = ''
/** Set when the daemon was restarted: its ring may hold again what is shown already. */
let shown: Set<string> | undefined

export const rows = computed<readonly Row[]>(() => {
  version.value
  const wanted = filter.value
  return all.filter((row) => isWanted(row, wanted))
})
/** All of them, whatever the filter; a new array per change. */
export const allRows = computed<readonly Row[]>(() => {
  version.value
  return all.slice()
})
export const selectedRow = computed(() => {
  version.value
  return all.find((row) => row.id === selected.value)
})

function isWanted(row: Row, wanted: AlertFilter): boolean {
  return matches(wanted, row.level, String(row.alert.rule.id), () => (row.text ??= searchText(row.alert)))
}

function toRow(id: string, alert: Alert, chars: number): Row {
  return { id, alert, level: Number(alert.rule?.level) || 0, time: parseTime(alert.timestamp ?? ''), size: chars }
}

function show(): void {
  isScheduled = false
  if (paused.value) {
    held.value = waiting.length
    return
  }
  for (const row of waiting) {
    all.push(row)
    size += row.size
  }
  waiting = []
  let cut = 0
  while (all.length - cut > 1 && (all.length - cut > max_rows || size > max_size)) size -= all[cut++]!.size
  all.splice(0, cut)
  held.value = 0
  version.value++
}

function add(row: Row): void {
  waiting.push(row)
  if (waiting.length > max_rows) waiting.shift()
  if (isScheduled) return
  isScheduled = true
  setTimeout(show, batch_ms)
}

export function setPaused(value: boolean): void {
  paused.value = value
  show()
}

const identity = ({ id, timestamp, rule }: Alert) => `${id} ${timestamp} ${rule.id}`

/** Loads the newest and follows. Called again after the stream was refused. */
export async function follow(): Promise<void> {
  let newest: { last: string; alerts: { seq: number; alert: Alert }[] }
  try {
    newest = await call('GET', `alerts?limit=${first_rows}`)
  } catch {
    setTimeout(follow, retry_ms)
    return
  }
  all.length = 0
  size = 0
  waiting = []
  last = newest.last
  const [epoch] = last.split('-')
  for (const { seq, alert } of newest.alerts.toReversed()) {
    // Measured here, because the text as it came is gone; only the size of what is long matters.
    waiting.push(toRow(`${epoch}-${seq}`, alert, 500 + (alert.full_log?.length ?? 0)))
  }
  show()

  const stream = new EventSource(`/api/alerts/stream?after=${encodeURIComponent(last)}`)
  stream.onopen = () => {
    isStreaming.value = true
  }
  stream.onmessage = ({ lastEventId, data }: MessageEvent<string>) => {
    const alert = JSON.parse(data) as Alert
    // Another epoch is another run of the daemon.
    if (lastEventId.split('-')[0] !== last.split('-')[0]) shown = new Set(all.map((row) => identity(row.alert)))
    last = lastEventId
    if (!shown?.has(identity(alert))) add(toRow(lastEventId, alert, data.length))
  }
  stream.addEventListener('gap', () => {
    gap.value = true
  })
  stream.onerror = () => {
    isStreaming.value = false
    // Otherwise the browser comes back by itself and says where it was.
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, retry_ms)
  }
}
