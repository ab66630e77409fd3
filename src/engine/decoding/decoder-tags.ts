/** The tags of a `<decoder>`, one by one (spec/engine-decoders.md section 3; decode-xml.c, 4.14.7). */
import { didYouMean } from '../../nearest.ts'
import type { XmlElement } from '../../wazuh/os-xml.ts'
import type { EventType, FtsKey } from '../event.ts'
import { Static } from '../event.ts'
import type { PatternKind } from '../patterns/index.ts'
import { lowerAscii } from '../patterns/index.ts'
import type { PluginName } from './plugins/index.ts'
import { pluginNames } from './plugins/index.ts'
import type { Report } from './report.ts'
import type { Offset, Target } from './tree.ts'
import { emptyFts } from './tree.ts'

/** Bytes of a tag's text, repeated tags joined. */
const maxText = 1_024

type Language = Extract<PatternKind, 'osregex' | 'osmatch' | 'pcre2'>

/** A pattern as its tags gave it. */
export interface Source {
  text: string | undefined
  language: Language
  line: number
}

/** A decoder while it is read. */
export interface Draft {
  name: string
  parent: string | undefined
  program: Source
  prematch: Source
  regex: Source
  prematchOffset: Offset
  regexOffset: Offset
  pluginOffset: Offset
  plugin: PluginName | undefined
  order: Target[] | undefined
  fts: { key: FtsKey; positions: number[] } | undefined
  ftscomment: string | undefined
  accumulate: boolean
  useOwnName: boolean
  type: EventType
  arrays: 'array' | 'csv'
  nulls: 'string' | 'discard'
}

/** Where a tag's text goes, or what it sets. False: the file is refused, and the report knows why. */
type Reader = (draft: Draft, tag: XmlElement, report: Report, maxFields: number) => boolean

export function emptyDraft(element: XmlElement): Draft {
  const { line } = element
  return {
    name: element.attributes[0]!.value,
    parent: undefined,
    program: { text: undefined, language: 'osmatch', line },
    prematch: { text: undefined, language: 'osregex', line },
    regex: { text: undefined, language: 'osregex', line },
    prematchOffset: 'log',
    regexOffset: 'log',
    pluginOffset: 'log',
    plugin: undefined,
    order: undefined,
    fts: undefined,
    ftscomment: undefined,
    accumulate: false,
    useOwnName: false,
    type: 'syslog',
    arrays: 'array',
    nulls: 'string',
  }
}

/** By lower-case name; `<type>` is found by {@link readerOf} only in lower case. */
const readers = new Map<string, Reader>([
  [
    'parent',
    (draft, tag, report) => {
      draft.parent = joined(draft, draft.parent, tag, report)
      return true
    },
  ],
  ['program_name', (draft, tag, report) => readPattern(draft, draft.program, tag, report, 'osmatch')],
  ['prematch', readPrematch],
  ['regex', readRegex],
  ['order', readOrder],
  ['plugin_decoder', readPlugin],
  ['fts', readFts],
  [
    'ftscomment',
    (draft, tag, report) => {
      draft.ftscomment = joined(draft, draft.ftscomment, tag, report)
      return true
    },
  ],
  [
    'use_own_name',
    (draft, tag) => {
      draft.useOwnName ||= tag.content === 'true'
      return true
    },
  ],
  [
    'accumulate',
    (draft) => {
      draft.accumulate = true
      return true
    },
  ],
  ['json_null_field', readNullField],
  ['json_array_structure', readArrayStructure],
])

/** Repeated tags are glued. A text that is too long is lost, with what stood before it. */
function joined(draft: Draft, before: string | undefined, tag: XmlElement, report: Report): string | undefined {
  const size = (before?.length ?? 0) + tag.content.length
  if (size < maxText) return (before ?? '') + tag.content
  report.complain(
    tag.line,
    `(1104): Maximum string size reached for: ${tag.content}.`,
    `decoder "${draft.name}": the text of <${tag.name}> has ${size} bytes and is lost`,
    `keep it below ${maxText} bytes`,
  )
  return undefined
}

const offsets: Record<string, Offset> = { after_parent: 'parent', after_prematch: 'prematch', after_regex: 'regex' }

/** `log` without the attribute, undefined with a wrong value. Attribute names are compared exactly. */
function offsetOf(tag: XmlElement): Offset | undefined {
  const value = tag.attributes.find(({ name }) => name === 'offset')?.value
  return value === undefined ? 'log' : offsets[lowerAscii(value)]
}

function readPattern(draft: Draft, source: Source, tag: XmlElement, report: Report, usual: Language): boolean {
  const written = tag.attributes.find(({ name }) => name === 'type')?.value
  const wanted = written === undefined ? usual : lowerAscii(written)
  const allowed: string[] = usual === 'osmatch' ? ['osmatch', 'osregex', 'pcre2'] : ['osregex', 'pcre2']
  if (!allowed.includes(wanted)) {
    const tagName = lowerAscii(tag.name)
    report.warn(
      tag.line,
      `(7601): Invalid value for attribute 'type' in '${tagName}' option (decoder \`${draft.name}\`). Default value will be used.`,
      `decoder "${draft.name}": <${tagName}> cannot be of type "${written}", so ${usual} is used`,
      `one of ${allowed.join(', ')}`,
    )
  }
  source.language = allowed.includes(wanted) ? (wanted as Language) : usual
  if (source.text === undefined) source.line = tag.line
  source.text = joined(draft, source.text, tag, report)
  return true
}

