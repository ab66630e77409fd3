/**
 * An alert as one line of JSON, in the key order of Wazuh 4.14.7. to_json.c: Eventinfo_to_jsonstr; json_extended.c: W_ParseJSON;
 * spec/alerts.md section 2. Plainly: every part is printed anew for each event.
 */

import { buildData, type DataMember, findMember, printData } from './alert-data.ts'
import type { AlertOrigin, AlertParts, RuleOutput } from './alert-parts.ts'
import { printedString } from './decoding/json.ts'
import type { EngineEvent } from './event.ts'
import { timestampOf } from './local-time.ts'

export function alertJson(parts: AlertParts, origin: AlertOrigin, offset: number): string {
  const { event, output, walk, stamp } = parts
  const { manager } = origin
  const data = buildData(event)
  const agentless = agentlessOf(event)
  const head = [
    `"timestamp":${printedString(timestampOf(stamp, event.at_ms))}`,
    ...(output ? [`"rule":${printRule(parts, output, data, origin.withLevelZero)}`] : []),
    ...(agentless ? [] : [`"agent":${object(agentOf(event, manager))}`]),
    `"manager":${object([['name', manager]])}`,
  ]
  const { program_name, timestamp } = event
  const hostname = headerHost.exec(event.full_log)?.[1]
  const hasHeader = program_name !== undefined || timestamp !== undefined
  const predecoder = `"predecoder":${object([
    ['program_name', program_name],
    ['timestamp', timestamp],
    ['hostname', hostname],
  ])}`
  const location = locationOf(event.location)
  const { decoder } = event
  const tail = [
    ...(origin.cluster ? [`"cluster":${object(Object.entries(origin.cluster))}`] : []),
    ...(output && hasPrevious(walk.notes) ? [`"previous_output":${printedString(walk.notes.join('\n'))}`] : []),
    ...(output?.no_full_log ? [] : [`"full_log":${printedString(event.full_log)}`]),
    ...(hasHeader ? [predecoder] : []),
    `"decoder":{${[
      ...(decoder?.accumulate ? ['"accumulate":1'] : []),
      ...members([
        ['parent', decoder?.parent],
        ['name', decoder?.name],
        ['ftscomment', decoder?.ftscomment],
      ]),
    ].join(',')}}`,
    ...members([['previous_log', walk.previous_log]]),
    ...(data.length > 0 ? [`"data":${printData(data)}`] : []),
    ...(!hasHeader && hostname !== undefined ? [predecoder] : []),
    ...members([['location', location]]),
    ...(agentless ? [`"agentless":${object(agentless)}`] : []),
  ]
  return `{${head.join(',')},"id":"${stamp.seconds}.${offset}",${tail.join(',')}}`
}

/** Notes of a composite are shown from two on; without a rule there are none, whatever a rule that failed has left. */
export function hasPrevious(notes: readonly string[]): boolean {
  return notes.length > 1 && notes[1] !== ''
}

function printRule(parts: AlertParts, output: RuleOutput, data: DataMember[], withLevelZero: boolean): string {
  const { rule, flags, mitre, groups } = output
  const compliance = new Map(groups.compliance.map(([name, tags]) => [name, [...tags]]))
  addCheckCompliance(compliance, data)
  const rootcheck = groups.groups.includes('rootcheck') ? rootcheckCompliance(parts.event.full_log) : []
  return `{${[
    ...(rule.level === 0 ? [] : [`"level":${rule.level}`]),
    `"description":${printedString(parts.description)}`,
    ...(rule.id === 0 ? [] : [`"id":"${rule.id}"`]),
    ...(mitre
      ? [`"mitre":{"id":${array(mitre.id)},"tactic":${array(mitre.tactic)},"technique":${array(mitre.technique)}}`]
      : []),
    ...members([
      ['cve', rule.cve],
      ['info', rule.info],
    ]),
    ...(rule.search ? [`"frequency":${rule.frequency + 2}`] : []),
    ...(parts.firedtimes === -1 || flags.no_counter ? [] : [`"firedtimes":${parts.firedtimes}`]),
    `"mail":${flags.mail}`,
    `"groups":${array(groups.groups)}`,
    ...[...compliance, ...rootcheck].map(([name, tags]) => `${printedString(name)}:${array(tags)}`),
    ...(rule.level === 0 && withLevelZero ? ['"level":0'] : []),
  ].join(',')}}`
}

