/**
 * Events of the Windows event channel (spec/engine-decoders.md section 8.1; winevtchannel.c, 4.14.7). No XML decoder is tried on them.
 *
 * ```
 * {"Message": "…", "Event": "<Event><System>…"}  ──▶  {"win":{"system":{…},"eventdata":{…},"<other>":{…}}}  ──▶  fields win.system.…
 * ```
 *
 * The text of `Event` is read as it stands in JSON, escapes and all, so backslashes arrive doubled.
 */
import type { XmlElement } from '../../wazuh/os-xml.ts'
import { isVar, parseOsXml } from '../../wazuh/os-xml.ts'
import type { DecoderInfo, EngineEvent } from '../event.ts'
import { categoryOf, policyChangesOf, severityOf } from './audit-policy.ts'
import type { FieldLimits } from './fields.ts'
import { printedString, printMembers } from './json.ts'
import { decodeJson } from './plugins/json.ts'

const info: DecoderInfo = { name: 'windows_eventchannel', type: 'ossec', accumulate: false }

/** Longest text of all `<Data>` without a name together. */
const maxData = 65_535

type Members = [name: string, value: string][]

/** What the elements come to while they are read. */
interface Parts {
  system: Members
  eventdata: Members
  extra: Members
  extraName: string | undefined
  data: string
  level: string | undefined
  keywords: string | undefined
  categoryId: string | undefined
  subcategoryId: string | undefined
  policyChangesId: string | undefined
}

/**
 * Replaces the log by JSON about the event and makes fields of it.
 *
 * @param event after pre-decoding
 * @returns false when the log is no such event: it is to be dropped
 */
export function decodeEventChannel(event: EngineEvent, limits: FieldLimits): boolean {
  event.program_name = undefined
  event.timestamp = undefined
  const members = printMembers(event.log)
  const printed = (wanted: string) => members?.find(({ name }) => name.toLowerCase() === wanted)?.printed
  const xml = printed('event')
  if (xml === undefined) return false

  const parts: Parts = {
    system: [],
    eventdata: [],
    extra: [],
    extraName: undefined,
    data: '',
    level: undefined,
    keywords: undefined,
    categoryId: undefined,
    subcategoryId: undefined,
    policyChangesId: undefined,
  }
  const { roots, error } = parseOsXml(xml)
  // XML that cannot be read leaves the message alone.
  if (!error) readXml(roots.filter(isElement)[0], parts)

  const message = printed('message')
  if (message !== undefined) parts.system.push(['message', withoutEndSpace(unescaped(message))])
  if (parts.data !== '') parts.eventdata.push(['data', parts.data])
  const objects: [string, Members][] = [['system', parts.system]]
  if (parts.eventdata.length > 0) objects.push(['eventdata', parts.eventdata])
  if (parts.extraName !== undefined) objects.push([lowerFirst(parts.extraName), parts.extra])

  const inner = objects.map(([name, values]) => `${printedString(name)}:${printedObject(values)}`)
  event.full_log = event.log = `{"win":{${inner.join(',')}}}`
  event.decoder = info
  event.type = info.type
  decodeJson(event, event.log, 0, { arrays: 'array', nulls: 'string' }, limits)
  return true
}

const isElement = (element: XmlElement) => !isVar(element.name)

function readXml(root: XmlElement | undefined, parts: Parts): void {
  for (const section of root?.children.filter(isElement) ?? []) {
    for (const element of section.children.filter(isElement)) {
      if (section.name === 'System') readSystem(element, parts)
      else if (section.name === 'EventData') readEventData(element, parts)
      else readExtra(element, parts)
    }
  }
  if (parts.level !== undefined && parts.keywords !== undefined) {
    parts.system.push(['severityValue', severityOf(parts.level, parts.keywords)])
    if (parts.categoryId !== undefined && parts.subcategoryId !== undefined) {
      const { category, subcategory } = categoryOf(parts.categoryId, parts.subcategoryId)
      if (category !== undefined) parts.eventdata.push(['category', category])
      if (subcategory !== undefined) parts.eventdata.push(['subcategory', subcategory])
    }
  }
  const changes = parts.policyChangesId === undefined ? undefined : policyChangesOf(parts.policyChangesId)
  if (changes !== undefined) parts.eventdata.push(['auditPolicyChanges', changes])
}

