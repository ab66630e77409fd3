/**
 * What a session remembers of events for composite rules. eventinfo.c, eventinfo_list.c, 4.14.7; spec/engine-rules.md section 7.
 *
 * ```
 * all        oldest … newest                 every stored event, at most `size` of them
 * by rule    5716 → oldest … newest          events whose final rule is the target of some if_matched_sid
 * by group   5712 → oldest … newest          events that a composite by group counts, k times for a rule with k places
 * ```
 *
 * Every list is in the order of arrival, so what leaves `all` stands at the front of each list that it is in.
 */
import type { EngineEvent } from '../event.ts'
import { findEarlier, type Notes } from './composite.ts'
import type { Rule } from './rule.ts'

export interface StoredEvent {
  event: EngineEvent
  /** Arrival, whole seconds. */
  at: number
  /** Level of the highest composite that used it up; 0 at first. */
  matched: number
  /** The rule it counts for. */
  rule: Rule
}

/** What sessions ask of a memory. */
export interface CompositeMemory {
  /**
   * Have enough fitting events come before `current`? See composite.ts.
   *
   * @param notes gets the full logs of the hits, beyond those that are noted already; emptied by the caller when the search fails
   */
  findEarlier(rule: Rule, current: StoredEvent, notes: Notes): boolean
  /** A time alone stands for an event that nothing counts: it takes its place among those that are kept, since their number decides when the oldest go. */
  store(stored: StoredEvent | number): void
  /** What composites may still count, oldest first, in the form that `store` takes. */
  events(): Iterable<StoredEvent | number>
}

/** A queue: added at the end, removed at the front, read backwards. */
export class EventQueue {
  private items: (StoredEvent | undefined)[] = []
  private head = 0

  get length(): number {
    return this.items.length - this.head
  }

  /** @param age 0 is the newest */
  newest(age: number): StoredEvent {
    return this.items[this.items.length - 1 - age]!
  }

  oldest(): StoredEvent {
    return this.items[this.head]!
  }

  add(stored: StoredEvent): void {
    this.items.push(stored)
  }

  removeOldest(): void {
    this.items[this.head++] = undefined
    if (this.head >= 64 && this.head * 2 >= this.items.length) {
      this.items = this.items.slice(this.head)
      this.head = 0
    }
  }
}

/** The plain one: a search looks at every event of a list. */
export class EventMemory implements CompositeMemory {
  private readonly all = new EventQueue()
  private readonly bySid = new Map<Rule, EventQueue>()
  private readonly byGroup = new Map<Rule, EventQueue>()
  private readonly size: number
  private readonly maxFrequency: number

  /** @param maxFrequency largest stored frequency (N - 2) of the ruleset, which the original also takes for an age in seconds */
  constructor(size: number, maxFrequency: number) {
    this.size = size
    this.maxFrequency = maxFrequency
  }

  /** Events whose final rule was `rule`. */
  private ofRule(rule: Rule): EventQueue {
    return queueOf(this.bySid, rule)
  }

  /** Events that the composite by group `composite` counts. */
  private ofGroup(composite: Rule): EventQueue {
    return queueOf(this.byGroup, composite)
  }

  findEarlier(rule: Rule, current: StoredEvent, notes: Notes): boolean {
    const queue = this.queueFor(rule)
    return queue !== undefined && findEarlier(rule, current, queue, notes)
  }

  private queueFor(rule: Rule): EventQueue | undefined {
    if (rule.search === 'events') return this.all
    if (rule.search === 'group') return this.ofGroup(rule)
    return rule.sid_target && this.ofRule(rule.sid_target)
  }

  *events(): Iterable<StoredEvent> {
    for (let age = this.all.length - 1; age >= 0; age--) yield this.all.newest(age)
  }

  /** A rule that is the target of an `if_matched_sid` feeds that list and no other. */
  store(stored: StoredEvent | number): void {
    if (typeof stored === 'number') return
    for (const queue of this.queuesFor(stored.rule)) queue.add(stored)
    this.all.add(stored)
    if (this.all.length <= this.size) return
    // The newest always stays; at least ten go, and on while they are older than the largest frequency.
    for (
      let removed = 0;
      this.all.length > 1 && (removed < 10 || stored.at - this.all.oldest().at > this.maxFrequency);
      removed++
    ) {
      const oldest = this.all.oldest()
      this.all.removeOldest()
      for (const queue of this.queuesFor(oldest.rule)) queue.removeOldest()
    }
  }

  private queuesFor(rule: Rule): EventQueue[] {
    if (rule.feeds_sid) return [this.ofRule(rule)]
    return rule.feeds_groups.map((composite) => this.ofGroup(composite))
  }
}

function queueOf(map: Map<Rule, EventQueue>, rule: Rule): EventQueue {
  let queue = map.get(rule)
  if (!queue) map.set(rule, (queue = new EventQueue()))
  return queue
}
