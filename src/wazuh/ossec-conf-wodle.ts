import type { WodleCommandBlock } from '../config.ts'
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
  'disabled',
  'tag',
  'command',
  'interval',
  'day',
  'wday',
  'time',
  'run_on_start',
  'ignore_output',
  'timeout',
  'verify_md5',
  'verify_sha1',
  'verify_sha256',
  'skip_verification',
] as const

const digits = { verify_md5: 32, verify_sha1: 40, verify_sha256: 64 } as const
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** Reads `<wodle name="command">` as modulesd does (spec/wodle-command.md part A). */
export function readWodleCommand(block: Block): WodleCommandBlock | undefined {
  const result: WodleCommandBlock = {
    place: block.place,
    disabled: false,
    tag: '',
    command: '',
    interval: { every: 2, unit: 'seconds' },
    run_on_start: true,
    ignore_output: false,
    timeout: 0,
    verify: { skip_verification: false },
  }
  const lines = new Map(block.options.map(({ name, line }) => [name, line]))
  for (const option of block.options) {
    const { name, value, line } = option
    switch (name) {
      case 'disabled':
      case 'run_on_start':
      case 'ignore_output':
        result[name] = toYesNo(block, option) ?? result[name]
        break
      case 'skip_verification':
        result.verify.skip_verification = toYesNo(block, option) ?? false
        break
      case 'tag':
        checkText(block, option)
        if (value === '')
          block.warn(line, '<tag> is empty', { hint: 'name the wodle: its events come from command_TAG' })
        result.tag = value
        break
      case 'command':
        checkText(block, option)
        if (value === '') block.error(line, '<command> is empty')
        else checkCommand(block, option)
        result.command = value
        break
      case 'interval':
        result.interval = readInterval(block, option) ?? result.interval
        break
      case 'day':
        result.day = toNumber(block, option, { min: 1, max: 31 })
        break
      case 'wday': {
        const found = days.findIndex((day) => value.replace(/^ +/, '').toLowerCase().startsWith(day))
        if (found === -1) badValue(block, option, 'a day of the week', 'write one of sunday … saturday')
        else result.wday = found
        break
      }
      case 'time':
        result.time = readTime(block, option)
        break
      case 'timeout':
        result.timeout = readTimeout(block, option) ?? 0
        break
      case 'verify_md5':
      case 'verify_sha1':
      case 'verify_sha256':
        if (value.length !== digits[name]) badValue(block, option, `a digest of ${digits[name]} characters`)
        result.verify[name.slice('verify_'.length) as 'md5' | 'sha1' | 'sha256'] = value
        break
      default:
        unknownOption(block, option, known)
    }
  }
  if (!lines.has('tag')) {
    block.warn(block.place.line, 'it has no <tag>', { hint: 'name the wodle: its events come from command_TAG' })
  }
  if (!lines.has('command')) block.error(block.place.line, 'it has no <command>')
  checkSchedule(block, result, lines)
  return block.hasError ? undefined : result
}

/** The command is split at blanks and run without a shell. spec/wodle-command.md A3. */
function checkCommand(block: Block, { value, line }: Option): void {
  if (/^\s*\S*\/?(ba|da|z|k)?sh\s/.test(value)) return
  const sign = /[|><;*$]|&&|`/.exec(value.replace(/\\./g, '').replace(/"[^"]*"/g, ''))?.[0]
  if (sign !== undefined) {
    block.warn(line, `<command>: there is no shell, so "${sign}" is passed on as it is`, {
      hint: 'write /bin/sh -c "…" around it',
    })
  }
  if (value.includes("'")) {
    block.warn(line, `<command>: single quotes do not quote`, { hint: 'use double quotes' })
  }
}

function readInterval(block: Block, option: Option): WodleCommandBlock['interval'] | undefined {
  const number = leadingNumber(option.value)
  const unit = number?.rest[0] ?? 's'
  const seconds = number && unitSeconds[unit] ? number.value * unitSeconds[unit] : 0
  if (!number || number.value < 1 || number.value >= 2 ** 32 - 1 || (unit !== 'M' && !(seconds > 0))) {
    badValue(block, option, 'an interval', 'write a number and one of s, m, h, d, w or M (months), without a blank')
    return undefined
  }
  warnRadix(block, option, number)
  if (number.rest.length > 1) {
    block.warn(option.line, `<interval>: of "${option.value}" only ${number.value}${unit} is read`)
  }
  return unit === 'M' ? { every: number.value, unit: 'months' } : { every: seconds, unit: 'seconds' }
}

function readTimeout(block: Block, option: Option): number | undefined {
  if (option.value === '') return 0
  const number = leadingNumber(option.value)
  if (number?.rest !== '') {
    badValue(block, option, 'a number of seconds', number ? 'units are not known here, write seconds' : undefined)
    return undefined
  }
  warnRadix(block, option, number)
  return number.value
}

function warnRadix(block: Block, { name, value, line }: Option, number: { value: number; radix: number }): void {
  if (number.radix === 10) return
  const kind = number.radix === 8 ? 'octal, because of the leading 0' : 'hexadecimal'
  block.warn(line, `<${name}>: "${value}" is ${kind}: ${number.value}`)
}

function readTime(block: Block, option: Option): string | undefined {
  const found = /^ *[+]?(\d+):\s*[+]?(\d+)/.exec(option.value)
  if (!found || Number(found[1]) > 23 || Number(found[2]) > 59) {
    badValue(block, option, 'a time', 'write hh:mm, from 00:00 to 23:59')
    return undefined
  }
  return `${found[1]!.slice(-2).padStart(2, '0')}:${found[2]!.slice(-2).padStart(2, '0')}`
}

/** What goes together, and what the original changes without being asked. `_sched_scan_validate_parameters`. */
function checkSchedule(block: Block, wodle: WodleCommandBlock, lines: Map<string, number>): void {
  const line = lines.get('interval') ?? block.place.line
  const change = (option: string, interval: string) =>
    block.warn(line, `with <${option}> the interval becomes ${interval}`, {
      hint: `write <interval>${interval}</interval>`,
    })
  const isMonths = wodle.interval.unit === 'months'
  const isMultipleOf = (seconds: number) => !isMonths && wodle.interval.every % seconds === 0
  if (wodle.day !== undefined && wodle.wday !== undefined) {
    block.error(lines.get('wday')!, '<day> and <wday> do not go together', { hint: 'delete one of the two' })
  } else if (wodle.day !== undefined) {
    if (!isMonths) {
      change('day', '1M')
      wodle.interval = { every: 1, unit: 'months' }
    }
    wodle.time ??= '00:00'
  } else if (wodle.wday !== undefined) {
    if (!isMultipleOf(unitSeconds.w!)) {
      change('wday', '1w')
      wodle.interval = { every: unitSeconds.w!, unit: 'seconds' }
    }
    wodle.time ??= '00:00'
  } else if (wodle.time !== undefined) {
    if (!isMultipleOf(unitSeconds.d!)) {
      change('time', '1d')
      wodle.interval = { every: unitSeconds.d!, unit: 'seconds' }
    }
  } else if (isMonths) {
    block.warn(line, 'an interval in months without <day> means day 1 at 00:00')
    wodle.day = 1
    wodle.time = '00:00'
  }
}
