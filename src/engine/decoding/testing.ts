/** For tests of this folder: decoders from a text, and what they make of a line. */
import { EngineEvent, staticNames } from '../event.ts'
import type { DecoderMemory, LoadedDecoders } from './index.ts'
import { createDecoderMemory, decode, loadDecoders, predecode } from './index.ts'

/** The original does not start without a decoder in each list; these match nothing. */
const fillers =
  '<decoder name="p"><program_name>^no such program$</program_name></decoder>' +
  '<decoder name="n"><prematch>^no such log$</prematch></decoder>\n'

/** Loads `text` as `etc/decoders/mine.xml`, which begins in line 2. */
export function load(text: string, options: Parameters<typeof loadDecoders>[1] = {}): LoadedDecoders {
  return loadDecoders([{ path: 'etc/decoders/mine.xml', text: fillers + text }], options)
}

/** A line through pre-decoding and decoders. */
export function decoded(
  loaded: LoadedDecoders,
  log: string,
  memory: DecoderMemory = createDecoderMemory(),
): EngineEvent {
  const event = new EngineEvent()
  predecode(event, { log, location: '/var/log/test' }, 'manager')
  decode(event, loaded.decoders, memory, 0)
  return event
}

/** `name a=1 b=2`: decoder (`-` for none), then the static and dynamic fields that are set. */
export function summary(event: EngineEvent): string {
  const statics = staticNames.flatMap((name, i) =>
    event.statics[i] === undefined ? [] : `${name}=${event.statics[i]}`,
  )
  const dynamic = event.names.map((name, i) => `${name}=${event.values[i]}`)
  const { name, parent } = event.decoder ?? { name: '-' }
  return [parent === undefined ? name : `${parent}>${name}`, ...statics, ...dynamic].join(' ')
}
