/**
 * What decoding fills and rules read: one event on its way through the engine (spec/engine-decoders.md sections 1, 2 and 6). All text is byte
 * strings (`../alert.ts`). An unset value is `undefined`; a captured empty text is `''` and counts as set.
 *
 * Who writes what: pre-decoding writes `full_log`, `log`, `location`, `agent_id`, `hostname`, `program_name` and `timestamp`; the decoders
 * write `decoder`, `type`, the static and the dynamic fields, and what a plugin overrides (`location`, `full_log`). Nobody writes after that.
 */

import { emptyShape, type Shape } from './shape.ts'

/** Static fields, in the order in which an alert prints those of `data`; the two of GeoIP stand last and are never part of `data`. */
export const staticNames = [
  'protocol',
  'action',
  'srcip',
  'srcport',
  'srcuser',
  'dstip',
  'dstport',
  'dstuser',
  'id',
  'status',
  'url',
  'data',
  'extra_data',
  'system_name',
  'srcgeoip',
  'dstgeoip',
] as const

export type StaticName = (typeof staticNames)[number]

/** Index of each static field in {@link EngineEvent.statics}. */
export const Static = Object.fromEntries(staticNames.map((name, index) => [name, index])) as Record<StaticName, number>

/** Category of an event: the `<type>` of its decoder. `ossec-alert` is what OSSECAlert_Decoder makes of a forwarded alert. */
export type EventType =
  | 'syslog'
  | 'firewall'
  | 'ids'
  | 'web-log'
  | 'squid'
  | 'windows'
  | 'host-information'
  | 'ossec'
  | 'ossec-alert'

/** `<fts>` of a decoder (spec/engine-decoders.md section 9.1): which parts make the key. The name is always one. */
export interface FtsKey {
  id: boolean
  dstuser: boolean
  srcuser: boolean
  srcip: boolean
  dstip: boolean
  data: boolean
  system_name: boolean
  location: boolean
  /** Dynamic fields, in the position of `<order>`. */
  dynamic: string[]
}

/** What an event keeps of the decoder that matched. One object per decoder, shared by all its events. */
export interface DecoderInfo {
  /** What alerts and `<decoded_as>` see: a child carries its parent's name unless `use_own_name`. */
  name: string
  /** Only for a child that won through its prematch. */
  parent?: string
  type: EventType
  fts?: FtsKey
  ftscomment?: string
  accumulate: boolean
  /** What a printer has prepared of it. */
  text?: string
}

const noStatics: readonly undefined[] = new Array(staticNames.length).fill(undefined)

export class EngineEvent {
  full_log = ''
  /** What pre-decoding left of `full_log`; `<match>` and `<regex>` look at this. */
  log = ''
  /** As it came, without the `[ID] ` of an agent: `/var/log/auth.log` or `(NAME) IP->PATH`. */
  location = ''
  agent_id = '000'
  /** Agent name, or syslog host, or the manager's short host name; possibly empty. */
  hostname = ''
  program_name: string | undefined = undefined
  /** Time stamp text found by pre-decoding; it never influences anything. */
  timestamp: string | undefined = undefined
  /** Arrival, milliseconds since 1970. */
  at_ms = 0

  decoder: DecoderInfo | undefined = undefined
  /** `decoder.type`, `syslog` without decoder; a plugin may override it for this event. */
  type: EventType = 'syslog'
  /** By {@link Static}. */
  statics: (string | undefined)[] = [...noStatics]
  /** Names of the dynamic fields in capture order; a repeated name stands again, and look-ups take the first, ignoring ASCII case. */
  shape: Shape = emptyShape()
  /** Values of the dynamic fields. */
  values: string[] = []
  /** Set by OSSECAlert_Decoder: the rule that the forwarded alert names. */
  forwarded_rule: number | undefined = undefined

  get names(): readonly string[] {
    return this.shape.names
  }

  /** Value of a dynamic field by its name in any case; undefined when unset. */
  dynamic(name: string): string | undefined {
    const place = this.shape.placeOf(name)
    return place === -1 ? undefined : this.values[place]
  }
}
