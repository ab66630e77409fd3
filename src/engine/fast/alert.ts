/**
 * Alerts put together from prepared pieces. What of an alert depends on its rule, its decoder or the session is printed once; what depends on the names
 * of its fields (which name nests in which, which is dropped) is worked out once for each sequence of names. The rare forms are left to the plain
 * printer: devices without agent, SCA and rootcheck with compliance lists in their data.
 *
 * Joining a list of the pieces, or a table instead of JSON.stringify for short texts, was not faster than adding strings one to the other.
 */
import { agentOf, alertJson, hasPrevious, headerHost, locationOf } from '../alert-json.ts'
import type { AlertLine, AlertOrigin, AlertParts, AlertPrinter, RuleOutput, RuleText } from '../alert-parts.ts'
import { alertText } from '../alert-text.ts'
import type { DecoderInfo, EngineEvent } from '../event.ts'
import { timestampOf } from '../local-time.ts'
import { dataText } from './layout.ts'

/** A byte string as cJSON prints it. For texts of one byte a character the built-in printer gives the same. */
const printed = (text: string) => JSON.stringify(text)

export class FastPrinter implements AlertPrinter {
  private readonly origin: AlertOrigin
  private readonly manager: string
  private readonly localAgent: string
  private readonly cluster: string
  private readonly decoders = new Map<DecoderInfo, string>()

  constructor(origin: AlertOrigin) {
    const { manager, cluster } = origin
    this.origin = origin
    this.manager = `"manager":{"name":${printed(manager)}},"id":"`
    this.localAgent = `"agent":{"id":"000","name":${printed(manager)}},${this.manager}`
    this.cluster = cluster
      ? `"cluster":{"name":${printed(cluster.name)}${cluster.node === undefined ? '' : `,"node":${printed(cluster.node)}`}},`
      : ''
  }

  json(parts: AlertParts): AlertLine {
    const { event, output, stamp, walk } = parts
    const { location, full_log, program_name, timestamp } = event
    const rule = output && (output.text ??= printRule(output, this.origin.withLevelZero))
    const isLocal = location.charCodeAt(0) !== openParenthesis
    if (rule?.isRootcheck || (!isLocal && event.agent_id === '000') || hasCheckFields(event)) {
      return alertJson(parts, this.origin)
    }
    let head = `{"timestamp":"${timestampOf(stamp, event.at_ms)}",`
    if (output && rule) head += ruleJson(rule, parts)
    head += isLocal && event.agent_id === '000' ? this.localAgent : this.agent(event)
    head += `${stamp.seconds}.`

    let tail = `",${this.cluster}`
    if (output && hasPrevious(walk.notes)) tail += `"previous_output":${printed(walk.notes.join('\n'))},`
    if (!output?.no_full_log) tail += `"full_log":${printed(full_log)},`
    const host = startsWithCapital(full_log) ? headerHost.exec(full_log)?.[1] : undefined
    const hasHeader = program_name !== undefined || timestamp !== undefined
    if (hasHeader) tail += `${predecoder(program_name, timestamp, host)},`
    tail += this.decoder(event.decoder)
    if (walk.previous_log !== undefined) tail += `,"previous_log":${printed(walk.previous_log)}`
    const data = dataText(event)
    if (data !== undefined) tail += `,"data":${data}`
    if (!hasHeader && host !== undefined) tail += `,${predecoder(undefined, undefined, host)}`
    const place = locationOf(location)
    if (place !== undefined) tail += `,"location":${printed(place)}`
    return { head, tail: `${tail}}` }
  }

  text(parts: AlertParts): AlertLine {
    return alertText(parts)
  }

  private agent(event: EngineEvent): string {
    const members = agentOf(event, this.origin.manager).filter(([, value]) => value !== undefined)
    return `"agent":{${members.map(([name, value]) => `"${name}":${printed(value!)}`).join(',')}},${this.manager}`
  }

  private decoder(info: DecoderInfo | undefined): string {
    if (!info) return '"decoder":{}'
    let text = this.decoders.get(info)
    if (text === undefined) {
      const { accumulate, parent, name, ftscomment } = info
      const members = [
        ...(accumulate ? ['"accumulate":1'] : []),
        ...(parent === undefined ? [] : [`"parent":${printed(parent)}`]),
        `"name":${printed(name)}`,
        ...(ftscomment === undefined ? [] : [`"ftscomment":${printed(ftscomment)}`]),
      ]
      this.decoders.set(info, (text = `"decoder":{${members.join(',')}}`))
    }
    return text
  }
}

const openParenthesis = 0x28

function printRule(output: RuleOutput, withLevelZero: boolean): RuleText {
  const { rule, flags, mitre, groups, description } = output
  const hasFixedDescription = description.length === 1
  const level = rule.level === 0 ? '' : `"level":${rule.level},`
  const list = (values: readonly string[]) => JSON.stringify(values)
  const middle = [
    ...(rule.id === 0 ? [] : [`"id":"${rule.id}"`]),
    ...(mitre
      ? [`"mitre":{"id":${list(mitre.id)},"tactic":${list(mitre.tactic)},"technique":${list(mitre.technique)}}`]
      : []),
    ...(rule.cve === undefined ? [] : [`"cve":${printed(rule.cve)}`]),
    ...(rule.info === undefined ? [] : [`"info":${printed(rule.info)}`]),
    ...(rule.search ? [`"frequency":${rule.frequency + 2}`] : []),
  ]
  const end = [
    `"mail":${flags.mail}`,
    `"groups":${list(groups.groups)}`,
    ...groups.compliance.map(([name, tags]) => `"${name}":${list(tags)}`),
    ...(rule.level === 0 && withLevelZero ? ['"level":0'] : []),
  ]
  return {
    beginning: `"rule":{${level}"description":${hasFixedDescription ? printed(rule.description) : ''}`,
    middle: middle.map((member) => `,${member}`).join(''),
    end: `,${end.join(',')}},`,
    hasFixedDescription,
    isRootcheck: groups.groups.includes('rootcheck'),
  }
}

function ruleJson({ beginning, middle, end, hasFixedDescription }: RuleText, parts: AlertParts): string {
  const { firedtimes, output, description } = parts
  const text = hasFixedDescription ? beginning + middle : beginning + printed(description) + middle
  return firedtimes === -1 || output!.flags.no_counter ? text + end : `${text},"firedtimes":${firedtimes}${end}`
}

function predecoder(program: string | undefined, timestamp: string | undefined, host: string | undefined): string {
  let text = ''
  if (program !== undefined) text += `,"program_name":${printed(program)}`
  if (timestamp !== undefined) text += `,"timestamp":${printed(timestamp)}`
  if (host !== undefined) text += `,"hostname":${printed(host)}`
  return `"predecoder":{${text.slice(1)}}`
}

function startsWithCapital(text: string): boolean {
  const code = text.charCodeAt(0)
  return code >= 0x41 && code <= 0x5a
}

/** Whether some field lies below `sca`: its compliance lists go to the rule. */
function hasCheckFields({ names }: EngineEvent): boolean {
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    const isCandidate = name.length > 4 && name.charCodeAt(3) === 0x2e && (name.charCodeAt(0) | 0x20) === 0x73
    if (isCandidate && name.slice(0, 3).toLowerCase() === 'sca') return true
  }
  return false
}
