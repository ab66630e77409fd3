/**
 * Alerts put together from prepared pieces. What of an alert depends on its rule, its decoder or the session is printed once; what depends on the names
 * of its fields (which name nests in which, which is dropped) is worked out once for each sequence of names. The rare forms are left to the plain
 * printer: devices without agent, SCA and rootcheck with compliance lists in their data.
 */

import { type ByteText, flat } from '../../byte-text.ts'
import { agentOf, alertJson, hasPrevious, headerHost, locationOf } from '../alert-json.ts'
import type { AlertOrigin, AlertParts, AlertPrinter, RuleOutput, RuleText } from '../alert-parts.ts'
import { type DecoderInfo, type EngineEvent, Static } from '../event.ts'
import type { Stamp } from '../local-time.ts'
import { addData } from './layout.ts'

/** A byte string as cJSON prints it. For texts of one byte a character the built-in printer gives the same. */
const printed = (text: string) => JSON.stringify(text)

export class FastPrinter implements AlertPrinter {
  private readonly origin: AlertOrigin
  private readonly manager: string
  private readonly localAgent: string
  private readonly afterId: string

  constructor(origin: AlertOrigin) {
    const { manager, cluster } = origin
    this.origin = origin
    this.manager = `"manager":{"name":${printed(manager)}},"id":"`
    this.localAgent = flat(`"agent":{"id":"000","name":${printed(manager)}},${this.manager}`)
    this.afterId = cluster
      ? `","cluster":{"name":${printed(cluster.name)}${cluster.node === undefined ? '' : `,"node":${printed(cluster.node)}`}},`
      : '",'
  }

  addJson(line: ByteText, parts: AlertParts, offset: number): void {
    const { event, output, stamp, walk } = parts
    const { location, full_log, program_name, timestamp } = event
    const rule = output && (output.text ??= printRule(output, this.origin.withLevelZero))
    const isLocal = location.charCodeAt(0) !== openParenthesis
    if (rule?.isRootcheck || (!isLocal && event.agent_id === '000') || event.shape.holdsChecks) {
      line.add(alertJson(parts, this.origin, offset))
      return
    }
    addTime(line, stamp, event.at_ms)
    if (output && rule) addRule(line, rule, parts)
    line.add(isLocal && event.agent_id === '000' ? this.localAgent : this.agent(event))
    line.add(stamp.id)
    line.addNumber(offset)
    line.add(this.afterId)
    if (output && hasPrevious(walk.notes)) {
      line.add('"previous_output":')
      line.addQuoted(walk.notes.join('\n'))
      line.add(',')
    }
    if (!output?.no_full_log) {
      line.add('"full_log":')
      line.addQuoted(full_log)
      line.add(',')
    }
    const host = startsWithCapital(full_log) ? headerHost.exec(full_log)?.[1] : undefined
    const hasHeader = program_name !== undefined || timestamp !== undefined
    if (hasHeader) {
      addPredecoder(line, program_name, timestamp, host)
      line.add(',')
    }
    line.add(event.decoder ? (event.decoder.text ??= printDecoder(event.decoder)) : '"decoder":{}')
    if (walk.previous_log !== undefined) {
      line.add(',"previous_log":')
      line.addQuoted(walk.previous_log)
    }
    addData(line, event)
    if (!hasHeader && host !== undefined) {
      line.add(',')
      addPredecoder(line, undefined, undefined, host)
    }
    const place = locationOf(location)
    if (place !== undefined) {
      line.add(',"location":')
      line.addQuoted(place)
    }
    line.add('}')
  }

  addText(to: ByteText, parts: AlertParts, offset: number): void {
    const { event, stamp, walk } = parts
    const { statics, location, decoder, shape, values } = event
    const output = parts.output!
    const rule = (output.text ??= printRule(output, this.origin.withLevelZero))
    to.add('** Alert ')
    to.add(stamp.id)
    to.addNumber(offset)
    to.add(rule.groups)
    to.add(stamp.line)
    to.add(' ')
    if (location.charCodeAt(0) !== openParenthesis) {
      to.add(event.hostname)
      to.add('->')
    }
    to.add(location)
    to.add(rule.line)
    if (!rule.hasFixedDescription) {
      to.add(parts.description)
      to.add("'")
    }
    for (let i = 0; i < labelled.length; i++) {
      const { place, label } = labelled[i]!
      const value = statics[place]
      if (value === undefined) continue
      to.add(label)
      to.add(value)
    }
    to.add('\n')
    to.add(event.full_log)
    if (decoder) {
      const { labels } = shape
      for (let i = 0; i < values.length; i++) {
        if (values[i] === '') continue
        to.addPiece(labels, i)
        to.add(values[i]!)
      }
    }
    to.add('\n')
    for (const note of walk.notes) {
      to.add(note)
      to.add('\n')
    }
    to.add('\n')
  }

