/** Runs our own wodles (definitions) on their schedule. Their events become lines of an event file, which is followed like any other. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { toBytes } from '../alert.ts'
import type { WodleSetting } from '../config.ts'
import type { Wodle, WodleContext } from '../define.ts'
import type { State } from '../durable/state.ts'
import type { Log } from '../log.ts'

export interface WodleRunner {
  status(): { name: string; state: 'ok' | 'waiting' | 'failing'; detail?: string }[]
  close(): void
}

/** Longest time that a timer of Node can wait. */
const max_timer_ms = 2 ** 31 - 1

/** This machine's files, for wodles: what cannot be read is not there. */
export const machine: Omit<WodleContext, 'now'> = {
  read: (path) => orUndefined(() => readFileSync(path, 'utf8')),
  list: (path) => orUndefined(() => readdirSync(path)) ?? [],
  readlink: (path) => orUndefined(() => readlinkSync(path)),
}

function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    // A process ended meanwhile, or belongs to somebody else: both are as if it were not there.
    return undefined
  }
}

/**
 * Starts the schedule: at the start when asked for, then at a fixed rate. The time of the last run survives a restart, so that a daemon that restarts often
 * does not run a daily wodle each time.
 *
 * @param append resolves when the lines are on disk
 */
export function startWodles(parts: {
  wodles: { setting: WodleSetting; definition: Wodle; file: string }[]
  state: State
  append(file: string, lines: string[]): Promise<void>
  now(): number
  log: Log
  context?: Omit<WodleContext, 'now'>
}): WodleRunner {
  const { state, append, now, log, context = machine } = parts
  const timers = new Map<string, NodeJS.Timeout>()
  const failures = new Map<string, string>()

  const run = async ({ setting: { tag, options }, definition, file }: (typeof parts.wodles)[number]) => {
    try {
      const events = [...definition.run({ ...context, now: now() }, options)]
      await append(
        file,
        events.map((event) => toBytes(JSON.stringify(event))),
      )
      failures.delete(tag)
    } catch (error) {
      failures.set(tag, (error as Error).message)
      log.error(`wodle "${tag}" failed: ${(error as Error).message}`)
    }
  }

  const schedule = (wodle: (typeof parts.wodles)[number], due: number) => {
    const { tag, interval } = wodle.setting
    const wait = Math.min(Math.max(0, due - now()), max_timer_ms)
    const timer = setTimeout(() => {
      if (due > now()) return schedule(wodle, due)
      state.cursor<number>(`wodle ${tag}`).set(now())
      void run(wodle)
      // From the time it was due, so that runs do not drift; what was missed is not made up.
      const period = interval * 1000
      schedule(wodle, due + period * Math.max(1, Math.ceil((now() - due) / period)))
    }, wait)
    timers.set(tag, timer)
  }

  for (const wodle of parts.wodles) {
    const { tag, interval, run_on_start } = wodle.setting
    const last = state.cursor<number>(`wodle ${tag}`).get()
    schedule(wodle, run_on_start ? now() : (last ?? now()) + interval * 1000)
  }

  return {
    status: () =>
      parts.wodles.map(({ setting: { tag, interval } }) => {
        const failure = failures.get(tag)
        return {
          name: `command_${tag}`,
          state: failure ? 'failing' : 'ok',
          detail: failure ?? `runs every ${interval} s`,
        }
      }),
    close() {
      for (const timer of timers.values()) clearTimeout(timer)
    },
  }
}
