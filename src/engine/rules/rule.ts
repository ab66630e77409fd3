/**
 * A rule as it stands in memory after loading. One record (`Rule`) can have many places in the tree (`RuleNode`), which share it.
 */
import type { EventType, StaticName } from '../event.ts'
import type { AddressList } from '../patterns/address.ts'
import type { Pattern } from '../patterns/index.ts'
import type { CompiledRuleName } from './compiled-rules.ts'
import type { ListLookup } from './lists.ts'
import type { TimeWindow } from './time.ts'

/** What `<category>` accepts; compared with the event's type at top level only. */
export type Category = Extract<EventType, 'syslog' | 'firewall' | 'ids' | 'web-log' | 'squid' | 'windows' | 'ossec'>

/** A pattern on a text of the event. `negate` inverts the comparison, but never makes a missing text match. */
export interface Condition {
  pattern: Pattern
  negate: boolean
}

/** Any of the addresses may match; `negate` is that of the last tag. */
export interface AddressCondition {
  specifications: string[]
  addresses: AddressList
  negate: boolean
}

export interface FieldCondition extends Condition {
  name: string
}

/** Tags that hold a pattern and may stand once (repeated ones are glued). `match` and `regex` look at the log. */
export const patternTags = [
  'match',
  'regex',
  'id',
  'srcport',
  'dstport',
  'status',
  'hostname',
  'data',
  'extra_data',
  'program_name',
  'user',
  'srcgeoip',
  'dstgeoip',
  'url',
  'location',
  'action',
  'protocol',
  'system_name',
] as const
export type PatternTag = (typeof patternTags)[number]

/** What `same_X` and `different_X` compare: the static fields and the location. */
export type ComparedName = Exclude<StaticName, never> | 'location'

export const ruleOptions = [
  'alert_by_email',
  'no_email_alert',
  'log_alert',
  'no_log',
  'no_ar',
  'no_full_log',
  'no_counter',
] as const
export type RuleOption = (typeof ruleOptions)[number]

/** Where a composite looks for earlier events. */
export type Search = 'sid' | 'group' | 'events'

export interface Rule {
  /** Number of the record, dense from 0 in load order. */
  index: number
  id: number
  /** While the tree is built: 100 times the level, 9900 for 0 (spec/engine-rules.md section 5.2). Afterwards the level itself. */
  level: number
  /** As written: LOG and MAIL go by it. It differs for a rule of level 0 without accuracy, which ends as 99. */
  written_level: number
  maxsize: number
  /** The attribute less 2; 0 when absent. */
  frequency: number
  /** Seconds. */
  timeframe: number
  /** Seconds; 0 is off. */
  ignore_time: number
  noalert: boolean
  /** In the order in which they stand, which matters (spec/alerts.md section 1). */
  options: RuleOption[]
  category: Category
  decoded_as?: string
  group: string
  description: string
  info?: string
  cve?: string
  /** Old form: technique ids. */
  mitre_ids?: string[]
  /** New form. */
  mitre_pairs?: { tactic: string; technique: string }[]

  patterns: Partial<Record<PatternTag, Condition>>
  fields: FieldCondition[]
  srcip?: AddressCondition
  dstip?: AddressCondition
  lists: ListLookup[]
  compiled_rule?: CompiledRuleName
  time?: TimeWindow
  /** Sunday first. */
  weekday?: boolean[]
  if_fts: boolean
  check_diff: boolean

  /** True for a rule that has any of the `if_matched_*`, also when it never searches. */
  context: boolean
  search?: Search
  same: ComparedName[]
  different: ComparedName[]
  same_fields: string[]
  different_fields: string[]
  global_frequency: boolean
  if_matched_regex?: Pattern
  if_matched_group?: Pattern
  if_matched_sid: number
  /** Texts as written, for the messages of `overwrite`. */
  if_sid?: string
  if_level?: string

  /** Composite by sid: the rule whose events it counts. */
  sid_target?: Rule
  /** Target of some composite by sid: its events go to that list and nowhere else. */
  feeds_sid: boolean
  /** Composites by group that count this rule's events, once for every node it had when they were loaded. */
  feeds_groups: Rule[]

  nodes: RuleNode[]
  file: string
  line: number
}

export interface RuleNode {
  rule: Rule
  parent?: RuleNode
  children: RuleNode[]
}

/** Flags that depend on the levels of `<alerts>`. */
export interface AlertFlags {
  log: boolean
  mail: boolean
  no_counter: boolean
}

/**
 * LOG and MAIL from the level, then changed by the options in their order. `no_log` and `no_email_alert` mask the flags with a 12-bit constant when
 * they take something away, so that a `no_counter` (bit 12) before them is lost. rules.c: Rules_OP_ReadRules.
 */
export function alertFlags(rule: Rule, log_alert_level: number, email_alert_level: number): AlertFlags {
  const { written_level } = rule
  const flags = { log: written_level >= log_alert_level, mail: written_level >= email_alert_level, no_counter: false }
  for (const option of rule.options) {
    if (option === 'alert_by_email') flags.mail = true
    else if (option === 'log_alert') flags.log = true
    else if (option === 'no_counter') flags.no_counter = true
    else if (option === 'no_email_alert' && flags.mail) flags.mail = flags.no_counter = false
    else if (option === 'no_log' && flags.log) flags.log = flags.no_counter = false
  }
  return flags
}
