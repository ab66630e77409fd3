/**
 * The form in which Wazuh's parts hand events to analysisd: one datagram `1:LOCATION:EVENT` on `queue/sockets/queue` (spec/integratord.md section 8.1). The 1 is
 * the queue of log files. A colon within the location is written `|:`, and a bar `||`. All text is byte strings.
 */
import { type Alert, type Event, toBytes } from '../alert.ts'

/**
 * Where an event about an alert comes from: NAME, or `[001] (web-01) 10.0.0.7->NAME` when the alert is an agent's, so that the event is taken for that agent's
 * own.
 */
export function locationOf(name: string, agent: Alert['agent']): string {
  const id = agent?.id
  if (typeof id !== 'string' || id === '000' || !/^\d{3,8}$/.test(id)) return toBytes(name)
  // What would end the name or the address too early, or the line; Wazuh allows none of it in names.
  const part = (value: unknown) =>
    typeof value === 'string' ? value.replace(/[\x00-\x1f\x7f()>]/g, '').slice(0, 128) : ''
  return toBytes(`[${id}] (${part(agent?.name)}) ${part(agent?.ip) || 'any'}->${name}`)
}

/** @param event its log is of one line */
export function queueMessage({ location, log }: Event): string {
  const arrow = location.startsWith('[') ? location.indexOf('->') : -1
  const agent = location.slice(0, Math.max(arrow, 0))
  return `1:${agent.replaceAll('|', '||').replaceAll(':', '|:')}${location.slice(agent.length)}:${log}`
}

/** Undefined when it is no such message. */
export function readQueueMessage(message: string): Event | undefined {
  const found = /^1:((?:\|[\s\S]|[^|:])*):([\s\S]*)$/.exec(message)
  return found ? { location: found[1]!.replace(/\|([|:])?/g, '$1'), log: found[2]! } : undefined
}
