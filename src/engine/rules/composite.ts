/**
 * The search of composite rules: have enough fitting events come before this one? eventinfo.c: Search_LastSids, Search_LastGroups,
 * Search_LastEvents, 4.14.7; spec/engine-rules.md section 7.3. The steps and their order decide which rule fires when; nothing here is free
 * to change.
 */
import { type EngineEvent, Static } from '../event.ts'
import type { EventQueue, StoredEvent } from './memory.ts'
import type { ComparedName, Rule } from './rule.ts'

/** Notes of earlier events for `previous_output`, newest first. */
export type Notes = string[]
const maxNotes = 11

/**
 * Searches a list of stored events for a composite rule.
 *
 * @param current the event being judged; on success it and the newest hit are marked with the rule's level
 * @param queue the events that the rule counts, or those of them that may fit
 * @param notes gets the full logs of the hits, beyond those that are noted already
 * @param isShared whether all in the queue is known to be {@link shares} with the event
 */
export function findEarlier(
  rule: Rule,
  current: StoredEvent,
  queue: EventQueue,
  notes: Notes,
  isShared = false,
): boolean {
  let hits = 0
  let first: StoredEvent | undefined
  for (let age = 0; age < queue.length; age++) {
    const stored = queue.newest(age)
    if (current.at - stored.at > rule.timeframe) return false
    if (!isShared && !shares(rule, stored.event, current.event)) continue
    if (!differs(rule, stored.event, current.event)) continue
    // What a higher or equal composite has used up ends the search; what does not fit never does.
    if (stored.matched >= rule.level) return false
    const isLast = hits >= rule.frequency
    if (!(isLast && rule.search === 'events') && hits < maxNotes && notes[hits] === undefined) {
      notes[hits] = stored.event.full_log
    }
    if (!isLast) {
      hits++
      first ??= stored
      continue
    }
    current.matched = rule.level
    if (first) first.matched = rule.level
    return true
  }
  return false
}

/** Whether two events have in common what the rule wants them to. */
function shares(rule: Rule, stored: EngineEvent, current: EngineEvent): boolean {
  if (!rule.global_frequency && stored.agent_id !== current.agent_id) return false
  if (rule.search === 'events' && stored.type !== current.type) return false
  for (const name of rule.same) {
    const value = compared(current, name)
    if (value === undefined || value !== compared(stored, name)) return false
  }
  if (rule.same_fields.length > 0) {
    if (current.names.length === 0 || stored.names.length === 0) return false
    for (const name of rule.same_fields) {
      const value = current.dynamic(name)
      if (value === undefined || value !== stored.dynamic(name)) return false
    }
  }
  return true
}

/** Whether two events have nothing in common that the rule wants to differ, and the earlier one is like it wants it. */
function differs(rule: Rule, stored: EngineEvent, current: EngineEvent): boolean {
  if (rule.search === 'events' && rule.if_matched_regex && !rule.if_matched_regex.test(stored.log)) return false
  for (const name of rule.different) {
    const value = compared(current, name)
    if (value !== undefined && value === compared(stored, name)) return false
  }
  if (rule.different_fields.length > 0) {
    if (current.names.length === 0 && stored.names.length === 0) return false
    for (const name of rule.different_fields) {
      const value = current.dynamic(name)
      if (value !== undefined && value === stored.dynamic(name)) return false
    }
  }
  return true
}

/** The text that `same_X` and `different_X` compare. */
export function compared(event: EngineEvent, name: ComparedName): string | undefined {
  return name === 'location' ? event.location : event.statics[Static[name]]
}
