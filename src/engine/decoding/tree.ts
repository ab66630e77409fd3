/** What decoder files become: two lists of decoders, each with one level of children (spec/engine-decoders.md section 4). */
import type { DecoderInfo, FtsKey } from '../event.ts'
import type { GeoLookup } from '../index.ts'
import type { Pattern } from '../patterns/index.ts'
import type { Shape } from '../shape.ts'
import type { Candidates } from './candidates.ts'
import type { Gate } from './gates.ts'
import type { JsonShape } from './json.ts'
import type { PluginName } from './plugins/index.ts'

/** Where a pattern begins to look: at the log, or behind what the parent's, its own or the chain's last pattern matched. */
export type Offset = 'log' | 'parent' | 'prematch' | 'regex'

/** A place in `<order>`: index of a static field, or the name of a dynamic one. */
export type Target = number | string

export interface Decoder {
  readonly name: string
  readonly parent: string | undefined
  readonly file: string
  readonly line: number
  /** What an event keeps when this decoder becomes the matched one. */
  readonly info: DecoderInfo
  readonly program?: Pattern
  readonly prematch?: Pattern
  /** Worked out when it is first asked: most decoders never are. */
  prematchGate?: Gate
  readonly prematchOffset: 'log' | 'parent'
  readonly regex?: Pattern
  regexGate?: Gate
  readonly regexOffset: Offset
  readonly order: readonly Target[]
  /** How the captures got their names before. */
  readonly assigned: Assigned[]
  readonly plugin?: PluginName
  /** Looked at in the decoder that matched, which need not be the one that runs the plugin. */
  readonly pluginOffset: Offset
  readonly json: JsonShape
  readonly useOwnName: boolean
  /** A later sibling of the same name continues the chain. */
  hasNext: boolean
  /** Of the regexes of the chain that begins here. */
  chainScreen?: string
}

/** So many captures, and the shapes of the event before and behind them. */
export interface Assigned {
  readonly count: number
  readonly from: Shape
  readonly to: Shape
  readonly isDynamic: boolean
}

/** A top-level decoder. A child belongs to every top-level decoder of its parent's name. */
export interface Root extends Decoder {
  readonly children: Decoder[]
  family?: Family
}

/** The children that begin a chain, by their places. */
export interface Family {
  readonly heads: readonly number[]
  /** Of their prematches. */
  readonly screen: string
}

export interface Decoders {
  /** Tried in order for events with a program name; `program` is set in all of them. */
  readonly withProgram: readonly Root[]
  /** Tried in order for events without; `prematch` is set in all of them. */
  readonly withoutProgram: readonly Root[]
  /** What `<decoded_as>` may name: every decoder by its own name, and the internal ones. */
  readonly names: ReadonlySet<string>
  /** For reports: every decoder once, in file order. */
  readonly all: readonly Decoder[]
  /** Most dynamic fields of an event (`analysisd.decoder_order_size`). */
  readonly maxFields: number
  readonly geoip?: GeoLookup
  /** Try every decoder instead of the likely ones, and keep nothing for the next event. */
  readonly plain: boolean
  readonly candidates: Candidates
}

/** Known to `<decoded_as>` without any file: decoders of message kinds that no XML decoder is tried on. */
export const internalNames = [
  'rootcheck',
  'syscheck_integrity_changed',
  'syscheck_new_entry',
  'syscheck_deleted',
  'syscheck_registry_key_modified',
  'syscheck_registry_key_added',
  'syscheck_registry_key_deleted',
  'syscheck_registry_value_modified',
  'syscheck_registry_value_added',
  'syscheck_registry_value_deleted',
  'hostinfo_new',
  'hostinfo_modified',
  'syscollector',
  'ciscat',
  'windows_eventchannel',
  'sca',
]

/** `<fts>` without anything listed. */
export function emptyFts(): FtsKey {
  return {
    id: false,
    dstuser: false,
    srcuser: false,
    srcip: false,
    dstip: false,
    data: false,
    system_name: false,
    location: false,
    dynamic: [],
  }
}
