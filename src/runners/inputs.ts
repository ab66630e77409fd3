/** Everything that events come from, as sources of the pipeline. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { InputStatus } from '../api/parts.ts'
import type { Config, LocalfileBlock } from '../config.ts'
import type { State } from '../durable/state.ts'
import { type Input, openLocalfile } from '../inputs/localfile.ts'
import type { Log } from '../log.ts'
import { definitions } from './definitions.ts'
import type { Source } from './pipeline.ts'
import { startWodles } from './wodles.ts'

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

  // Files are opened before anything is written to them.
  const wodles = await Promise.all(
    config.wodles.map(async (setting) => ({
      setting,
      definition: (await definitions.wodles[setting.type]!()).default,
      file: join(config.home, 'queue', 'events', `command_${setting.tag}`),
    })),
  )
  for (const { setting, file } of wodles) await open('wodle', eventFile(file, 'syslog'), `command_${setting.tag}`)
  const schedule = startWodles({ wodles, append, log, state: rest.state, now: rest.now })

  return {
    sources: opened.map(({ input }) => input),
    status: () =>
      opened.flatMap(({ kind, input }) =>
        input.status().map(({ name, state, detail }) => ({ name, kind, state, detail })),
      ),
    close: async () => {
      schedule.close()
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
