/** For tests of inputs: a home folder, a state.db, a log that remembers, and a block with its defaults. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { LocalfileBlock } from '../config.ts'
import { openState, type State } from '../durable/state.ts'
import type { Log } from '../log.ts'
import type { Input } from './localfile.ts'

export interface InputBench {
  home: string
  state: State
  log: Log
  /** `level: message`, in order. */
  logged: string[]
}

export function makeBench(t: TestContext): InputBench {
  const home = mkdtempSync(join(tmpdir(), 'outrider-inputs-'))
  const state = openState(join(home, 'state.db'))
  t.after(() => {
    state.close()
    rmSync(home, { recursive: true, force: true })
  })
  const logged: string[] = []
  const at = (level: string) => (message: string) => void logged.push(`${level}: ${message}`)
  return { home, state, logged, log: { debug: () => {}, info: at('info'), warn: at('warn'), error: at('error') } }
}

export function localfile(parts: Partial<LocalfileBlock>): LocalfileBlock {
  return {
    place: { file: 'ossec.conf', line: 1 },
    location: '',
    log_format: 'syslog',
    frequency: 360,
    only_future_events: true,
    labels: [],
    ignore: [],
    restrict: [],
    ...parts,
  }
}

/** Takes `count` events, each batch committed as the daemon does it. */
export async function take(input: Input, state: State, count: number): Promise<{ log: string; location: string }[]> {
  const events: { log: string; location: string }[] = []
  while (events.length < count) {
    const batch = (await input.next())!
    events.push(...batch.events)
    state.transaction(() => batch.commit())
  }
  return events
}

/** What is there right now, each batch committed. */
export async function drain(input: Input, state: State): Promise<string[]> {
  const logs: string[] = []
  for (let batch = await input.next(AbortSignal.abort()); batch; batch = await input.next(AbortSignal.abort())) {
    logs.push(...batch.events.map(({ log }) => log))
    state.transaction(() => batch.commit())
  }
  return logs
}
