import { toBytes } from '../alert.ts'
import type { LocalfileBlock } from '../config.ts'
import { compilePattern } from '../engine/patterns/index.ts'
import type { Block, Option } from './ossec-conf-block.ts'
import {
  badValue,
  checkText,
  leadingNumber,
  toNumber,
  toYesNo,
  unitSeconds,
  unknownOption,
} from './ossec-conf-block.ts'

const known = [
  'location',
  'log_format',
  'command',
  'alias',
  'frequency',
  'only-future-events',
  'label',
  'target',
  'out_format',
  'ignore',
  'restrict',
  'exclude',
  'age',
  'ignore_binaries',
  'reconnect_time',
  'query',
  'filter',
  'multiline_regex',
] as const

/** These the original compares without case, the others with it. */
const anyCase: ReadonlySet<string> = new Set([
  'log_format',
  'multiline_regex',
  'exclude',
  'alias',
  'ignore_binaries',
  'ignore',
  'restrict',
  'filter',
])

const formats = [
  'syslog',
  'generic',
  'json',
  'snort-full',
  'snort-fast',
  'apache',
  'iis',
  'squid',
  'nmapg',
  'mysql_log',
  'ossecalert',
  'mssql_log',
  'postgresql_log',
  'djb-multilog',
  'syslog-pipe',
  'command',
  'full_command',
  'audit',
  'multi-line-regex',
  'eventlog',
  'eventchannel',
  'macos',
  'journald',
]

/** Reads `<localfile>` as logcollector does (spec/wodle-command.md part B). Undefined: an error, or its lines do not go to the analysis. */
export function readLocalfile(block: Block): LocalfileBlock | undefined {
  const result: LocalfileBlock = {
    place: block.place,
    location: '',
    log_format: '',
    frequency: 360,
    only_future_events: true,
    labels: [],
    ignore: [],
    restrict: [],
  }
  let targets: string[] | undefined
  for (const option of block.options) {
    const { value, line } = option
    const lower = option.name.toLowerCase()
    const name = anyCase.has(lower) ? lower : option.name
    switch (name) {
      case 'location':
        checkText(block, option)
        result.location = value
        break
      case 'log_format':
        checkFormat(block, option)
        result.log_format = value
        break
      case 'command':
        result.command = value
        break
      case 'alias':
      case 'exclude':
        result[name] = value
        break
      case 'frequency':
        result.frequency = { hourly: 3600, daily: 86_400 }[value] ?? toNumber(block, option) ?? 0
        break
      case 'only-future-events':
        // The original only warns here, and keeps the default.
        if (value === 'yes' || value === 'no') result.only_future_events = value === 'yes'
        else block.warn(line, `<${name}>: "${value}" is not yes or no, so it stays yes`)
        break
      case 'label':
        readLabel(block, option, result.labels)
        break
      case 'target':
        targets = value.split(',').map((target) => target.trim())
        break
      case 'out_format': {
        const target = option.attributes.find((attribute) => attribute.name === 'target')?.value
        if (target === undefined || target === 'agent') result.out_format = value
        break
      }
      case 'ignore':
      case 'restrict': {
        const pattern = readPattern(block, option)
        if (pattern) result[name].push(pattern)
        break
      }
      case 'age':
        result.age = readAge(block, option)
        break
      case 'ignore_binaries':
        toYesNo(block, option)
        break
      case 'reconnect_time':
      case 'query':
      case 'filter':
        break
      case 'multiline_regex':
        result.multiline_regex = readMultiline(block, option)
        break
      default:
        unknownOption(block, option, known)
    }
  }
  if (result.log_format === '' && !block.options.some(({ name }) => name.toLowerCase() === 'log_format')) {
    block.error(block.place.line, 'it has no <log_format>', {
      hint: 'write syslog, or json for one JSON object a line',
    })
  }
  checkSource(block, result)
  if (result.log_format === 'multi-line-regex' && !result.multiline_regex && !block.hasError) {
    block.error(block.place.line, 'it has no <multiline_regex>', {
      hint: 'write the pattern that a record begins with, such as <multiline_regex>^\\d{4}-</multiline_regex>',
    })
  }
  if (targets && !targets.includes('agent')) {
    block.warn(block.place.line, `its lines go to ${targets.join(', ')} only, so they are not analysed`, {
      hint: 'add agent to <target>',
    })
    return undefined
  }
  return block.hasError ? undefined : result
}

