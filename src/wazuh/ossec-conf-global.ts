import { isIPv4, isIPv6 } from 'node:net'
import { toBytes } from '../alert.ts'
import type { GlobalBlock, RulesetBlock } from '../config.ts'
import { compilePattern } from '../engine/patterns/index.ts'
import type { Block, Option } from './ossec-conf-block.ts'
import { badValue, checkText, toNumber, toYesNo, unknownOption } from './ossec-conf-block.ts'

/** What Wazuh assumes when nothing is said; its shipped file says other things. spec/alerts.md section 1. */
export function globalDefaults(): GlobalBlock {
  return {
    jsonout_output: true,
    alerts_log: true,
    log_alert_level: 1,
    email_alert_level: 7,
    white_list: [],
    rotate_interval: 0,
    max_output_size: 0,
  }
}

const yesNoOptions = [
  'email_notification',
  'prelude_output',
  'zeromq_output',
  'jsonout_output',
  'alerts_log',
  'logall',
  'logall_json',
  'update_check',
]
const numberOptions = [
  'prelude_log_level',
  'integrity_checking',
  'rootkit_detection',
  'host_information',
  'stats',
  'memory_size',
]
const otherOptions = [
  'rotate_interval',
  'max_output_size',
  'white_list',
  'custom_alert_output',
  'forward_to',
  'geoipdb',
  'prelude_profile',
  'zeromq_uri',
  'zeromq_server_cert',
  'zeromq_client_cert',
  'compress_alerts',
  'email_to',
  'email_from',
  'email_reply_to',
  'email_idsname',
  'smtp_server',
  'helo_server',
  'email_maxperhour',
  'email_log_source',
  'queue_size',
  'agents_disconnection_time',
  'agents_disconnection_alert_time',
  'limits',
  'cti-url',
]
const globalOptions = [...yesNoOptions, ...numberOptions, ...otherOptions]

/**
 * Adds what `<global>` says (spec/alerts.md section 1, spec/active-response.md section 1.4). Unlike other blocks a wrong option loses only itself: what
 * else stands here, `<white_list>` above all, must not get lost with it.
 */
export function readGlobal(block: Block, result: GlobalBlock): { isWhiteListWhole: boolean } {
  let isWhiteListWhole = true
  for (const option of block.options) {
    const { name, value } = option
    if (name === 'jsonout_output' || name === 'alerts_log') result[name] = toYesNo(block, option) ?? result[name]
    else if (yesNoOptions.includes(name)) toYesNo(block, option)
    else if (numberOptions.includes(name)) toNumber(block, option)
    else if (name === 'white_list') {
      if (checkWhiteList(block, option)) result.white_list.push(value)
      else isWhiteListWhole = false
    } else if (name === 'rotate_interval') {
      result.rotate_interval =
        withUnit(block, option, { d: 86_400, h: 3600, m: 60, s: 1 }, [600, 86_400], '10m to 1d') ??
        result.rotate_interval
    } else if (name === 'max_output_size') {
      const sizes = { g: 2 ** 30, m: 2 ** 20, k: 1024, b: 1 }
      result.max_output_size =
        withUnit(block, option, sizes, [1_000_000, 2 ** 40], '1M to 1024G') ?? result.max_output_size
    } else if (!globalOptions.includes(name)) unknownOption(block, option, globalOptions)
  }
  return { isWhiteListWhole }
}

/** `!a.b.c.d`, `/bits` or `/mask` behind it; everything else is an OS_Match pattern over the address as text. */
const addressForm = /^!?\d{1,3}(\.\d{1,3}){3}(\/\d{1,2}(\d(\.\d{1,3}){3})?)?$/

function checkWhiteList(block: Block, option: Option): boolean {
  const { value, line } = option
  checkText(block, option)
  if (addressForm.test(value)) {
    const [address, mask] = value.replace(/^!/, '').split('/')
    const isMask = mask === undefined || (mask.includes('.') ? isIPv4(mask) : Number(mask) <= 32)
    if (isIPv4(address!) && isMask) return true
    badValue(block, option, 'an address or network')
    return false
  }
  if (value === '') {
    block.warn(line, '<white_list> is empty, which matches every address: no response ever runs')
  } else if (isIPv6(value.replace(/\/\d+$/, ''))) {
    block.warn(line, `<white_list>: "${value}" is compared as text, anywhere in the address`, {
      hint: value.includes('/')
        ? 'IPv6 networks are not known here: put it under responses.never in outrider.yaml'
        : `write ^${value}$, or put it under responses.never in outrider.yaml`,
    })
  }
  return true
}

/** `sscanf("%d%c")`: a number, one letter for the unit, the rest is not looked at. */
function withUnit(
  block: Block,
  option: Option,
  units: Record<string, number>,
  [min, max]: [number, number],
  range: string,
): number | undefined {
  const found = /^\s*\+?(\d+)(.?)/s.exec(option.value)
  // Only the size knows capital letters.
  const unit = found?.[2] && ('b' in units ? found[2].toLowerCase() : found[2])
  const factor = unit ? units[unit] : 1
  const value = found && factor ? Number(found[1]) * factor : Number.NaN
  if (value === 0 || (value >= min && value <= max)) return value
  badValue(
    block,
    option,
    `0 or from ${range}`,
    `write a number and one of ${Object.keys(units).join(', ')}, without a blank`,
  )
  return undefined
}

