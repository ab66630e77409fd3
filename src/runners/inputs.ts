/** Everything that events come from, as sources of the pipeline. */
import { hostname } from 'node:os'
import type { InputStatus } from '../api/parts.ts'
import type { Config, LocalfileBlock } from '../config.ts'
import type { State } from '../durable/state.ts'
import { isPattern } from '../inputs/glob.ts'
import type { Input } from '../inputs/localfile.ts'
import { openInput, withoutRepeats } from '../inputs/open.ts'
import type { Log } from '../log.ts'
import { readQueueMessage } from '../wazuh/queue-message.ts'
import type { Source } from './pipeline.ts'
import { readyWodles } from './wodles.ts'

export interface Inputs {
  sources: Source[]
  status(): Status[]
  close(): Promise<void>
}

/** Without counts where the pipeline keeps them, by the name of the source. */
type Status = Omit<InputStatus, 'events'> & { source: string; events?: number }

interface Opened {
  kind: InputStatus['kind']
  input: Input
  label?: string
  trouble?: () => string | undefined
}

export interface InputParts {
  config: Config
  state: State
  now(): number
  utc_offset(at_ms: number): number
  log: Log
  /** Appends lines to an event file of ours. */
  append(file: string, lines: string[]): Promise<void>
  /** A wodle gave less than it should. */
  wodleFailed(tag: string, reason: string): void
  /** Event file with our own health. */
  health_file: string
  /** Event file of look-ups; undefined when there are none. */
  lookup_file?: string
}

export async function openInputs(parts: InputParts): Promise<Inputs> {
  const { config, log, state, now, utc_offset } = parts
  const opened: Opened[] = []
  const open = async (
    kind: InputStatus['kind'],
    block: LocalfileBlock,
    event_location?: string,
    trouble?: () => string | undefined,
    wrap = (input: Input) => input,
  ) => {
    try {
      const options = { block, home: config.home, hostname: hostname(), state, now, utc_offset, log, event_location }
      // Our own files are rotated only when they are read, so nothing needs to settle and nobody needs to be told.
      const isOurs = kind !== 'file' || event_location !== undefined
      const input = await openInput(isOurs ? { ...options, announce: false, settle_ms: 0 } : options)
      if (input) opened.push({ kind, input: wrap(input), trouble })
    } catch (error) {
      log.error(
        `${block.place.file}:${block.place.line} "${block.location}" is not followed: ${(error as Error).message}`,
      )
    }
  }

  for (const block of withoutRepeats(config.ossec.localfiles, log)) await open('file', block)
  for (const { name, file } of config.receivers) {
    await open('receiver', eventFile(file, 'json'))
    for (const one of opened) if (one.input.name === file) one.label = `webhook ${name}`
  }
  await open('file', eventFile(parts.health_file, 'json'), 'outrider')
  const { lookup_file } = parts
  if (lookup_file !== undefined)
    await open('file', eventFile(lookup_file, 'syslog'), 'lookups', undefined, withOwnLocations)

  // Their files are followed before anything is written to them.
  const wodles = readyWodles({ ...parts, failed: parts.wodleFailed })
  for (const { file, location, trouble } of wodles) await open('wodle', eventFile(file, 'syslog'), location, trouble)
  const ending = new AbortController()
  const running = wodles.map((wodle) => wodle.start(ending.signal))

  return {
    sources: opened.map(({ input }) => input),
    status: () => opened.flatMap(statusOf),
    async close() {
      ending.abort()
      await Promise.all(running)
      await Promise.all(opened.map(({ input }) => input.close()))
    },
  }
}

function statusOf({ kind, input, label, trouble }: Opened): Status[] {
  const source = input.name
  const why = trouble?.()
  if (why) return [{ name: label ?? source, source, kind, state: 'failing', detail: why }]
  if (!isPattern(source))
    return input.status().map(({ state, detail }) => ({ name: label ?? source, source, kind, state, detail }))
  const files = input.status().map((file) => ({ ...file, source, kind }))
  return files.length > 0 ? files : [{ name: source, source, kind, state: 'waiting', detail: 'no file matches yet' }]
}

/** Each line is a message with a location of its own. */
function withOwnLocations(input: Input): Input {
  return {
    name: input.name,
    async next(signal) {
      const batch = await input.next(signal)
      return batch && { ...batch, events: batch.events.flatMap(({ log }) => readQueueMessage(log) ?? []) }
    },
    status: () => input.status(),
    close: () => input.close(),
  }
}

/** A file that only we write to: all of it is new, from its first line on. */
function eventFile(location: string, log_format: string): LocalfileBlock {
  return {
    place: { file: 'outrider', line: 0 },
    location,
    log_format,
    frequency: 0,
    only_future_events: false,
    labels: [],
    ignore: [],
    restrict: [],
  }
}
