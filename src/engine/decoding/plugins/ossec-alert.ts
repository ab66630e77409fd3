/** OSSECAlert_Decoder: an alert that another manager forwarded (spec/engine-decoders.md section 7.5; ossecalert_decoder.c, 4.14.7). */
import type { EngineEvent } from '../../event.ts'
import { Static } from '../../event.ts'
import type { DecoderMemory } from '../memory.ts'

const maxLocation = 254
const maxLog = 4_094

/**
 * `ossec: Alert Level: 3; Rule: 5715 - …; Location: …;  srcip: …; user: …;  original log`. The event becomes the one that was forwarded, when
 * the rule is known here; whatever it holds, it no longer passes through the rules.
 */
export function decodeOssecAlert(event: EngineEvent, { isRule }: DecoderMemory): void {
  const { log, statics } = event
  event.type = 'ossec-alert'
  if (!log.startsWith('Alert Level:') && !log.startsWith('ossec: Alert Level')) return
  const level = log.indexOf(';')
  const colon = level === -1 ? -1 : log.indexOf(':', level + 1)
  if (colon === -1 || log[colon + 1] !== ' ') return
  const idEnd = log.indexOf(' ', colon + 2)
  if (idEnd === -1) return
  const id = log.slice(colon + 2, idEnd)
  if (!isRule?.(id)) return

  const ruleEnd = log.indexOf(';', idEnd)
  if (ruleEnd === -1 || !log.startsWith(' Location: ', ruleEnd + 1)) return
  const start = ruleEnd + 12
  const end = log.indexOf(';', start)
  if (end === -1) return
  event.location = `${event.location}|${log.slice(start, end)}`.slice(0, maxLocation)
  event.hostname = event.location

  let at = end + 1
  while (log[at] === ' ' && log[at + 1] !== ' ') {
    const semicolon = log.indexOf(';', at + 1)
    if (semicolon === -1) return
    const item = log.slice(at + 1, semicolon)
    if (item.startsWith('srcip: ')) statics[Static.srcip] = item.slice(7)
    if (item.startsWith('user: ')) statics[Static.dstuser] = item.slice(6)
    at = semicolon + 1
  }
  while (log[at] === ' ') at++
  event.full_log = event.log = log.slice(at, at + maxLog)
  event.forwarded_rule = Number(id)
}
