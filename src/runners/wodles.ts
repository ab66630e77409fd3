/** Runs wodles on their schedule: `<wodle name="command">` and our own definitions. Their events become lines of an event file, which is followed like any other. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { toBytes } from '../alert.ts'
import type { Config, WodleSetting } from '../config.ts'
import type { WodleContext } from '../define.ts'
import type { State } from '../durable/state.ts'
import { runOnSchedule, sleep } from '../inputs/schedule.ts'
import { eventFileName, eventLocation, runWodleCommand } from '../inputs/wodle-command.ts'
import type { Log } from '../log.ts'
import { definitions } from './definitions.ts'

/** A wodle whose event file can be followed before it is started. */
export interface ReadyWodle {
  tag: string
  file: string
  location: string
  /** Why the last run gave less than it should. */
  trouble(): string | undefined
  /** Resolves when the signal has come. */
  start(signal: AbortSignal): Promise<void>
}

interface WodleParts {
  config: Config
  state: State
  append(file: string, lines: string[]): Promise<void>
  now(): number
  utc_offset(at_ms: number): number
  log: Log
  /** Told when a run gave less than it should. */
  failed(tag: string, reason: string): void
}

/** This machine's files, for wodles: what cannot be read is not there. */
const machine: Omit<WodleContext, 'now'> = {
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

export function readyWodles(parts: WodleParts): ReadyWodle[] {
  const { config } = parts
  const make = (tag: string, start: (tools: ReturnType<typeof toolsOf>, signal: AbortSignal) => Promise<void>) => {
    const file = join(config.home, 'queue', 'events', eventFileName(tag))
    const tools = toolsOf(tag, file, parts)
    return {
      tag,
      file,
      location: eventLocation(tag),
      trouble: tools.trouble,
      start: (signal: AbortSignal) => start(tools, signal),
    }
  }
  return [
    ...config.ossec.wodles
      .filter((block) => !block.disabled)
      .map((block) => make(block.tag, (tools, signal) => runWodleCommand(block, tools, signal))),
    ...config.wodles.map((setting) => make(setting.tag, (tools, signal) => runDefinition(setting, tools, signal))),
  ]
}

function toolsOf(tag: string, file: string, { config, state, append, now, utc_offset, log, failed }: WodleParts) {
  let trouble: string | undefined
  return {
    home: config.home,
    state,
    now,
    utc_offset,
    log,
    sleep,
    async append(lines: string[]) {
      await append(file, lines)
      trouble = undefined
    },
    failed(_tag: string, reason: string) {
      trouble = reason
      failed(tag, reason)
    },
    trouble: () => trouble,
  }
}

async function runDefinition(
  { tag, type, interval, run_on_start, options }: WodleSetting,
  tools: ReturnType<typeof toolsOf>,
  signal: AbortSignal,
): Promise<void> {
  const { default: definition } = await definitions.wodles[type]!()
  const schedule = { interval: { every: interval, unit: 'seconds' as const } }
  const work = async () => {
    try {
      const events = [...definition.run({ ...machine, now: tools.now() }, options)]
      await tools.append(events.map((event) => toBytes(JSON.stringify(event))))
    } catch (error) {
      tools.failed(tag, (error as Error).message)
      tools.log.error(`wodle "${tag}": ${(error as Error).message}`)
    }
  }
  await runOnSchedule({ ...tools, name: `wodle ${tag}`, schedule, run_on_start, work }, signal)
}
