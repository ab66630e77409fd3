/**
 * The memory for composite rules with an index for each of them: events of the same agent and the same `same_…` values stand in a queue of their own.
 *
 * Valid because an event of another queue never fits (spec/engine-rules.md section 7.3, steps 2 and 4), and what does not fit neither counts nor ends
 * the search. Age ends it earlier than in the plain list, but with the same answer: all that is old stands at the back. `different_…` is left to
 * the search. A flood of log-ins from 512 addresses then looks at the twelve events of one address instead of thousands.
 *
 * Of an event that no composite counts only the time is kept, for the size of the memory: with the stock ruleset that is most of them, and to keep
 * them costs a fifth of all time in garbage collection. So a composite that comes with a reload begins to count there.
 */
import { compared, findEarlier, type Notes } from '../rules/composite.ts'
import { type CompositeMemory, EventQueue, type StoredEvent } from '../rules/memory.ts'
import type { Rule } from '../rules/rule.ts'

interface IndexedEvent {
  stored: StoredEvent
  /** Where it is, once for each time it counts. */
  places: Place[]
}

interface Place {
  queue: EventQueue
  key: string
  index: Map<string, Place>
}

export class IndexedMemory implements CompositeMemory {
  /** Oldest first; of an event that is in no queue the time of its arrival. */
  private all: (IndexedEvent | number)[] = []
  private head = 0
  private readonly size: number
  private readonly maxFrequency: number
  /** Composites that count the events of a rule, by its index; repeated as often as the event counts. */
  private readonly countedBy: readonly (readonly Rule[])[]
  private readonly indexes = new Map<Rule, Map<string, Place>>()

  constructor(size: number, maxFrequency: number, rules: readonly Rule[]) {
    this.size = size
    this.maxFrequency = maxFrequency
    this.countedBy = countersOf(rules)
  }

  findEarlier(rule: Rule, current: StoredEvent, notes: Notes): boolean {
    const key = keyOf(rule, current)
    const place = key === undefined ? undefined : this.indexes.get(rule)?.get(key)
    return place !== undefined && findEarlier(rule, current, place.queue, notes, true)
  }

  store(stored: StoredEvent | number): void {
    const at = typeof stored === 'number' ? stored : stored.at
    this.all.push(typeof stored === 'number' ? at : (this.queued(stored) ?? at))
    if (this.length > this.size) this.forget(at)
  }

  private queued(stored: StoredEvent): IndexedEvent | undefined {
    let places: Place[] | undefined
    for (const composite of this.countedBy[stored.rule.index]!) {
      const key = keyOf(composite, stored)
      if (key === undefined) continue
      let index = this.indexes.get(composite)
      if (!index) this.indexes.set(composite, (index = new Map()))
      let place = index.get(key)
      if (!place) index.set(key, (place = { queue: new EventQueue(), key, index }))
      place.queue.add(stored)
      places ??= []
      places.push(place)
    }
    return places && { stored, places }
  }

  private get length(): number {
    return this.all.length - this.head
  }

  /** At least ten go, and on while they are older than the largest frequency; the newest stays. */
  private forget(now: number): void {
    for (let removed = 0; this.length > 1; removed++) {
      const oldest = this.all[this.head]!
      const at = typeof oldest === 'number' ? oldest : oldest.stored.at
      if (removed >= 10 && now - at <= this.maxFrequency) break
      this.all[this.head++] = 0
      if (typeof oldest === 'number') continue
      for (const { queue, key, index } of oldest.places) {
        queue.removeOldest()
        if (queue.length === 0) index.delete(key)
      }
    }
    if (this.head >= this.size) {
      this.all = this.all.slice(this.head)
      this.head = 0
    }
  }

  *events(): Iterable<StoredEvent | number> {
    for (let i = this.head; i < this.all.length; i++) {
      const entry = this.all[i]!
      yield typeof entry === 'number' ? entry : entry.stored
    }
  }
}

const counters = new WeakMap<readonly Rule[], Rule[][]>()

/** By the index of a rule, the composites that count its events; worked out once for all sessions, of which tests make one for every case. */
function countersOf(rules: readonly Rule[]): readonly (readonly Rule[])[] {
  let countedBy = counters.get(rules)
  if (!countedBy) {
    const composites = rules.filter((rule) => rule.search !== undefined)
    const everything = composites.filter((rule) => rule.search === 'events')
    const bySid = Map.groupBy(
      composites.filter((rule) => rule.search === 'sid' && rule.sid_target),
      (rule) => rule.sid_target!,
    )
    countedBy = rules.map((rule) => [...(rule.feeds_sid ? (bySid.get(rule) ?? []) : rule.feeds_groups), ...everything])
    counters.set(rules, countedBy)
  }
  return countedBy
}

/** What two events must have in common to fit; undefined when the event has not got it, and so fits with none. */
function keyOf(rule: Rule, { event }: StoredEvent): string | undefined {
  let key = rule.global_frequency ? '' : event.agent_id
  if (rule.search === 'events') key += `\n${event.type}`
  for (const name of rule.same) {
    const value = compared(event, name)
    if (value === undefined) return undefined
    key += `\n${value.length} ${value}`
  }
  for (const name of rule.same_fields) {
    const value = event.dynamic(name)
    if (value === undefined) return undefined
    key += `\n${value.length} ${value}`
  }
  return key
}
