/**
 * The tree of rules while it is built. rules_list.c, 4.14.7; spec/engine-rules.md section 5.
 *
 * Everything looks only at what is loaded already, so order matters everywhere. The original walks the whole tree for each rule; here records
 * and nodes are found by id, which gives the same places because a record knows all its nodes.
 */
import { compilePattern, type Pattern } from '../patterns/index.ts'
import type { Report } from './report.ts'
import type { Rule, RuleNode } from './rule.ts'
import { toInt } from './to-int.ts'

export class RuleTree {
  /** Top level: rules 0 to 9. */
  readonly top: RuleNode[] = []
  /** Every record in load order, the overwriting ones excluded. */
  readonly rules: Rule[] = []
  private readonly byId = new Map<number, Rule[]>()
  /**
   * How each list of siblings falls: the lowest level of all up to a place, and for how many places it stays the lowest. It never rises, in whatever
   * order overwritten levels have left the siblings, and has few steps, so that a place is found without looking at thousands of siblings.
   */
  private readonly falls = new Map<RuleNode[], Step[]>()

  /** The first rule with the id. */
  find(id: number): Rule | undefined {
    return this.byId.get(id)?.[0]
  }

  /** To be told when a rule has become another, for then it may have another level. */
  overwritten(rule: Rule): void {
    for (const node of rule.nodes) this.falls.delete(this.siblingsOf(node))
  }

  /** Puts a rule where it belongs. @returns false when it has no place, which `report` has been told */
  add(rule: Rule, parents: { if_sid?: string; if_level?: string; if_group?: string }, report: Report): boolean {
    // It can be found as soon as it has a place: a rule that names itself after another id becomes its own child too.
    const same = this.byId.get(rule.id) ?? []
    this.byId.set(rule.id, [...same, rule])
    if (!this.place(rule, parents, report)) {
      if (same.length > 0) this.byId.set(rule.id, same)
      else this.byId.delete(rule.id)
      return false
    }
    rule.index = this.rules.length
    this.rules.push(rule)
    return true
  }

  private place(
    rule: Rule,
    parents: { if_sid?: string; if_level?: string; if_group?: string },
    report: Report,
  ): boolean {
    if (rule.id < 10) {
      this.insert(this.top, undefined, rule)
      return true
    }
    if (parents.if_sid !== undefined) return this.addBySid(rule, parents.if_sid, report)
    if (parents.if_level !== undefined) return this.addByLevel(rule, parents.if_level, report)
    if (parents.if_group !== undefined) return this.addByGroup(rule, parents.if_group, report)
    if (this.addByCategory(rule)) return true
    report.drop(
      `(7611): Category was not found. Invalid 'category'. Rule '${rule.id}' will be ignored.`,
      `rule ${rule.id}: no top-level rule (id below 10) has the category "${rule.category}"`,
      'load the rules file that defines it first; Wazuh ships them in 0010-rules_config.xml',
    )
    return false
  }

  private addBySid(rule: Rule, text: string, report: Report): boolean {
    let placed = false
    // One newline at the very end passes the check of the characters.
    const newline = text.endsWith('\n')
    const ids: string[] = text.match(/\d+/g) ?? []
    // A separator at the end is followed by an empty id, which is read as 0 and attaches by category.
    if (/[, ]$/.test(text) && !newline) ids.push('0')
    for (const written of ids) {
      const id = toInt(written)
      const found = id === 0 ? this.addByCategory(rule) : this.attachToSid(rule, id)
      if (found) {
        placed = true
      } else if (rule.if_matched_sid !== 0) {
        this.detach(rule)
        report.drop(
          `(7620): Signature ID '${id}' was not found. Invalid 'if_matched_sid'.Rule '${rule.id}' will be ignored.`,
          `rule ${rule.id}: rule ${id} of \`if_matched_sid\` or \`if_sid\` is not loaded`,
          { missingRule: id },
        )
        return false
      } else {
        report.warn(
          `(7617): Signature ID '${id}' was not found and will be ignored in the 'if_sid' option of rule '${rule.id}'.`,
          `rule ${rule.id}: \`if_sid\` ${id} is not loaded`,
          { missingRule: id },
        )
      }
    }
    if (newline) {
      const tag = rule.if_matched_sid !== 0 ? 'if_matched_sid' : 'if_sid'
      report.warn(
        `(7607): Invalid '${tag}'. Signature ID must be an integer. Rule '${rule.id}' will be ignored.`,
        `rule ${rule.id}: \`if_sid\` ends with a newline`,
        'remove it; Wazuh warns that it ignores the rule and loads it all the same',
      )
      return placed
    }
    if (!placed) {
      report.drop(
        `(7619): Empty 'if_sid' value. Rule '${rule.id}' will be ignored.`,
        `rule ${rule.id}: none of the rules of its \`if_sid\` is loaded, so it is left out`,
      )
    }
    return placed
  }

  /**
   * In each list of siblings the first node with the id takes the rule, and the list ends there: later siblings and their children get nothing,
   * and neither do the children of the hit.
   */
  private attachToSid(rule: Rule, id: number): boolean {
    const candidates = (this.byId.get(id) ?? []).flatMap((record) => record.nodes)
    const taken = candidates.filter((node) => !this.isBehindAnother(node, candidates))
    for (const node of taken) {
      rule.category = node.rule.category
      this.insert(node.children, node, rule)
    }
    return taken.length > 0
  }

