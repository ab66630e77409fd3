/** The plugin decoders, by the names that `<plugin_decoder>` gives them (spec/engine-decoders.md section 7). */
import type { EngineEvent } from '../../event.ts'
import type { FieldLimits } from '../fields.ts'
import type { DecoderMemory } from '../memory.ts'
import type { Decoder } from '../tree.ts'
import { decodeJson } from './json.ts'
import { decodeOssecAlert } from './ossec-alert.ts'
import { decodePf } from './pf.ts'
import { decodeSonicWall } from './sonicwall.ts'
import { decodeSymantec } from './symantec.ts'

export const pluginNames = [
  'PF_Decoder',
  'SymantecWS_Decoder',
  'SonicWall_Decoder',
  'OSSECAlert_Decoder',
  'JSON_Decoder',
] as const

export type PluginName = (typeof pluginNames)[number]

/** Where the patterns of the decoders before the plugin ended, as offsets in the log. */
export interface Matched {
  /** The decoder that matched: it says how JSON is read and where it begins, even when another one runs the plugin. */
  decoder: Decoder
  afterParent: number
  afterPrematch: number
}

/** Runs a plugin on the event, which a decoder has matched. */
export function runPlugin(
  name: PluginName,
  event: EngineEvent,
  matched: Matched,
  limits: FieldLimits,
  memory: DecoderMemory,
): void {
  if (name === 'PF_Decoder') decodePf(event)
  else if (name === 'SonicWall_Decoder') decodeSonicWall(event)
  else if (name === 'SymantecWS_Decoder') decodeSymantec(event)
  else if (name === 'OSSECAlert_Decoder') decodeOssecAlert(event, memory)
  else {
    const { pluginOffset, json } = matched.decoder
    // after_regex can be written and leaves the decoder without input.
    if (pluginOffset === 'regex') return
    const from = pluginOffset === 'log' ? 0 : pluginOffset === 'parent' ? matched.afterParent : matched.afterPrematch
    decodeJson(event, event.log, from, json, limits)
  }
}
