/** Runs a fake on loopback: listens, injects faults, counts, and tells what became of each request. */
import { createHash } from 'node:crypto'
import type { Fake, Store } from './define.ts'
import { drawFault, type Fault, type Faults } from './faults.ts'
import { listenHttp } from './http.ts'
import { listenStream } from './stream.ts'

/** What became of one request. */
export interface Note {
  verdict: 'accepted' | 'refused' | 'fault'
  /** Method and path without credentials; for what is not HTTP the protocol. */
  request: string
  /** Of an HTTP answer; undefined when there was none. */
  status?: number
  /** What was done, the rule that was broken, or the fault. */
  what: string
  /** Taken, and the answer lost on purpose. */
  lost?: boolean
  /** How much of it had been taken before: with the same idempotency key where the service has one, else with the same content. */
  duplicates: number
}

export interface Counts {
  requests: number
  accepted: number
  refused: number
  /** What was done wrong on purpose; a request that was taken, and whose answer was lost, counts as accepted, too. */
  faults: number
  duplicates: number
}

export interface FakeSettings {
  /** 0, the default, is any that is free. */
  port?: number
  faults?: Faults
  /** Seconds that "too many requests" asks for. Default 1. */
  retry_after?: number
  latency_ms?: number
  /** 0 to below 1. */
  random(): number
  /** Milliseconds since 1970. */
  now(): number
  tell?(note: Note): void
}

export interface RunningFake {
  /** `http://127.0.0.1:PORT`, for other protocols `tcp://…`. */
  url: string
  counts: Counts
  store: Store
  close(): Promise<void>
}

/** What those who listen share. */
export interface Desk {
  settings: FakeSettings
  store: Store
  draw(): Fault | undefined
  note(note: Note): void
  /** The store for one request, which counts what it repeats. `content` is asked for when the fake looks for no key. */
  forOne(): { store: Store; duplicates(content: string | undefined): number }
}

/** @throws when it cannot listen (`EADDRINUSE`, `EACCES`) */
export async function startFake(fake: Fake, settings: FakeSettings): Promise<RunningFake> {
  const counts: Counts = { requests: 0, accepted: 0, refused: 0, faults: 0, duplicates: 0 }
  const store = openStore(settings.now)
  const desk: Desk = {
    settings,
    store,
    draw: () => drawFault(settings.faults ?? {}, settings.random()),
    note(note) {
      counts.requests++
      if (note.verdict !== 'fault') counts[note.verdict]++
      if (note.verdict === 'fault' || note.lost) counts.faults++
      counts.duplicates += note.duplicates
      settings.tell?.(note)
    },
    forOne() {
      let asked = 0
      let repeated = 0
      const repeats = (key: string) => {
        asked++
        const isKnown = store.repeats(key)
        if (isKnown) repeated++
        return isKnown
      }
      return {
        store: { ...store, repeats },
        duplicates(content) {
          if (asked === 0 && content !== undefined) repeats(content)
          return repeated
        },
      }
    },
  }
  const isHttp = 'routes' in fake
  const { port, close } = isHttp ? await listenHttp(fake, desk) : await listenStream(fake, desk)
  return { url: `${isHttp ? 'http' : 'tcp'}://127.0.0.1:${port}`, counts, store, close }
}

function openStore(now: () => number): Store {
  const keys = new Set<string>()
  let count = 0
  return {
    made: new Map(),
    next: () => ++count,
    repeats(key) {
      // A key may be as long as a body.
      const digest = createHash('sha256').update(key).digest('base64')
      const isKnown = keys.has(digest)
      keys.add(digest)
      return isKnown
    },
    now,
  }
}
