import { toBytes } from '../alert.ts'
import type { ActiveResponseBlock, CommandBlock } from '../config.ts'
import { compilePattern } from '../engine/patterns/index.ts'
import { didYouMean } from '../nearest.ts'
import type { Block, Option } from './ossec-conf-block.ts'
import {
  badValue,
  checkIds,
  checkText,
  lenientNumber,
  scanIds,
  toNumber,
  toYesNo,
  unknownOption,
} from './ossec-conf-block.ts'

const commandOptions = ['name', 'executable', 'timeout_allowed', 'extra_args', 'expect'] as const

/** Reads `<command>` as analysisd does (spec/active-response.md section 1.1). */
export function readCommand(block: Block): CommandBlock | undefined {
  const result: CommandBlock = { place: block.place, name: '', executable: '', timeout_allowed: false }
  const given = new Set(block.options.map(({ name }) => name))
  for (const option of block.options) {
    const { name, value, line } = option
    switch (name) {
      case 'name':
        checkText(block, option)
        if (value.startsWith('!')) badValue(block, option, 'a name: it begins with "!"')
        result.name = value
        break
      case 'executable':
        checkText(block, option)
        if (value.includes('/')) {
          block.warn(line, `<executable>: "${value}" is looked up in active-response/bin`, {
            hint: 'write the file name',
          })
        }
        result.executable = value
        break
      case 'timeout_allowed':
        result.timeout_allowed = toYesNo(block, option) ?? false
        break
      case 'extra_args':
        if (value.includes('"') || value.includes("'")) {
          block.warn(line, '<extra_args>: split at every blank, quotes stay in the arguments', {
            hint: 'give the script arguments without blanks',
          })
        }
        result.extra_args = value
        break
      case 'expect':
        result.expect = value
        break
      default:
        unknownOption(block, option, commandOptions)
    }
  }
  for (const needed of ['name', 'executable']) {
    if (!given.has(needed)) block.error(block.place.line, `it has no <${needed}>`)
  }
  return block.hasError ? undefined : result
}

const responseOptions = [
  'command',
  'location',
  'agent_id',
  'rules_id',
  'rules_group',
  'level',
  'timeout',
  'disabled',
  'repeated_offenders',
  'ca_store',
] as const

/** What an active response may name: the commands above it, and where those stand that are below it or were refused. */
export interface KnownCommands {
  commands: CommandBlock[]
  /** Line of a `<command>` of this name that stands further down. */
  below(name: string): number | undefined
  /** Line of a `<command>` of this name that has an error. */
  refused(name: string): number | undefined
}

/**
 * Reads `<active-response>` as analysisd does (spec/active-response.md section 1.2). `repeated_offenders` is left empty: execd takes it from the
 * first block that has one, for all.
 *
 * @returns undefined when there is nothing to run: an error, `<disabled>yes`, or a block that only holds `<repeated_offenders>`
 */
export function readActiveResponse(block: Block, known: KnownCommands): ActiveResponseBlock | undefined {
  const last = new Map<string, Option>()
  for (const option of block.options) {
    if (!(responseOptions as readonly string[]).includes(option.name)) unknownOption(block, option, responseOptions)
    last.set(option.name, option)
  }
  const level = last.has('level') ? toNumber(block, last.get('level')!, { max: 20 }) : 0
  const isDisabled = block.options.filter(({ name }) => name === 'disabled').some((option) => toYesNo(block, option))
  if (isDisabled || block.hasError) return undefined

  const command = last.get('command')
  const location = last.get('location')
  if (!command?.value || !location?.value) {
    if (!last.has('repeated_offenders')) reportMissing(block, last)
    return undefined
  }
  const definition = findCommand(block, command, known)
  const places = readLocation(block, location, last.get('agent_id'))
  if (!definition || !places || block.hasError) return undefined

  const rulesGroup = last.get('rules_group')
  const result: ActiveResponseBlock = {
    place: block.place,
    command: command.value,
    location: places,
    agent_id: last.get('agent_id')?.value,
    rules_id: last.has('rules_id') ? readIds(block, last.get('rules_id')!) : [],
    rules_group: rulesGroup?.value,
    level: level ?? 0,
    timeout: last.has('timeout') ? lenientNumber(block, last.get('timeout')!) : 0,
    repeated_offenders: [],
  }
  if (rulesGroup) checkRulesGroup(block, rulesGroup)
  if (result.timeout > 0 && !definition.timeout_allowed) {
    block.warn(last.get('timeout')!.line, `<timeout> is ignored: the command "${command.value}" does not allow it`, {
      hint: `write <timeout_allowed>yes</timeout_allowed> in the <command> on line ${definition.place.line}, or what it does is never undone`,
    })
    result.timeout = 0
  }
  if (result.rules_id.length === 0 && rulesGroup === undefined && result.level === 0) {
    block.warn(block.place.line, 'it has no rules_id, rules_group or level, so no alert runs it', {
      hint: 'add <rules_id>, <rules_group> or <level>',
    })
  }
  return result
}

