/** A rules file: `<group name="…">` with `<rule>`s. rules.c: Rules_OP_ReadRules, 4.14.7; spec/engine-rules.md section 3. */
import { applyVariables, parseOsXml, type XmlElement } from '../../wazuh/os-xml.ts'
import type { SourceFile } from '../index.ts'
import { readAttributes } from './attributes.ts'
import { overwriteRule } from './overwrite.ts'
import { type RuleContext, readRule } from './read-rule.ts'
import type { Report } from './report.ts'
import type { Rule } from './rule.ts'
import type { RuleTree } from './tree.ts'

export interface FileContext extends RuleContext {
  tree: RuleTree
  /** Seconds. */
  default_timeframe: number
}

/**
 * Reads a file into the tree. Where a real Wazuh gives up, the rest is read for its problems, without the rule or group that is wrong.
 *
 * @param onFrequency told the stored frequency of every rule, also of those that are left out
 */
export function readRulesFile(file: SourceFile, context: FileContext, onFrequency: (stored: number) => void): void {
  const { report } = context
  report.at(file.path, 0)
  const path = file.path.includes('/') ? file.path : `ruleset/rules/${file.path}`
  const giveUp = () => report.giveUp(`CRITICAL: (1220): Error loading the rules: '${file.path}'.`)
  const roots = readRoots(file, path, report)
  if (!roots) giveUp()
  // The roots are all checked before the first rule is read.
  const groups = (roots ?? []).filter((root) => isGroup(root, file.path, context) || giveUp())
  for (const group of groups) readGroup(group, file.path, context, onFrequency, giveUp)
  report.endOfFile()
}

/** @returns undefined when the file is not readable; none for an empty one */
function readRoots(file: SourceFile, path: string, report: Report): XmlElement[] | undefined {
  const parsed = parseOsXml(file.text)
  if (parsed.error) {
    const { message, line, stoppedAt } = parsed.error
    report.at(file.path, line)
    report.refuse(
      `(1226): Error reading XML file '${path}': XMLERR: ${message} (line ${stoppedAt}).`,
      `not readable: ${plain(message)}`,
      hintForXml(message),
    )
    return undefined
  }
  const { roots, error } = applyVariables(parsed.roots)
  if (error) {
    report.at(file.path, error.line)
    report.refuse(
      `(1227): Error applying XML variables '${path}': XMLERR: ${error.message}.`,
      `not readable: ${plain(error.message)}`,
      'define it with <var name="…">…</var> above; in a file with variables every $NAME must be one',
    )
    return undefined
  }
  if (roots.length > 0 || file.text === '') return roots
  report.refuse(
    `(1202): Configuration error at '${path}'.`,
    'no <group> in it',
    'put rules into <group name="local,">…</group>, or make the file empty (0 bytes)',
  )
  return undefined
}

function isGroup(root: XmlElement, path: string, { report }: FileContext): boolean {
  report.at(path, root.line)
  if (root.name.toLowerCase() !== 'group') {
    report.refuse(
      `rules_op: Invalid root element "${root.name}".Only "group" is allowed`,
      `<${root.name}> at the top of the file`,
      root.name.toLowerCase() === 'rule'
        ? 'put rules into <group name="local,">…</group>'
        : 'only <group name="…"> and <var> may stand there',
    )
    return false
  }
  if (root.attributes.length !== 1 || root.attributes[0]!.name.toLowerCase() !== 'name') {
    report.refuse(
      `rules_op: Invalid root element '${root.name}'.Only the group name is allowed`,
      `<${root.name}> must have exactly one attribute: name`,
      'write <group name="local,">',
    )
    return false
  }
  return true
}

function readGroup(
  group: XmlElement,
  path: string,
  context: FileContext,
  onFrequency: (stored: number) => void,
  giveUp: () => void,
): void {
  const { report } = context
  report.at(path, group.line)
  if (group.children.length === 0) {
    report.refuse(
      `Group '${group.name}' without any rule.`,
      `<${group.name}> without any rule`,
      'add one, or remove it',
    )
    giveUp()
  }
  const groups = group.attributes[0]!.value
  for (const [position, element] of group.children.entries()) {
    report.at(path, element.line)
    const isLoaded =
      isRule(element, position, context) && addRule(element, position, groups, path, context, onFrequency)
    if (!isLoaded) giveUp()
  }
}

function isRule(element: XmlElement, position: number, { report }: FileContext): boolean {
  if (element.name.toLowerCase() !== 'rule') {
    report.refuse(
      `Invalid configuration. '${element.name}' is not a valid element.`,
      `<${element.name}> in a group`,
      'only <rule> may stand there',
    )
    return false
  }
  if (element.attributes.length > 0) return true
  report.refuse(
    `Invalid rule '${position}'. You must specify an ID and a level at least.`,
    'a <rule> without attributes',
    needsIdAndLevel,
  )
  return false
}

const needsIdAndLevel = 'write <rule id="100001" level="5">'

