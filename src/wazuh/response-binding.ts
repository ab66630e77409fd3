/**
 * Which `<active-response>` blocks an alert triggers. Pure.
 *
 * ```
 * alert ── level 0, no_ar ──▶ none
 *       ── dstuser or srcip with odd characters ──▶ none     (1272), (1271)
 *       ── srcip on the white list ──▶ none
 *       ── each block: (level and rules_group) or rules_id ──▶ the blocks, in the order of the configuration
 * ```
 *
 * spec/active-response.md sections 1.4, 2 and 3. Wazuh binds rules to blocks when it loads them; the outcome is the same.
 */
import { type Alert, toBytes } from '../alert.ts'
import type { ActiveResponseBlock } from '../config.ts'
import { compileAddresses } from '../engine/patterns/address.ts'
import { compilePattern } from '../engine/patterns/index.ts'

/** What the engine knows beyond the alert. Beside a real Wazuh there is only the alert. */
export interface RuleFacts {
  /** The rule's raw group string, a byte string: `syslog,sshd,authentication_failed,pci_dss_10.2.4,`. */
  group?: string
  no_ar?: boolean
}

export interface Bound {
  blocks: ActiveResponseBlock[]
  /** Why blocks that would have been triggered are not, in the form of a guard's refusal. */
  refusal?: { guard: 'white list' | 'user name' | 'source address'; reason: string; blocks: ActiveResponseBlock[] }
}

export interface BindingConfig {
  blocks: readonly ActiveResponseBlock[]
  /** `<white_list>`, as written. */
  white_list: readonly string[]
}

/** A block or a white list entry that cannot be used; Wazuh's own message in words. */
export interface BindingProblem {
  block?: ActiveResponseBlock
  message: string
}

export interface Binding {
  bind(alert: Alert, facts?: RuleFacts): Bound
  /** The entry of the white list that an address or a host name is on. */
  whiteListed(srcip: string): string | undefined
  problems: BindingProblem[]
}

export function createBinding({ blocks, white_list }: BindingConfig): Binding {
  const problems: BindingProblem[] = []
  const list = white_list.map((entry) => whiteListEntry(entry, problems))
  const triggers = blocks.map((block) => ({ block, matches: trigger(block, problems) }))

  function whiteListed(srcip: string): string | undefined {
    const value = srcip.replace(/^::ffff:/i, '')
    return list.find((entry) => entry.test(value))?.entry
  }

  function bind(alert: Alert, facts: RuleFacts = {}): Bound {
    if (!(alert.rule.level > 0) || facts.no_ar) return { blocks: [] }
    const group = facts.group ?? groupOf(alert)
    const bound = triggers.filter(({ matches }) => matches(alert, group)).map(({ block }) => block)
    if (bound.length === 0) return { blocks: [] }
    const reason = insane(alert) ?? onWhiteList(alert)
    return reason ? { blocks: [], refusal: { ...reason, blocks: bound } } : { blocks: bound }
  }

  function onWhiteList({ data }: Alert): Omit<NonNullable<Bound['refusal']>, 'blocks'> | undefined {
    const srcip = data?.srcip
    const entry = typeof srcip === 'string' ? whiteListed(srcip) : undefined
    return entry === undefined
      ? undefined
      : { guard: 'white list', reason: `${srcip} is on the white list (<white_list>${entry}</white_list>)` }
  }

  return { bind, whiteListed, problems }
}

/** The gate of exec.c: what could be a trick against a script stops all responses of the alert. */
function insane({ data }: Alert): Omit<NonNullable<Bound['refusal']>, 'blocks'> | undefined {
  const { dstuser, srcip } = data ?? {}
  if (typeof dstuser === 'string' && !/^[a-zA-Z._0-9@?-]*$/.test(dstuser))
    return { guard: 'user name', reason: `invalid user name "${dstuser}", possibly a logging attack (1272)` }
  if (typeof srcip === 'string' && !/^[a-zA-Z.:_0-9-]*$/.test(srcip))
    return { guard: 'source address', reason: `invalid address "${srcip}", possibly a logging attack (1271)` }
  return undefined
}

function trigger(block: ActiveResponseBlock, problems: BindingProblem[]): (alert: Alert, group: string) => boolean {
  const { level, rules_group, rules_id } = block
  const ids = new Set(rules_id)
  let pattern: { test(text: string): boolean } | undefined
  if (rules_group !== undefined) {
    const compiled = compilePattern('osregex', toBytes(rules_group))
    if (compiled.pattern) pattern = compiled.pattern
    else {
      problems.push({ block, message: `rules_group "${rules_group}" is no pattern: ${compiled.error.message}` })
      return () => false
    }
  }
  return ({ rule }, group) => {
    if (ids.has(Number(rule.id))) return true
    if (level === 0 && !pattern) return false
    return (level === 0 || rule.level >= level) && (!pattern || pattern.test(group))
  }
}

const ipv4Form = /^!?\d{1,3}(\.\d{1,3}){3}(\/(\d{1,2}|\d{1,3}(\.\d{1,3}){3}))?$/

/** IPv4 addresses are compared as such; everything else, IPv6 addresses too, is an OS_Match pattern over the text. global-config.c */
function whiteListEntry(entry: string, problems: BindingProblem[]): { entry: string; test(srcip: string): boolean } {
  if (ipv4Form.test(entry)) {
    const { addresses } = compileAddresses([entry])
    if (addresses) return { entry, test: (srcip) => addresses.test(srcip) }
  }
  const { pattern, error } = compilePattern('osmatch', toBytes(entry))
  if (error) problems.push({ message: `<white_list>${entry}</white_list>: ${error.message}` })
  return { entry, test: (srcip) => pattern?.test(toBytes(srcip)) ?? false }
}

const compliance = ['pci_dss', 'cis', 'gdpr', 'gpg13', 'hipaa', 'nist_800_53', 'tsc']

/**
 * The raw group string as well as it can be had from an alert: groups, then the compliance arrays in the order of their keys. In the rule they may
 * have stood in another order, which only a pattern over several groups could notice.
 */
export function groupOf({ rule }: Alert): string {
  const tags = Object.entries(rule)
    .filter(([name, values]) => compliance.includes(name) && Array.isArray(values))
    .flatMap(([name, values]) => (values as unknown[]).map((value) => `${name}_${value}`))
  const all = [...(rule.groups ?? []), ...tags]
  return all.length === 0 ? '' : toBytes(`${all.join(',')},`)
}

/** Where Wazuh would run a response for an alert. The first that holds wins. exec.c: OS_Exec */
export type Route = { kind: 'here' } | { kind: 'every agent' } | { kind: 'agent'; id: string } | { kind: 'nowhere' }

/** @param alert its agent `000`, or none, is this machine */
export function routeOf({ location, agent_id }: ActiveResponseBlock, alert: Alert): Route {
  const agent = alert.agent?.id ?? '000'
  if (location.server || (location.local && agent === '000')) return { kind: 'here' }
  if (location.all) return { kind: 'every agent' }
  if (location.defined) return { kind: 'agent', id: agent_id ?? '' }
  return location.local ? { kind: 'agent', id: agent } : { kind: 'nowhere' }
}
