/** Everything that events come from, as sources of the pipeline. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { InputStatus } from '../api/parts.ts'
import type { Config, LocalfileBlock } from '../config.ts'
import type { State } from '../durable/state.ts'
import { type Input, openLocalfile } from '../inputs/localfile.ts'
import type { Log } from '../log.ts'
import type { Source } from './pipeline.ts'

export interface Inputs {
  sources: Source[]
  /** Without counts, which the pipeline keeps. */
  status(): Omit<InputStatus, 'events' | 'last_event'>[]
  close(): Promise<void>
}

interface Opened {
  kind: InputStatus['kind']
  input: Input
}

export async function openInputs(parts: {
  config: Config
  state: State
  now(): number
  utc_offset(at_ms: number): number
  log: Log
  /** Appends lines to an event file of ours. */
  append(file: string, lines: string[]): Promise<void>
}): Promise<Inputs> {
  const { config, log, append, ...rest } = parts
  const opened: Opened[] = []
  const open = async (kind: InputStatus['kind'], block: LocalfileBlock, event_location?: string) => {
    try {
      const input = await openLocalfile({
        block,
        home: config.home,
        hostname: hostname(),
        log,
        event_location,
        ...rest,
      })
      opened.push({ kind, input })
    } catch (error) {
      log.error(`"${block.location}" is not followed: ${(error as Error).message}`)
    }
  }

  for (const block of config.ossec.localfiles) await open('file', block)
  for (const receiver of config.receivers) await open('receiver', eventFile(receiver.file, 'json'))

  return {
    sources: opened.map(({ input }) => input),
    status: () =>
      opened.flatMap(({ kind, input }) =>
        input.status().map(({ name, state, detail }) => ({ name, kind, state, detail })),
      ),
    close: async () => {
      await Promise.all(opened.map(({ input }) => input.close()))
    },
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

export const eventsFolder = (home: string) => join(home, 'queue', 'events')
