/**
 * `<localfile>` with log_format `command` or `full_command` (read_command.c, read_fullcommand.c, 4.14; spec/wodle-command.md B2): a shell line run every
 * `frequency` seconds, whose output becomes events. /bin/sh is the contract here: people write pipes.
 */
import { toBytes } from '../alert.ts'
import type { LocalfileBlock } from '../config.ts'
import type { Input, InputBatch, InputStatus, LocalfileOptions } from './localfile.ts'
import { eventMaker } from './localfile.ts'
import { failureOf, runProgram } from './process.ts'

export interface CommandOptions extends Omit<LocalfileOptions, 'state' | 'announce' | 'settle_ms' | 'rescan_ms'> {
  /** Resolves after so many milliseconds, or when the signal comes. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** One event of full_command, and the text before each line of command; Wazuh's limits. */
const max_full_bytes = 65_024
const max_prefix_bytes = 255
/** Wazuh waits for ever. A command that hangs is ended after its frequency, but not before it had a minute. */
const least_deadline_ms = 60_000

/** Nothing of it is kept over restarts: the command simply runs again. */
export function openCommand(options: CommandOptions): Input {
  const { block, home, log, now, sleep } = options
  const name = block.alias || block.command!
  const prefix = `ossec: output: '${toBytes(name)}':`.slice(0, max_prefix_bytes)
  const toEvent = eventMaker(options)
  const ended = new AbortController()
  const status: InputStatus = { name, state: 'waiting', events: 0 }
  let due = now()

  async function run(signal: AbortSignal): Promise<InputBatch | undefined> {
    const result = await runProgram({
      argv: ['/bin/sh', '-c', block.command!],
      cwd: home,
      deadline_ms: Math.max(block.frequency * 1000, least_deadline_ms),
      stderr: 'drop',
      signal,
    })
    if (result.aborted) return undefined
    const problem = failureOf(result)
    // Said once: a grep that finds nothing ends with 1 every time.
    if (problem !== undefined && problem !== status.detail) log.warn(`command "${name}": ${problem}; its output counts`)
    status.state = problem === undefined ? 'ok' : 'failing'
    status.detail = problem
    const logs = block.log_format === 'command' ? lineLogs(prefix, result.output) : fullLog(prefix, result.output)
    const events = logs.flatMap((text) => toEvent(text, name) ?? [])
    status.events += events.length
    if (events.length > 0) status.last_event = now()
    return { events, commit() {} }
  }

  return {
    name,
    async next(signal) {
      const either = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal
      while (!either.aborted) {
        if (due > now()) {
          await sleep(due - now(), either)
          continue
        }
        due = Math.max(due + block.frequency * 1000, now())
        const batch = await run(either)
        if (batch && batch.events.length > 0) return batch
      }
      return undefined
    },
    status: () => [{ ...status }],
    async close() {
      ended.abort()
    },
  }
}

function lineLogs(prefix: string, output: string): string[] {
  const lines = output.split('\n')
  // What follows the last line end is empty, or a line without end.
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line) => `${prefix} ${line}`)
}

function fullLog(prefix: string, output: string): string[] {
  const text = output.replaceAll('\r', '').replace(/\n+/g, '\n').replace(/\n$/, '')
  return text === '' ? [] : [`${prefix}\n${text}`.slice(0, max_full_bytes)]
}

/** True for the formats that this is for. */
export function isCommand({ log_format }: LocalfileBlock): boolean {
  return log_format === 'command' || log_format === 'full_command'
}
