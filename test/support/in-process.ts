import type { TestContext } from 'node:test'
import type { Log } from '../../src/log.ts'
import { type Daemon, type DaemonEnv, startDaemon } from '../../src/runners/daemon.ts'
import { definitions } from '../../src/runners/definitions.ts'
import { loadConfig } from '../../src/settings.ts'

export interface TestDaemon extends Daemon {
  /** Messages, without debug. */
  log: string[]
}

/** A daemon in this process, whose clock stands still until it is moved. Its timers are real. */
export async function startWithClock(t: TestContext, home: string, clock: { at: number }): Promise<TestDaemon> {
  return start(t, home, { now: () => clock.at })
}

/** A daemon in this process whose time runs faster, that of its timers too: an hour is 3.6 seconds at a speed of 1,000. */
export async function startWithFastClock(
  t: TestContext,
  home: string,
  speed: number,
): Promise<TestDaemon & { now(): number }> {
  const started = Date.now()
  const begun = performance.now()
  const now = () => Math.floor(started + (performance.now() - begun) * speed)
  const schedule = (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms / speed)
    return () => clearTimeout(timer)
  }
  return { ...(await start(t, home, { now, schedule })), now }
}

async function start(t: TestContext, home: string, time: Pick<DaemonEnv, 'now' | 'schedule'>): Promise<TestDaemon> {
  const log: string[] = []
  const note = (message: string) => void log.push(message)
  const quiet: Log = { debug() {}, info: note, warn: note, error: note }
  const config = await loadConfig({ home, definitions })
  const daemon = await startDaemon(config, { ...time, log: quiet })
  t.after(() => daemon.stop())
  return { ...daemon, log }
}