function checkFormat(block: Block, option: Option): void {
  const { value } = option
  if (formats.includes(value)) return
  if (value.startsWith('multi-line')) {
    if (/^multi-line *:\s*\+?0*[1-9]/.test(value)) return
    badValue(block, option, 'a log format', 'write multi-line: and the number of lines, such as multi-line:3')
    return
  }
  const trimmed = value.trim()
  badValue(
    block,
    option,
    'a log format',
    formats.includes(trimmed) || formats.includes(trimmed.toLowerCase())
      ? `write <log_format>${trimmed.toLowerCase()}</log_format>`
      : `use syslog for text lines, json for one JSON object a line; known are ${formats.join(', ')}`,
  )
}

function checkSource(block: Block, file: LocalfileBlock): void {
  const isCommand = file.log_format === 'command' || file.log_format === 'full_command'
  const wanted = isCommand ? file.command : file.location || file.command
  if (wanted || (!isCommand && /^(macos|journald)$/.test(file.log_format))) return
  block.error(
    block.place.line,
    isCommand ? 'it has no <command>' : 'it has no <location>',
    isCommand && file.location ? { hint: 'write the command in <command>, not in <location>' } : {},
  )
}

function readMultiline(block: Block, option: Option): LocalfileBlock['multiline_regex'] {
  const { value, line } = option
  const given = (name: string) => option.attributes.find((attribute) => attribute.name === name)?.value.toLowerCase()
  const choose = <T extends string>(name: string, [usual, ...others]: readonly [T, ...T[]]): T => {
    const text = given(name)
    const chosen = [usual, ...others].find((choice) => choice === text)
    if (text !== undefined && chosen === undefined) {
      block.warn(line, `<multiline_regex>: ${name}="${text}" is not known, ${usual} is used`)
    }
    return chosen ?? usual
  }
  const { error } = compilePattern('pcre2', toBytes(value))
  if (error) block.error(line, `<multiline_regex>: "${value}" is not a pcre2 pattern: ${error.message}`)
  const seconds = Number(given('timeout') ?? 5)
  const isTimeout = Number.isInteger(seconds) && seconds >= 1 && seconds <= 120
  if (!isTimeout) block.warn(line, `<multiline_regex>: timeout="${given('timeout')}" is not 1 to 120, 5 is used`)
  return {
    pattern: value,
    match: choose('match', ['start', 'all', 'end']),
    replace: choose('replace', ['no-replace', 'none', 'wspace', 'tab']),
    timeout: isTimeout ? seconds : 5,
  }
}

function readLabel(block: Block, option: Option, labels: LocalfileBlock['labels']): void {
  const key = option.attributes.findLast((attribute) => attribute.name === 'key')?.value
  if (!key) {
    block.error(option.line, key === '' ? '<label> has an empty key' : '<label> has no key', {
      hint: `write <label key="name">${option.value}</label>`,
    })
  } else if (key.startsWith('_')) {
    block.warn(option.line, `<label>: "${key}" is left out, names that begin with _ are Wazuh's own`)
  } else labels.push({ key, value: option.value })
}

function readPattern(block: Block, option: Option): LocalfileBlock['ignore'][number] | undefined {
  const { name, value, line } = option
  const [first] = option.attributes
  if (first && first.name !== 'type') {
    block.error(line, `<${name}> has an attribute "${first.name}"`, { hint: 'only type is known' })
    return undefined
  }
  const given = first?.value.toLowerCase() ?? 'pcre2'
  if (!isType(given)) {
    block.warn(line, `<${name}>: the type "${first!.value}" is not known, pcre2 is used`, {
      hint: 'write osmatch, osregex or pcre2',
    })
  }
  const type = isType(given) ? given : 'pcre2'
  const { error } = compilePattern(type, toBytes(value))
  if (!error) return { type, pattern: value }
  block.error(line, `<${name}>: "${value}" is not a ${type} pattern: ${error.message}`)
  return undefined
}

const isType = (name: string): name is LocalfileBlock['ignore'][number]['type'] =>
  /^(osmatch|osregex|pcre2)$/.test(name)

function readAge(block: Block, option: Option): number | undefined {
  const number = leadingNumber(option.value)
  const seconds = number && number.value * (unitSeconds[number.rest[0] ?? 's'] ?? 0)
  if (seconds) return seconds
  badValue(block, option, 'an age', 'write a number and one of s, m, h, d or w, without a blank')
  return undefined
}