function reportMissing(block: Block, last: Map<string, Option>): void {
  if (block.options.every(({ name }) => name === 'disabled')) {
    block.warn(block.place.line, 'it only says <disabled>no</disabled>', {
      hint: 'delete the block; that is the default',
      wazuh: 'an agent starts, a manager does not',
    })
    return
  }
  const missing = ['command', 'location'].filter((name) => !last.get(name)?.value).map((name) => `<${name}>`)
  block.error(block.place.line, `it has no ${missing.join(' and no ')}`, {
    hint: missing.includes('<location>')
      ? 'write <location>local</location> for the host that saw the event'
      : undefined,
  })
}

function findCommand(block: Block, option: Option, known: KnownCommands): CommandBlock | undefined {
  const { value: name, line } = option
  const found = known.commands.find((command) => command.name === name)
  if (found) return found
  const below = known.below(name)
  const refused = known.refused(name)
  if (refused !== undefined) {
    block.error(line, `the command "${name}" on line ${refused} has an error`, { hint: 'mend that first' })
  } else if (below !== undefined) {
    block.error(line, `the command "${name}" is defined only on line ${below}`, {
      hint: 'move its <command> above this block',
    })
  } else {
    block.error(line, `there is no command "${name}"`, {
      hint:
        didYouMean(
          name,
          known.commands.map((command) => command.name),
        ) ?? 'write a <command> with this <name> above this block',
    })
  }
  return undefined
}

/** Words are searched anywhere in the text, in any case, and what is found adds up. */
function readLocation(
  block: Block,
  option: Option,
  agent: Option | undefined,
): ActiveResponseBlock['location'] | undefined {
  const { value, line } = option
  const has = (pattern: RegExp) => pattern.test(value)
  const location = {
    server: has(/as|analysisd|server/i),
    local: has(/local/i),
    defined: has(/defined-agent/i),
    all: has(/all|any/i),
  }
  if (location.defined) {
    if (!agent) {
      block.error(line, '<location>defined-agent</location> needs an <agent_id>')
      return undefined
    }
    if (!(Number.parseInt(agent.value, 10) > 0)) {
      block.warn(agent.line, `<agent_id>: "${agent.value}" is no agent, so this block is not used`, {
        hint: 'write an agent number, or <location>server</location> for the manager',
      })
      return undefined
    }
  }
  const places = (Object.keys(location) as (keyof typeof location)[]).filter((place) => location[place])
  if (places.length === 0) {
    const choices = ['local', 'server', 'defined-agent', 'all']
    badValue(block, option, 'a location', didYouMean(value.trim(), choices) ?? `write one of ${choices.join(', ')}`)
    return undefined
  }
  if (places.length > 1) {
    const first = location.server ? 'server' : location.all ? 'all' : 'defined'
    const wins = { server: 'the manager', all: 'all agents', defined: 'that agent' }[first]
    block.warn(line, `<location>: "${value}" names ${places.join(' and ')}, but only one place is used: ${wins}`, {
      hint: 'write one <active-response> for each place',
    })
  } else if (!/^(analysis-server|analysisd|as|server|local|defined-agent|all|any)$/i.test(value)) {
    const place = places[0] === 'defined' ? 'defined-agent' : places[0]!
    block.warn(line, `<location>: "${value}" is read as ${place}`, { hint: `write <location>${place}</location>` })
  }
  return location
}

function readIds(block: Block, option: Option): number[] {
  const ids = scanIds(option.value)
  checkIds(block, option)
  if (ids.length === 0) block.warn(option.line, '<rules_id> holds no id')
  return ids
}

/** A pattern over the rule's groups as one text, such as `syslog,sshd,`; not a list. */
function checkRulesGroup(block: Block, { value, line }: Option): void {
  if (compilePattern('osregex', toBytes(value)).error) {
    block.warn(line, `<rules_group>: "${value}" is not a pattern, so it never matches`, {
      hint: 'write group names with | between them',
    })
  } else if (value.split('|').some((part) => /,\s*\S/.test(part))) {
    block.warn(line, `<rules_group>: "${value}" is one pattern, not a list: it asks for exactly this text`, {
      hint: `write ${value
        .split(/[,|]/)
        .map((name) => name.trim())
        .filter(Boolean)
        .join('|')}`,
    })
  }
}

/** `<repeated_offenders>` in minutes, as execd reads it: at most five pieces, and a 0 ends the list. */
export function readRepeatedOffenders(text: string): number[] {
  const minutes = splitAtMost(text, ',', 5)
    .filter((piece) => /[^ \t]/.test(piece))
    .map((piece) => Number.parseInt(piece, 10) || 0)
  const zero = minutes.indexOf(0)
  return zero === -1 ? minutes : minutes.slice(0, zero)
}

/** The last piece keeps the rest. */
function splitAtMost(text: string, separator: string, pieces: number): string[] {
  const all = text.split(separator)
  return all.length <= pieces ? all : [...all.slice(0, pieces - 1), all.slice(pieces - 1).join(separator)]
}