  private addByLevel(rule: Rule, text: string, report: Report): boolean {
    const level = toInt(text)
    if (level === 0) {
      report.drop(
        `(7609): Invalid 'if_level' value: '${text}'. Rule '${rule.id}' will be ignored.`,
        `rule ${rule.id}: \`if_level\` "${text}" is no level`,
        'write a number from 1 to 16',
      )
      return false
    }
    const least = Math.imul(level, 100)
    if (this.attachWhere(rule, (other) => other.level >= least)) return true
    report.drop(
      `(7608): Level ID '${least}' was not found. Invalid 'if_level'. Rule '${rule.id}' will be ignored.`,
      `rule ${rule.id}: no rule loaded so far has level ${level} or more`,
    )
    return false
  }

  private addByGroup(rule: Rule, text: string, report: Report): boolean {
    const { pattern } = compilePattern('wordmatch', text)
    if (pattern && this.attachWhere(rule, byGroup(pattern))) return true
    report.drop(
      `(7610): Group '${text}' was not found. Invalid 'if_group'. Rule '${rule.id}' will be ignored.`,
      `rule ${rule.id}: no rule loaded so far is in the group "${text}"`,
      { missingGroup: text },
    )
    return false
  }

  private addByCategory(rule: Rule): boolean {
    const node = this.top.find((candidate) => candidate.rule.category === rule.category)
    if (node) this.insert(node.children, node, rule)
    return node !== undefined
  }

  private attachWhere(rule: Rule, fits: (other: Rule) => boolean): boolean {
    let placed = false
    for (const other of this.rules) {
      if (other.id === rule.id || !fits(other)) continue
      for (const node of other.nodes) {
        this.insert(node.children, node, rule)
        placed = true
      }
    }
    return placed
  }

  /** Gives a composite by sid the list of the rule it counts. */
  markSid(composite: Rule): void {
    for (const rule of this.byId.get(composite.if_matched_sid) ?? []) {
      rule.feeds_sid = true
      composite.sid_target = rule
    }
  }

  /** Every node that matches counts once more: a rule with two parents feeds the composite twice. */
  markGroup(composite: Rule): void {
    const counts = byGroup(composite.if_matched_group!)
    for (const rule of this.rules) {
      if (!counts(rule)) continue
      for (let i = 0; i < rule.nodes.length; i++) rule.feeds_groups.push(composite)
    }
  }

  /** Puts the real levels back: while building, level L counts as 100 L, 0 as 9900, and a rule without accuracy as L or 99. */
  finish(): void {
    for (const rule of this.rules) {
      if (rule.level === 9900) rule.level = 0
      if (rule.level >= 100) rule.level = Math.trunc(rule.level / 100)
    }
  }

  private siblingsOf({ parent }: RuleNode): RuleNode[] {
    return parent?.children ?? this.top
  }

  /** A new node goes before the first sibling of lower level. */
  private insert(siblings: RuleNode[], parent: RuleNode | undefined, rule: Rule): void {
    const node: RuleNode = { rule, children: [], ...(parent ? { parent } : {}) }
    let steps = this.falls.get(siblings)
    if (!steps) this.falls.set(siblings, (steps = stepsOf(siblings)))
    siblings.splice(stepDown(steps, rule.level), 0, node)
    rule.nodes.push(node)
  }

  private detach(rule: Rule): void {
    for (const node of rule.nodes) {
      const siblings = this.siblingsOf(node)
      siblings.splice(siblings.indexOf(node), 1)
      this.falls.delete(siblings)
    }
    rule.nodes = []
  }

  /** Whether the walk never reaches `node` because one of the others ends it earlier: an ancestor, or an earlier sibling of it or of an ancestor. */
  private isBehindAnother(node: RuleNode, others: readonly RuleNode[]): boolean {
    for (let at: RuleNode | undefined = node; at; at = at.parent) {
      if (at !== node && others.includes(at)) return true
      const rivals = others.filter((other) => other !== at && other.parent === at.parent)
      if (rivals.length === 0) continue
      const siblings = this.siblingsOf(at)
      const place = siblings.indexOf(at)
      if (rivals.some((rival) => siblings.indexOf(rival) < place)) return true
    }
    return false
  }
}

/** Whether a rule's group string matches; rules share few of them. */
function byGroup(pattern: Pattern): (rule: Rule) => boolean {
  const known = new Map<string, boolean>()
  return ({ group }) => {
    let matches = known.get(group)
    if (matches === undefined) {
      matches = pattern.test(group)
      known.set(group, matches)
    }
    return matches
  }
}

interface Step {
  level: number
  places: number
}

function stepsOf(siblings: readonly RuleNode[]): Step[] {
  const steps: Step[] = []
  for (const { rule } of siblings) {
    const last = steps.at(-1)
    if (last && rule.level >= last.level) last.places++
    else steps.push({ level: rule.level, places: 1 })
  }
  return steps
}

/** Takes one more place for `level` into the steps, before the first that is lower. @returns which place it is */
function stepDown(steps: Step[], level: number): number {
  let place = 0
  let at = 0
  while (at < steps.length && steps[at]!.level >= level) place += steps[at++]!.places
  if (steps[at - 1]?.level === level) steps[at - 1]!.places++
  else steps.splice(at, 0, { level, places: 1 })
  return place
}
