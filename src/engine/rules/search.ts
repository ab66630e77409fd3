/**
 * The walk through the tree, without any shortcut: the reference for the fast one. rules.c: OS_CheckIfRuleMatch, 4.14.7;
 * spec/engine-rules.md section 6.1.
 */
import type { DiffStore } from '../index.ts'
import type { Notes } from './composite.ts'
import { type Clock, explainFailure, type Failure, failingBeforeState, failingList } from './conditions.ts'
import type { FirstSeen } from './first-seen.ts'
import type { CompositeMemory, StoredEvent } from './memory.ts'
import type { Rule, RuleNode } from './rule.ts'

/** What a walk needs besides the tree. */
export interface SearchState {
  memory: CompositeMemory
  first_seen: FirstSeen
  diff: DiffStore
  /** How often each rule was the result, by its index. */
  firedtimes: number[]
  clock: () => Clock
}

/** One rule that was looked at, for `-v`. */
export interface Tried {
  id: number
  description: string
  matched: boolean
  /** Why not. */
  reason?: string
}

/** What the walk of one event gives besides the rule. */
export interface Walk {
  current: StoredEvent
  notes: Notes
  /** `check_diff`: the log before. */
  previous_log?: string
  /** The parent of the result on the path. */
  parent?: Rule
  firedtimes: number
  debug?: string[]
  tried?: Tried[]
}

/** First rule of the top level that gives a result; only there the category counts. */
export function searchTree(top: readonly RuleNode[], state: SearchState, walk: Walk): Rule | undefined {
  for (const node of top) {
    if (node.rule.category !== walk.current.event.type) continue
    const found = searchNode(node, state, walk)
    if (found) return found
  }
  return undefined
}

/** Longest text that the original builds for a rule it tries. */
const maxDebug = 1_055

function searchNode(node: RuleNode, state: SearchState, walk: Walk): Rule | undefined {
  const { rule } = node
  walk.debug?.push(`Trying rule: ${rule.id} - ${rule.description}`.slice(0, maxDebug))
  const failure = failingCondition(rule, state, walk)
  walk.tried?.push({
    id: rule.id,
    description: rule.description,
    matched: !failure,
    ...(failure ? { reason: explainFailure(rule, walk.current.event, failure) } : {}),
  })
  if (failure) return undefined
  walk.debug?.push(`*Rule ${rule.id} matched`)
  if (node.children.length > 0) walk.debug?.push('*Trying child rules')
  for (const child of node.children) {
    const found = searchNode(child, state, walk)
    if (!found) continue
    walk.parent ??= rule
    return found
  }
  if (rule.noalert) return undefined
  walk.firedtimes = ++state.firedtimes[rule.index]!
  return rule
}

function failingCondition(rule: Rule, state: SearchState, walk: Walk): Failure | undefined {
  return failingBeforeState(rule, walk.current.event, state.clock) ?? failingInState(rule, state, walk)
}

/** What remembers or forgets something when it is asked, and the lists between. */
export function failingInState(rule: Rule, state: SearchState, walk: Walk): Failure | undefined {
  const { event } = walk.current
  if (rule.check_diff && !differs(rule, state.diff, walk)) return { tag: 'check_diff' }
  if (rule.if_fts && !state.first_seen.isNew(event)) return { tag: 'if_fts' }
  const list = failingList(rule, event)
  if (list) return list
  if (rule.context && rule.search && !rule.check_diff && !state.memory.findEarlier(rule, walk.current, walk.notes)) {
    // All notes go, also those of a parent that is a composite too.
    walk.notes.length = 0
    return { tag: 'composite' }
  }
  return undefined
}

/** Longest log that is compared. */
const maxDiff = 65_536

/** `check_diff`: is there an earlier log of this host and rule, and is this one another? dodiff.c, 4.14.7. */
function differs(rule: Rule, diff: DiffStore, walk: Walk): boolean {
  const { log, hostname } = walk.current.event
  const host = hostname.startsWith('(') ? hostname.slice(1).replace(/\)[\s\S]*$/, '') : hostname
  if (log.length >= maxDiff) return false
  const before = diff.get(host, rule.id)
  if (before === log) return false
  diff.set(host, rule.id, log)
  if (before === undefined) return false
  walk.notes.length = 0
  walk.notes.push('Previous output:', before)
  walk.previous_log = before
  return true
}