/** Adds what `<alerts>` says; a wrong option loses only itself. */
export function readAlerts(block: Block, result: GlobalBlock): void {
  for (const option of block.options) {
    const { name } = option
    if (name === 'log_alert_level' || name === 'email_alert_level') {
      const level = toNumber(block, option)
      // Kept in one byte by the original.
      if (level !== undefined) result[name] = level & 0xff
      if (level !== undefined && level > 16) block.warn(option.line, `<${name}>: no rule has a level above 16`)
    } else unknownOption(block, option, ['log_alert_level', 'email_alert_level'])
  }
}

/** The `cluster` of alerts: only when the cluster is neither disabled nor hidden. Other options are clusterd's. */
export function readCluster(block: Block, result: GlobalBlock): void {
  const textOf = (name: string) => block.options.findLast((option) => option.name === name)?.value
  for (const option of block.options) {
    if (option.name === 'disabled' || option.name === 'hidden') toYesNo(block, option)
    if ((option.name === 'name' || option.name === 'node_name') && option.value === '') {
      block.error(option.line, `<${option.name}> is empty`)
    }
  }
  if (block.hasError) return
  const name = textOf('name')
  const isShown = textOf('disabled') !== 'yes' && textOf('hidden') !== 'yes'
  result.cluster = isShown && name ? { name, node_name: textOf('node_name') } : undefined
}

const rulesetOptions = [
  'rule_dir',
  'decoder_dir',
  'rule_include',
  'decoder_include',
  'rule_exclude',
  'decoder_exclude',
  'list',
] as const

/**
 * Reads `<ruleset>` (spec/ossec-conf.md section 6). A later block replaces the rules and decoders of the earlier ones, and their lists when it has
 * any itself: that is how Wazuh does it, so a warning is all that can be done. A wrong option loses only itself.
 */
export function readRuleset(block: Block, earlier: RulesetBlock | undefined): RulesetBlock {
  const result: RulesetBlock = {
    place: block.place,
    rule_dir: [],
    decoder_dir: [],
    rule_include: [],
    decoder_include: [],
    rule_exclude: [],
    decoder_exclude: [],
    list: [],
  }
  for (const option of block.options) {
    const { name, value } = option
    if (name === 'rule_dir' || name === 'decoder_dir') {
      checkText(block, option)
      const pattern = readDirPattern(block, option)
      if (pattern !== undefined) result[name].push({ path: value, pattern })
    } else if ((rulesetOptions as readonly string[]).includes(name)) {
      checkText(block, option)
      result[name as Exclude<(typeof rulesetOptions)[number], 'rule_dir' | 'decoder_dir'>].push(value)
    } else unknownOption(block, option, rulesetOptions)
  }
  if (earlier && result.list.length === 0) result.list = earlier.list
  for (const kind of ['rule', 'decoder'] as const) {
    if (result[`${kind}_dir`].length === 0) {
      result[`${kind}_dir`] = [{ path: `ruleset/${kind}s`, pattern: defaultPattern }]
    }
  }
  if (earlier) warnOfSecond(block, result, earlier)
  return result
}

const defaultPattern = '.xml$'

function readDirPattern(block: Block, option: Option): string | undefined {
  if (option.attributes.length === 0) return defaultPattern
  const pattern = option.attributes.findLast(({ name }) => name.toLowerCase() === 'pattern')?.value
  if (pattern === undefined) {
    block.error(option.line, `<${option.name}> has an attribute "${option.attributes[0]!.name}"`, {
      hint: 'only pattern is known',
    })
    return undefined
  }
  const { error } = compilePattern('osregex', toBytes(pattern))
  if (!error) return pattern
  block.error(option.line, `<${option.name}>: the pattern "${pattern}" does not compile: ${error.message}`)
  return undefined
}

function warnOfSecond(block: Block, result: RulesetBlock, earlier: RulesetBlock): void {
  const paths = (ruleset: RulesetBlock) => [
    ...[...ruleset.rule_dir, ...ruleset.decoder_dir].map(({ path }) => path),
    ...ruleset.rule_include,
    ...ruleset.decoder_include,
    ...ruleset.list,
    ...ruleset.rule_exclude.map((path) => `the exclusion of ${path}`),
    ...ruleset.decoder_exclude.map((path) => `the exclusion of ${path}`),
  ]
  const kept = new Set(paths(result))
  const lost = paths(earlier).filter((path) => !kept.has(path))
  const first = earlier.place.file === block.place.file ? '' : `${earlier.place.file} `
  block.warn(
    block.place.line,
    `a second <ruleset> replaces the one on ${first}line ${earlier.place.line}${lost.length > 0 ? `; lost: ${lost.join(', ')}` : ''}`,
    { hint: 'write everything into one <ruleset>' },
  )
}