/** Only the first of several tags may have an offset. */
function isSecondOffset(draft: Draft, source: Source, offset: Offset, tag: XmlElement, report: Report): boolean {
  if (source.text === undefined || offset === 'log') return false
  report.refuse(
    tag.line,
    [`(2109): Duplicated offsets for same regex: '${draft.name}'.`, configurationError(draft)],
    `decoder "${draft.name}": only the first <${lowerAscii(tag.name)}> may have an offset`,
    'the texts of repeated tags are glued into one pattern; put the offset on the first',
  )
  return true
}

export const configurationError = (draft: Draft) => `(2107): Decoder configuration error: '${draft.name}'.`

const badOffset = (draft: Draft, tagName: string) =>
  `(7601): Invalid value for attribute 'offset' in '${tagName}' option (decoder \`${draft.name}\`). Default value will be used.`

const offsetHint = `one of ${Object.keys(offsets).join(', ')}`

function readNullField(draft: Draft, tag: XmlElement, report: Report): boolean {
  const written = lowerAscii(tag.content)
  draft.nulls = written === 'discard' ? 'discard' : 'string'
  if (written === 'empty') {
    report.warn(
      tag.line,
      `(7603): Deprecated value '${tag.content}' in 'json_null_field' option (decoder \`${draft.name}\`). Default value will be used.`,
      `decoder "${draft.name}": "${tag.content}" is no longer known for <json_null_field> and means "string"`,
      'write string or discard',
    )
  } else if (written !== 'discard' && written !== 'string') {
    report.warn(...badChoice(draft, tag, 'json_null_field', 'string', 'discard'))
  }
  return true
}

function readArrayStructure(draft: Draft, tag: XmlElement, report: Report): boolean {
  const written = lowerAscii(tag.content)
  draft.arrays = written === 'csv' ? 'csv' : 'array'
  if (written !== 'csv' && written !== 'array') {
    report.warn(...badChoice(draft, tag, 'json_array_structure', 'array', 'csv'))
  }
  return true
}

function badChoice(
  draft: Draft,
  tag: XmlElement,
  tagName: string,
  usual: string,
  other: string,
): [line: number, words: string, message: string, hint: string] {
  return [
    tag.line,
    `(7602): Invalid value '${tag.content}' in '${tagName}' option (decoder \`${draft.name}\`). Default value will be used.`,
    `decoder "${draft.name}": <${tagName}> cannot be "${tag.content}", so ${usual} is used`,
    `${usual} or ${other}`,
  ]
}

function readPrematch(draft: Draft, tag: XmlElement, report: Report): boolean {
  const offset = offsetOf(tag)
  if (offset === undefined) {
    report.complain(tag.line, badOffset(draft, 'prematch'), `decoder "${draft.name}": unknown offset`, 'after_parent')
  }
  if (isSecondOffset(draft, draft.prematch, offset ?? 'log', tag, report)) return false
  if (offset !== undefined && offset !== 'log') draft.prematchOffset = offset
  return readPattern(draft, draft.prematch, tag, report, 'osregex')
}

function readRegex(draft: Draft, tag: XmlElement, report: Report): boolean {
  const offset = offsetOf(tag)
  if (offset === undefined) {
    report.warn(
      tag.line,
      badOffset(draft, 'regex'),
      `decoder "${draft.name}": unknown offset, so none is used`,
      offsetHint,
    )
  }
  if (isSecondOffset(draft, draft.regex, offset ?? 'log', tag, report)) return false
  if (offset !== undefined && offset !== 'log') draft.regexOffset = offset
  return readPattern(draft, draft.regex, tag, report, 'osregex')
}

function readPlugin(draft: Draft, tag: XmlElement, report: Report): boolean {
  const found = pluginNames.find((name) => name === tag.content)
  // A second tag with an unknown name leaves the first in place.
  draft.plugin = found ?? draft.plugin
  if (!draft.plugin) {
    report.refuse(
      tag.line,
      [`(2110): Invalid decoder argument for ${tag.name}: '${tag.content}'.`],
      `decoder "${draft.name}": there is no plugin decoder "${tag.content}"`,
      didYouMean(tag.content, pluginNames) ?? `one of ${pluginNames.join(', ')}`,
    )
    return false
  }
  const offset = offsetOf(tag)
  if (offset === undefined) {
    report.refuse(tag.line, [configurationError(draft)], `decoder "${draft.name}": unknown offset`, offsetHint)
    return false
  }
  draft.pluginOffset = offset
  return true
}