  private agent(event: EngineEvent): string {
    const members = agentOf(event, this.origin.manager).filter(([, value]) => value !== undefined)
    return `"agent":{${members.map(([name, value]) => `"${name}":${printed(value!)}`).join(',')}},${this.manager}`
  }
}

function printDecoder({ accumulate, parent, name, ftscomment }: DecoderInfo): string {
  const members = [
    ...(accumulate ? ['"accumulate":1'] : []),
    ...(parent === undefined ? [] : [`"parent":${printed(parent)}`]),
    `"name":${printed(name)}`,
    ...(ftscomment === undefined ? [] : [`"ftscomment":${printed(ftscomment)}`]),
  ]
  return flat(`"decoder":{${members.join(',')}}`)
}

/** As `timestampOf`, without a text of its own. */
function addTime(line: ByteText, { seconds, head, zone }: Stamp, at_ms: number): void {
  const ms = Math.floor(at_ms - seconds * 1_000)
  line.add('{"timestamp":"')
  line.add(head)
  line.add(ms < 10 ? '.00' : ms < 100 ? '.0' : '.')
  line.addNumber(ms)
  line.add(zone)
  line.add('",')
}

const openParenthesis = 0x28

/** What of the static fields stands in alerts.log. */
const labelled = [
  { place: Static.srcip, label: '\nSrc IP: ' },
  { place: Static.srcgeoip, label: '\nSrc Location: ' },
  { place: Static.srcport, label: '\nSrc Port: ' },
  { place: Static.dstip, label: '\nDst IP: ' },
  { place: Static.dstgeoip, label: '\nDst Location: ' },
  { place: Static.dstport, label: '\nDst Port: ' },
  { place: Static.dstuser, label: '\nUser: ' },
]

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
  const beginning = `"rule":{${level}"description":`
  const behind = middle.map((member) => `,${member}`).join('')
  return {
    beginning: flat(hasFixedDescription ? beginning + printed(rule.description) + behind : beginning),
    middle: flat(hasFixedDescription ? '' : behind),
    end: flat(`,${end.join(',')}},`),
    groups: flat(`:${flags.mail ? ' mail ' : ''} - ${rule.group}\n`),
    line: flat(`\nRule: ${rule.id} (level ${rule.level}) -> '${hasFixedDescription ? `${rule.description}'` : ''}`),
    hasFixedDescription,
    isRootcheck: groups.groups.includes('rootcheck'),
  }
}

function addRule(line: ByteText, { beginning, middle, end, hasFixedDescription }: RuleText, parts: AlertParts): void {
  const { firedtimes, output, description } = parts
  line.add(beginning)
  if (!hasFixedDescription) {
    line.addQuoted(description)
    line.add(middle)
  }
  if (firedtimes !== -1 && !output!.flags.no_counter) {
    line.add(',"firedtimes":')
    line.addNumber(firedtimes)
  }
  line.add(end)
}

function addPredecoder(
  line: ByteText,
  program: string | undefined,
  timestamp: string | undefined,
  host: string | undefined,
): void {
  line.add('"predecoder":{')
  let isFirst = true
  const member = (name: string, value: string | undefined) => {
    if (value === undefined) return
    line.add(isFirst ? `"${name}":` : `,"${name}":`)
    line.addQuoted(value)
    isFirst = false
  }
  member('program_name', program)
  member('timestamp', timestamp)
  member('hostname', host)
  line.add('}')
}

function startsWithCapital(text: string): boolean {
  const code = text.charCodeAt(0)
  return code >= 0x41 && code <= 0x5a
}
