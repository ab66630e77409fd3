/** The walk through the tree with what is shared, kept and left out; gives what rules/search.ts gives. */
import type { Clock } from '../rules/conditions.ts'
import type { Rule, RuleNode } from '../rules/rule.ts'
import { failingInState, type SearchState, type Walk } from '../rules/search.ts'
import { ConditionTable, Results } from './conditions.ts'
import { buildNodes, type FastNode } from './dispatch.ts'
import { FieldNames } from './fields.ts'

/** What is worked out once for a ruleset. */
export class FastRules {
  readonly table: ConditionTable
  readonly top: readonly FastNode[]
  readonly count: number

  constructor(top: readonly RuleNode[], rules: readonly Rule[]) {
    this.table = new ConditionTable(new FieldNames())
    this.count = rules.length
    const checks = rules.map((rule) => this.table.checksOf(rule))
    this.top = buildNodes(top, checks, this.table.fields)
  }
}

/** The walk of one session. */
export class FastSearch {
  private readonly rules: FastRules
  private readonly results: Results
  private readonly state: SearchState

  constructor(rules: FastRules, state: SearchState, clock: () => Clock) {
    this.rules = rules
    this.state = state
    this.results = new Results(rules.table, rules.count, clock)
  }

  find(walk: Walk): Rule | undefined {
    const { event } = walk.current
    this.results.begin(event)
    let found: Rule | undefined
    for (const node of this.rules.top) {
      if (node.rule.category !== event.type) continue
      found = this.findBelow(node, walk)
      if (found) break
    }
    this.results.end()
    return found
  }

  private findBelow(node: FastNode, walk: Walk): Rule | undefined {
    const { rule } = node
    const { event } = walk.current
    if (rule.decoded_as !== undefined && rule.decoded_as !== event.decoder?.name) return undefined
    if (!this.results.all(rule.index, node.checks)) return undefined
    if (node.hasState && failingInState(rule, this.state, walk)) return undefined
    if (node.children) {
      const candidates = node.children.of(event, this.results.fields)
      for (let i = 0; i < candidates.length; i++) {
        const found = this.findBelow(candidates[i]!, walk)
        if (!found) continue
        walk.parent ??= rule
        return found
      }
    }
    if (rule.noalert) return undefined
    walk.firedtimes = ++this.state.firedtimes[rule.index]!
    return rule
  }
}
