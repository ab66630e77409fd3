/** SymantecWS_Decoder: Symantec Web Security (spec/engine-decoders.md section 7.4; symantecws_decoder.c, 4.14.7). */
import type { EngineEvent } from '../../event.ts'
import { Static } from '../../event.ts'

/** Prefix of an item, the field it becomes, and how many bytes of it are kept. */
const items = [
  ['10=', Static.dstuser, 128],
  ['11=', Static.srcip, 128],
  ['60=', Static.url, 1_024],
] as const

/** Bytes of an id, which begins at its key and goes on over commas: `3=7,2=29`. */
const idSize = 9

/** `20070717,73613,1=5,11=10.1.1.3,10=userc,3=1,2=1`. Of repeated items the first counts. */
export function decodeSymantec(event: EngineEvent): void {
  const { log, statics } = event
  for (let at = log.indexOf(','); at !== -1; at = log.indexOf(',', at)) {
    at++
    const item = items.find(([prefix]) => log.startsWith(prefix, at))
    if (item) {
      const [prefix, index, size] = item
      const start = at + prefix.length
      const comma = log.indexOf(',', start)
      at = Math.min(comma === -1 ? log.length : comma, start + size)
      statics[index] ??= log.slice(start, at)
    } else if (log.startsWith('3=', at) || log.startsWith('2=', at)) {
      statics[Static.id] ??= log.slice(at, at + idSize)
      at = Math.min(at + idSize, log.length)
    }
  }
}
