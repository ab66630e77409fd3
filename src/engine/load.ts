/** Loads decoders, lists and rules into a ruleset, as the daemon does at start. analysisd.c, 4.14.7. */
import type { Problem } from '../problem.ts'
import { type Decoders, loadDecoders } from './decoding/index.ts'
import { FastRules } from './fast/rules.ts'
import { settleHeap } from './heap.ts'
import type { LoadResult, RuleSummary, Ruleset, RulesetSources } from './index.ts'
import { type CdbList, loadLists } from './rules/lists.ts'
import { readRulesFile } from './rules/read-file.ts'
import { Report } from './rules/report.ts'
import type { Rule, RuleNode } from './rules/rule.ts'
import { RuleTree } from './rules/tree.ts'

/** What a session works with. Nothing in it changes after loading. */
export class LoadedRuleset implements Ruleset {
  readonly plain: boolean
  readonly decoding: Decoders
  /** Top level of the tree. */
  readonly top: readonly RuleNode[]
  /** Records by their index. */
  readonly records: readonly Rule[]
  /** Largest stored frequency (N - 2), which is an age in seconds too. */
  readonly maxFrequency: number
  readonly lists: readonly CdbList[]
  /** First rule of each id. */
  readonly byId: ReadonlyMap<number, Rule>
  private fastRules: FastRules | undefined = undefined

  constructor(parts: {
    plain: boolean
    decoding: Decoders
    tree: RuleTree
    maxFrequency: number
    lists: readonly CdbList[]
  }) {
    this.plain = parts.plain
    this.decoding = parts.decoding
    this.top = parts.tree.top
    this.records = parts.tree.rules
    this.maxFrequency = parts.maxFrequency
    this.lists = parts.lists
    const byId = new Map<number, Rule>()
    for (const rule of this.records) if (!byId.has(rule.id)) byId.set(rule.id, rule)
    this.byId = byId
  }

  /** What the fast way needs, made when the first session asks for it. */
  fast(): FastRules {
    return (this.fastRules ??= new FastRules(this.top, this.records))
  }

  get rules(): RuleSummary[] {
    return this.records.map(({ id, level, description, group, file, line }) => ({
      id,
      level,
      description,
      group,
      file,
      line,
    }))
  }

  get decoders(): { name: string; parent?: string; file: string; line: number }[] {
    return this.decoding.all.map(({ name, parent, file, line }) => ({
      name,
      ...(parent === undefined ? {} : { parent }),
      file,
      line,
    }))
  }
}

/** The ruleset behind the opaque type. */
export function asLoaded(ruleset: Ruleset): LoadedRuleset {
  if (ruleset instanceof LoadedRuleset) return ruleset
  throw new TypeError('a ruleset comes from loadRuleset')
}

/** See `index.ts`. */
export function loadRuleset(sources: RulesetSources): LoadResult {
  const plain = sources.plain ?? false
  const decoder_order_size = sources.decoder_order_size ?? 256
  const decoders = loadDecoders(sources.decoders, { decoder_order_size, geoip: sources.geoip, plain })
  const lists = loadLists(sources.lists)
  const report = new Report()
  const tree = new RuleTree()
  let maxFrequency = 0
  for (const file of sources.rules) {
    settleHeap()
    const context = {
      report,
      tree,
      lists,
      decoders: decoders.decoders.names,
      decoder_order_size,
      geoip: sources.geoip !== undefined,
      plain,
      default_timeframe: sources.default_timeframe ?? 360,
    }
    readRulesFile(file, context, (stored) => (maxFrequency = Math.max(maxFrequency, stored)))
  }
  tree.finish()
  const refused = decoders.refused || report.refused
  // The real engine never gets to the rules when the decoders are wrong.
  const messages = [...decoders.messages, ...(decoders.refused ? [] : report.messages())]
  const session_messages = [
    ...decoders.messages.filter((message) => !message.startsWith('CRITICAL: ')),
    ...(decoders.refused ? [] : report.sessionMessages()),
  ]
  const problems: Problem[] = [...decoders.problems, ...report.finished(whatIsLoaded(tree, decoders.decoders, lists))]
  if (refused && !sources.lenient) return { refused, problems, messages, session_messages }
  const parts = { plain, decoding: decoders.decoders, tree, maxFrequency, lists: [...new Set(lists.values())] }
  return { ruleset: new LoadedRuleset(parts), refused, problems, messages, session_messages }
}

function whatIsLoaded(tree: RuleTree, decoders: Decoders, lists: ReadonlyMap<string, CdbList>) {
  const groups = new Set(tree.rules.flatMap((rule) => rule.group.split(',')))
  groups.delete('')
  return {
    rules: new Map(tree.rules.map(({ id, file, line }) => [id, { file, line }])),
    groups,
    decoders: [...decoders.names],
    lists: [...new Set([...lists.values()].map((list) => list.path))],
  }
}