const types: readonly EventType[] = [
  'firewall',
  'ids',
  'web-log',
  'syslog',
  'squid',
  'windows',
  'host-information',
  'ossec',
]

function readType(draft: Draft, tag: XmlElement, report: Report): boolean {
  const type = types.find((name) => name === tag.content)
  if (type) {
    draft.type = type
    return true
  }
  report.refuse(
    tag.line,
    [`Invalid decoder type '${tag.content}'.`],
    `decoder "${draft.name}": there is no type "${tag.content}"`,
    `one of ${types.join(', ')}`,
  )
  return false
}

/** A comma list; a backslash before a comma keeps it in the name. Spaces around a name are cut, and what follows a space in it. */
function words(text: string, most: number): { piece: string; word: string }[] {
  const pieces: string[] = []
  let piece = ''
  for (const char of text) {
    if (char !== ',' || pieces.length >= most - 1) piece += char
    else if (piece.endsWith('\\')) piece = `${piece.slice(0, -1)},`
    else {
      pieces.push(piece)
      piece = ''
    }
  }
  pieces.push(piece)
  return pieces.map((whole) => {
    const start = whole.search(/[^ ]|$/)
    const space = whole.indexOf(' ', start)
    return {
      piece: space === -1 ? whole : whole.slice(0, space),
      word: whole.slice(start, space === -1 ? undefined : space),
    }
  })
}

const aliases: Record<string, string> = { user: 'dstuser' }

function readOrder(draft: Draft, tag: XmlElement, report: Report, maxFields: number): boolean {
  const commas = tag.content.split(',').length - 1
  if (commas >= maxFields) {
    report.refuse(
      tag.line,
      ['Order has too many fields.'],
      `decoder "${draft.name}": <order> has ${commas + 1} names, and at most ${maxFields} are allowed`,
      'split the pattern over several decoders of the same name',
    )
    return false
  }
  const order: Target[] = []
  for (const { piece, word } of words(tag.content, maxFields)) {
    if (word === '') {
      report.refuse(
        tag.line,
        [`decode-xml: Wrong field '${piece}' in the order of decoder '${draft.name}'`],
        `decoder "${draft.name}": a name is missing in <order>`,
        'take out the comma too many',
      )
      return false
    }
    order.push(staticTarget(aliases[word] ?? word) ?? word)
  }
  draft.order = order
  return true
}

function staticTarget(name: string): number | undefined {
  // GeoIP is looked up and never captured: in `<order>` these two are dynamic fields.
  return name === 'srcgeoip' || name === 'dstgeoip' || !Object.hasOwn(Static, name)
    ? undefined
    : Static[name as keyof typeof Static]
}

const ftsParts: Record<string, keyof FtsKey | 'name'> = {
  name: 'name',
  location: 'location',
  user: 'dstuser',
  dstuser: 'dstuser',
  srcuser: 'srcuser',
  srcip: 'srcip',
  dstip: 'dstip',
  id: 'id',
  data: 'data',
  extra_data: 'data',
  system_name: 'system_name',
}

function readFts(draft: Draft, tag: XmlElement, report: Report, maxFields: number): boolean {
  const key: FtsKey = draft.fts?.key ?? emptyFts()
  // Each tag begins a new list of dynamic names, while the static ones add up.
  const positions: number[] = []
  let isListed = draft.fts !== undefined
  for (const { piece, word } of words(tag.content, maxFields)) {
    const part = Object.hasOwn(ftsParts, word) ? ftsParts[word] : undefined
    if (part !== undefined) {
      if (part !== 'name' && part !== 'dynamic') key[part] = true
      isListed = true
      continue
    }
    // The original gives up at the first static name of the order, and says nothing when there is no order yet.
    const end = draft.order?.findIndex((target) => typeof target === 'number') ?? -1
    const named = end === -1 ? draft.order : draft.order?.slice(0, end)
    const position = named?.findIndex((name) => lowerAscii(String(name)) === lowerAscii(word)) ?? -1
    if (word === '' || (draft.order && position === -1)) {
      report.refuse(
        tag.line,
        [`decode-xml: Wrong field '${piece}' in the fts decoder '${draft.name}'`],
        word === ''
          ? `decoder "${draft.name}": a name is missing in <fts>`
          : `decoder "${draft.name}": <fts> names "${word}", which <order> does not have before its first static field`,
        `static ones are ${Object.keys(ftsParts).join(', ')}; others must stand first in <order>`,
      )
      return false
    }
    if (position === -1) {
      report.note(tag.line, `decoder "${draft.name}": "${word}" in <fts> is ignored`, 'put <order> before <fts>')
      continue
    }
    positions.push(position)
    isListed = true
  }
  draft.fts = isListed ? { key, positions } : undefined
  return true
}

/** Tags may be written in any case, save `<type>`. */
export function readerOf(tagName: string): Reader | undefined {
  return tagName === 'type' ? readType : readers.get(lowerAscii(tagName))
}

export const tagNames = [...readers.keys(), 'type']