type Pair = [name: string, value: string | undefined]

function members(pairs: readonly Pair[]): string[] {
  return pairs.flatMap(([name, value]) => (value === undefined ? [] : [`"${name}":${printedString(value)}`]))
}

const object = (pairs: readonly Pair[]) => `{${members(pairs).join(',')}}`
const array = (values: readonly string[]) => `[${values.map(printedString).join(',')}]`

/** The traditional header, and only with a single blank between its parts. */
export const headerHost = /^[A-Z][a-z][a-z] [ 0123][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9] ([^ ]+)/

/** `agent` of an alert. */
export function agentOf(event: EngineEvent, manager: string): Pair[] {
  const { location, agent_id } = event
  const agent: Pair[] = [['id', agent_id]]
  if (!location.startsWith('(')) return agent_id === '000' ? [...agent, ['name', manager]] : agent
  const close = location.indexOf(')')
  // `) 10.0.0.1->…`: the address stands between the blank and the first minus.
  const ip = close === -1 ? undefined : location.slice(close + 2).replace(/-[\s\S]*$/, '')
  return [...agent, ['name', event.hostname], ['ip', ip === 'any' ? undefined : ip]]
}

/** Text after the first `>` of an agent's location, of which 1,023 bytes are looked at. */
export function locationOf(location: string): string | undefined {
  if (!location.startsWith('(')) return location
  const known = location.slice(0, 1_023)
  const arrow = known.indexOf('>')
  return arrow === -1 ? undefined : known.slice(arrow + 1)
}

/** `(script) user@host->…` under agent 000: a device without agent, shown in place of one. */
function agentlessOf({ location, agent_id }: EngineEvent): Pair[] | undefined {
  if (agent_id !== '000') return undefined
  const found = /^\(((?:(?!\) )[\s\S])*)\) ([^@]*)@((?:(?!->)[\s\S])*)->/.exec(location)
  return found
    ? [
        ['script', found[1]],
        ['user', found[2]],
        ['host', found[3]],
      ]
    : undefined
}

/** Compliance of SCA checks: comma lists below `data.sca.check.compliance`, added to the rule's. */
function addCheckCompliance(compliance: Map<string, string[]>, data: DataMember[]): void {
  let level: DataMember[] | undefined = data
  for (const name of ['sca', 'check', 'compliance']) level = level && findMember(level, name)?.children
  for (const { name, text } of level ?? []) {
    if (text === undefined) continue
    const tags = text
      .split(',')
      .map(trim)
      .filter((tag) => tag !== '')
    const known = [...compliance.keys()].find((other) => other.toLowerCase() === name.toLowerCase())
    if (known !== undefined) compliance.get(known)!.push(...tags)
    else if (tags.length > 0) compliance.set(name, tags)
  }
}

/** `{PCI_DSS: 2.2, …}` in the text of a rootcheck event: each becomes an array, even when there is one of that name. Ten are found, of 29 bytes. */
function rootcheckCompliance(full_log: string): [string, string[]][] {
  const found = [...full_log.slice(0, 1_023).matchAll(/\{([A-Za-z0-9_]*: [A-Za-z0-9_., ]*)\}/g)].slice(0, 10)
  return found.map(([, body]) => {
    const [name, list = ''] = body!.slice(0, 29).replace(/^:/, '').split(':') as [string, string?]
    const tags = trim(list)
      .split(',')
      .filter((tag) => tag !== '')
    return [trim(name).toLowerCase(), tags.map(trim)]
  })
}

/** Without the white space of C at both ends. */
const trim = (text: string) => text.replace(/^[ \t-\r]+|[ \t-\r]+$/g, '')
