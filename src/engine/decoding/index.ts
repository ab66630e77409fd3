/** Pre-decoding and decoders of the analysis engine (spec/engine-decoders.md). */
export { decode } from './decode.ts'
export { decodeEventChannel } from './eventchannel.ts'
export type { LoadedDecoders } from './load.ts'
export { loadDecoders } from './load.ts'
export type { DecoderMemory } from './memory.ts'
export { createDecoderMemory } from './memory.ts'
export { predecode } from './predecode.ts'
export type { Decoders } from './tree.ts'
