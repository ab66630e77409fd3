/** Pre-decoding: what an event is before a decoder has looked at it (spec/engine-decoders.md sections 1.2 and 2; cleanevent.c, 4.14.7). */
import type { EngineEvent } from '../event.ts'
import { readHeader } from './header.ts'

/** Longest location that the original keeps. */
const maxLocation = 8_450

/**
 * Fills the event with everything that is known before decoding: agent, location, host, program, time stamp, and the log without its header.
 *
 * @param input as it arrived. `location` may begin with the `[ID] ` of an agent. The log ends at its first NUL
 * @param managerHost host name of the manager up to its first dot, for local events that name none
 * @returns false when the location begins like that of an agent and is not: the event is to be dropped
 */
export function predecode(event: EngineEvent, input: { log: string; location: string }, managerHost: string): boolean {
  const full = cutAtNul(input.log)
  event.full_log = full
  const header = readHeader(full)
  event.log = header.log
  event.timestamp = header.timestamp
  event.program_name = header.program_name

  const location = cutAtNul(input.location).slice(0, maxLocation)
  if (!location.startsWith('[')) {
    event.location = location
    event.agent_id = '000'
    event.hostname = header.host ?? managerHost
    return true
  }
  const end = location.indexOf(']')
  if (end === -1) return false
  event.agent_id = location.slice(1, end)
  event.location = location.slice(end + 2)
  // Rules see the name of the agent; the host of the syslog header is forgotten.
  event.hostname = event.location.startsWith('(') ? agentName(event.location) : ''
  return true
}

function agentName(location: string): string {
  const end = location.indexOf(')')
  return end === -1 ? '' : location.slice(1, end)
}

function cutAtNul(text: string): string {
  const nul = text.indexOf('\0')
  return nul === -1 ? text : text.slice(0, nul)
}
