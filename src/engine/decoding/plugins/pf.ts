/** PF_Decoder: OpenBSD's packet filter (spec/engine-decoders.md section 7.2; pf_decoder.c, 4.14.7). */
import type { EngineEvent } from '../../event.ts'
import { Static } from '../../event.ts'

/** `rule 2/(match) pass in on xl0: 1.2.3.4.6667 > 5.6.7.8.162: P …`. Fields that were found before the text stops making sense stay. */
export function decodePf(event: EngineEvent): void {
  const { log, statics } = event
  const parenthesis = log.indexOf(')')
  if (parenthesis === -1 || log[parenthesis + 1] !== ' ') return
  const verb = parenthesis + 2
  if (log[verb] === 'p') statics[Static.action] = 'pass'
  else if (log[verb] === 'b') statics[Static.action] = 'block'
  else return

  const colon = log.indexOf(':', verb)
  if (colon === -1 || log[colon + 1] !== ' ') return
  const sourceEnd = log.indexOf(' ', colon + 2)
  if (sourceEnd === -1) return
  setEndpoint(event, log.slice(colon + 2, sourceEnd), Static.srcip, Static.srcport)

  if (!log.startsWith('> ', sourceEnd + 1)) return
  const destinationEnd = log.indexOf(':', sourceEnd + 3)
  if (destinationEnd === -1) return
  setEndpoint(event, log.slice(sourceEnd + 3, destinationEnd), Static.dstip, Static.dstport)

  let at = destinationEnd + 1
  while (log[at] === ' ') at++
  if (at < log.length) statics[Static.protocol] = log[at] === 'u' ? 'UDP' : log[at] === 'i' ? 'ICMP' : 'TCP'
}

/** The port stands behind the fourth dot. */
function setEndpoint(event: EngineEvent, text: string, address: number, port: number): void {
  const parts = text.split('.')
  event.statics[address] = parts.slice(0, 4).join('.')
  if (parts.length > 4) event.statics[port] = parts.slice(4).join('.')
}
