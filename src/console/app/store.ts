/** What the page knows: the overview, asked for every two seconds, and the clock that countdowns follow. */
import { computed, signal } from '@preact/signals'
import type { Overview } from '../../api/parts.ts'
import { call, Refused } from './api.ts'

export type Connection = 'connecting' | 'live' | 'lost' | 'signed out'

const answers = signal<'not yet' | 'yes' | 'no' | 'signed out'>('not yet')
/** Set by the live stream. */
export const isStreaming = signal(false)
export const connection = computed<Connection>(() => {
  if (answers.value === 'signed out') return 'signed out'
  if (answers.value === 'yes' && isStreaming.value) return 'live'
  return answers.value === 'no' ? 'lost' : 'connecting'
})
export const overview = signal<Overview | undefined>(undefined)
/** The server's clock, to the second; the browser's may be wrong. */
export const now = signal(Date.now())
/** Events and alerts per second over the last two minutes, oldest first. */
export const rates = signal<{ events: number; alerts: number }[]>([])

const poll_ms = 2000
const samples = 60
let offset = 0
let timer: ReturnType<typeof setTimeout> | undefined

/** Asks now, and again in a while; called after each action too, so that its effect shows at once. */
export async function refresh(): Promise<void> {
  clearTimeout(timer)
  try {
    const next = await call<Overview>('GET', 'overview')
    offset = next.now - Date.now()
    addRate(overview.value, next)
    overview.value = next
    answers.value = 'yes'
  } catch (error) {
    answers.value = error instanceof Refused && error.status === 401 ? 'signed out' : 'no'
  }
  clearTimeout(timer)
  timer = setTimeout(refresh, poll_ms)
}

function addRate(before: Overview | undefined, after: Overview) {
  if (!before?.engine || !after.engine || after.now <= before.now) return
  const seconds = (after.now - before.now) / 1000
  // Counters start again with the daemon.
  if (after.status.started !== before.status.started) return
  const events = Math.max(0, after.engine.events - before.engine.events) / seconds
  const alerts = Math.max(0, after.engine.alerts - before.engine.alerts) / seconds
  rates.value = [...rates.value.slice(1 - samples), { events, alerts }]
}

export function startStore(): void {
  void refresh()
  setInterval(() => {
    now.value = Date.now() + offset
  }, 1000)
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void refresh()
  })
}