/** @returns false when the file cannot be loaded; a rule that is left out is no reason */
function addRule(
  element: XmlElement,
  position: number,
  group: string,
  path: string,
  context: FileContext,
  onFrequency: (stored: number) => void,
): boolean {
  const { report, tree } = context
  const attributes = readAttributes(element, context.default_timeframe, report)
  if (!attributes) {
    report.also('Invalid attribute for rule.')
    return false
  }
  const { id, level } = attributes
  if (id === undefined || level === undefined) {
    report.refuse(`No rule id or level specified for rule '${position}'.`, whatIsMissing(element, id), needsIdAndLevel)
    return false
  }
  let { overwrite } = attributes
  const existing = tree.find(id)
  if (existing && !overwrite) {
    report.drop(
      `(7612): Rule ID '${id}' is duplicated. Only the first occurrence will be considered.`,
      `rule ${id} is there already: ${existing.file}:${existing.line}`,
      'give it another id, or write overwrite="yes" to replace the first one',
    )
    return true
  }
  if (!existing && overwrite) {
    report.warn(
      `(7613): Rule ID '${id}' does not exist but 'overwrite' is set to 'yes'. Still, the rule will be loaded.`,
      `rule ${id}: there is no rule to overwrite`,
      { missingRule: id },
    )
    overwrite = false
  }
  const rule = newRule(id, attributes, group, path, element.line)
  onFrequency(attributes.frequency)
  if (element.children.length === 0) {
    report.refuse(
      `Rule '${id}' without any option. It may lead to false positives and some other problems for the system. Exiting.`,
      `rule ${id} is empty`,
      'give it a <description> and something to match',
    )
    return false
  }
  const verdict = readRule(element, rule, overwrite, context)
  if (verdict === 'fatal') return false
  if (verdict === 'skip') return true
  if (overwrite && id >= 10) {
    overwriteRule(existing!, rule, verdict.parents, report, context.geoip)
    tree.overwritten(existing!)
    return true
  }
  if (!tree.add(rule, verdict.parents, report)) return true
  startSearch(rule, overwrite, tree)
  return true
}

function newRule(
  id: number,
  { level, maxsize, frequency, timeframe, ignore_time, noalert, accuracy }: ReturnType<typeof readAttributes> & object,
  group: string,
  file: string,
  line: number,
): Rule {
  const weight = level === 0 ? 99 : level!
  // Everything that a rule may have stands here, so that all rules are objects of one kind, which V8 reads at fixed places.
  return {
    index: -1,
    id,
    level: accuracy === 0 ? weight : weight * 100,
    written_level: level!,
    maxsize,
    frequency,
    timeframe,
    ignore_time,
    noalert,
    options: [],
    category: 'syslog',
    decoded_as: undefined,
    group,
    description: '',
    info: undefined,
    cve: undefined,
    mitre_ids: undefined,
    mitre_pairs: undefined,
    patterns: {},
    fields: [],
    srcip: undefined,
    dstip: undefined,
    lists: [],
    compiled_rule: undefined,
    time: undefined,
    weekday: undefined,
    if_fts: false,
    check_diff: false,
    context: false,
    search: undefined,
    same: [],
    different: [],
    same_fields: [],
    different_fields: [],
    global_frequency: false,
    if_matched_regex: undefined,
    if_matched_group: undefined,
    if_matched_sid: 0,
    if_sid: undefined,
    if_level: undefined,
    sid_target: undefined,
    feeds_sid: false,
    feeds_groups: [],
    nodes: [],
    file,
    line,
  }
}

/** Says where a composite looks, and marks what it will count. Only what is loaded already is ever marked by group. */
function startSearch(rule: Rule, overwrite: boolean, tree: RuleTree): void {
  if (rule.if_matched_sid !== 0 && !overwrite) {
    rule.search = 'sid'
    tree.markSid(rule)
  } else if (rule.if_matched_group && !overwrite) {
    rule.search = 'group'
    tree.markGroup(rule)
  } else if (rule.context) {
    if (rule.check_diff) rule.context = false
    else rule.search = 'events'
  }
}

/** The original's sentence in our form. */
function plain(message: string): string {
  return `${message.charAt(0).toLowerCase()}${message.slice(1)}`.replace(/\.$/, '')
}

function whatIsMissing(rule: XmlElement, id: number | undefined): string {
  if (id === undefined) return 'a rule without an id'
  const level = rule.attributes.find(({ name }) => name.toLowerCase() === 'level')?.value
  return level === undefined ? `rule ${id} has no level` : `rule ${id}: level "${level}" is no number`
}

function hintForXml(message: string): string | undefined {
  if (message.startsWith('Comment not closed'))
    return 'close it with -->; <!DOCTYPE and <![CDATA[ count as comments here'
  if (message.includes('has no value')) return 'a < in a pattern is written \\<'
  if (message.includes('not followed by a')) return 'put values in quotes, with no blank before the "="'
  if (message.startsWith('Element not opened')) return 'take this closing tag out; an empty <> is none, either'
  const isOpen = message.startsWith('End of file') || /^Element .* not closed/.test(message)
  if (isOpen)
    return 'what begins here is not closed, or something in it; a closing tag is written exactly like its opening one'
  if (message.startsWith('Bad attribute closing') && message.includes("'version'")) return 'remove the <?xml …?> line'
  if (message.startsWith('String overflow')) return 'names and texts must stay below 20480 bytes'
  return undefined
}