/** Attributes of elements in `<System>` that become members, by element. */
const systemAttributes: Record<string, Record<string, string>> = {
  Provider: { Name: 'providerName', Guid: 'providerGuid', EventSourceName: 'eventSourceName' },
  Execution: { ProcessID: 'processID', ThreadID: 'threadID' },
}

function readSystem({ name, attributes, content }: XmlElement, parts: Parts): void {
  const { system } = parts
  if (attributes.length > 0 && Object.hasOwn(systemAttributes, name)) {
    for (const attribute of attributes) {
      const member = systemAttributes[name]![attribute.name]
      if (member !== undefined) system.push([member, attribute.value])
    }
  } else if (name === 'TimeCreated' && attributes.length > 0) {
    if (attributes[0]!.name === 'SystemTime') system.push(['systemTime', attributes[0]!.value])
  } else if (name === 'Level' || name === 'Keywords') {
    parts[name === 'Level' ? 'level' : 'keywords'] = content
    system.push([lowerFirst(name), content])
  } else if (name === 'Channel') system.push(['channel', content])
  else if (name !== 'Security' && name !== 'Correlation' && content !== '') system.push([lowerFirst(name), content])
}

const isBlank = (content: string) => content === '' || content === '(NULL)' || content === '-'

function readEventData({ name, attributes, content }: XmlElement, parts: Parts): void {
  if (isBlank(content)) return
  const value = withoutEndSpace(content)
  if (name !== 'Data') parts.eventdata.push([lowerFirst(name), value])
  else if (attributes.length === 0) {
    parts.data = (parts.data === '' ? value : `${parts.data}, ${value}`).slice(0, maxData)
  } else {
    // An attribute other than Name gives a member too, and the search for the name goes on.
    for (const attribute of attributes) {
      const member = lowerFirst(attribute.value)
      const isName = attribute.name === 'Name'
      if (isName && member === 'categoryId') parts.categoryId = value
      else if (isName && member === 'subcategoryId') parts.subcategoryId = value
      else if (isName && member === 'auditPolicyChanges') parts.policyChangesId = value
      parts.eventdata.push([isName && member === 'auditPolicyChanges' ? 'auditPolicyChangesId' : member, value])
      if (isName) break
    }
  }
}

/** `<UserData>` and the like: the elements inside its elements. */
function readExtra({ name, children }: XmlElement, parts: Parts): void {
  parts.extraName = name
  for (const child of children.filter(isElement)) {
    if (!isBlank(child.content)) parts.extra.push([lowerFirst(child.name), withoutEndSpace(child.content)])
  }
}

function printedObject(members: Members): string {
  return `{${members.map(([name, value]) => `${printedString(name)}:${printedString(value)}`).join(',')}}`
}

function lowerFirst(name: string): string {
  const code = name.charCodeAt(0)
  return code >= 0x41 && code <= 0x5a ? String.fromCharCode(code + 0x20) + name.slice(1) : name
}

/** The first byte stays, whatever it is. */
function withoutEndSpace(text: string): string {
  let end = text.length
  while (end > 1 && /[\t-\r ]/.test(text[end - 1]!)) end--
  return text.slice(0, end)
}

const escapes: Record<string, string> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', '"': '"', '\\': '\\' }

/** Undoes JSON's escapes once; one that is not known stays with its backslash. */
function unescaped(text: string): string {
  return text.replace(/\\(.?)/gs, (whole, char: string) => escapes[char] ?? whole)
}
