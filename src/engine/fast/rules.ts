/** The walk through the tree with what is shared, kept and left out; gives what rules/search.ts gives. */
import { afterPart, logLook } from '../decoding/gates.ts'
import type { Clock } from '../rules/conditions.ts'
import type { Rule, RuleNode } from '../rules/rule.ts'
import { failingInState, type SearchState, type Walk } from '../rules/search.ts'
import { ConditionTable, Results } from './conditions.ts'
import { buildNodes, type FastNode } from './dispatch.ts'
import { FieldNames } from './fields.ts'

/** What is worked out once for a ruleset. */
export class FastRules {
  readonly table: ConditionTable
  /** Of a category of events. */
  readonly top: ReadonlyMap<string, readonly FastNode[]>
  readonly count: number

  constructor(top: readonly RuleNode[], rules: readonly Rule[]) {
    this.table = new ConditionTable(new FieldNames())
    this.count = rules.length
    const checks = rules.map((rule) => this.table.checksOf(rule))
    this.top = Map.groupBy(buildNodes(top, checks, this.table), ({ rule }) => rule.category)
  }
}

/** The walk of one session. */
export class FastSearch {
  private readonly rules: FastRules
  private readonly results: Results
  private readonly state: SearchState
  /** Of the last event, and what its category begins with. */
  private type = ''
  private top: readonly FastNode[] = []

  constructor(rules: FastRules, state: SearchState, clock: () => Clock) {
    this.rules = rules
    this.state = state
    this.results = new Results(rules.table, rules.count, clock)
  }

  find(walk: Walk): Rule | undefined {
    const { event } = walk.current
    this.results.begin(event)
    const decoder = event.decoder?.name
    let found: Rule | undefined
    if (event.type !== this.type) {
      this.type = event.type
      this.top = this.rules.top.get(event.type) ?? []
    }
    for (const node of this.top) {
      found = this.findBelow(node, walk, decoder)
      if (found) break
    }
    this.results.end()
    return found
  }

  private findBelow(node: FastNode, walk: Walk, decoder: string | undefined): Rule | undefined {
    const { results } = this
    if (node.decoded_as !== undefined && node.decoded_as !== decoder) return undefined
    if (node.hasChecks && !results.all(node.index, node.checks)) return undefined
    const { rule, children } = node
    if (node.hasState && failingInState(rule, this.state, walk)) return undefined
    if (children) {
      const { nodes, screen } = children.of(walk.current.event, results.origin!, results.fields)
      results.prepare(screen)
      for (let i = 0, at = 0; i < nodes.length; i++, at = afterPart(screen, at)) {
        if (!logLook.passes(screen, at)) continue
        const found = this.findBelow(nodes[i]!, walk, decoder)
        if (!found) continue
        walk.parent ??= rule
        return found
      }
    }
    if (node.noalert) return undefined
    walk.firedtimes = ++this.state.firedtimes[node.index]!
    return rule
  }
}
