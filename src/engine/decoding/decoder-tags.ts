/** The tags of a `<decoder>`, one by one (spec/engine-decoders.md section 3; decode-xml.c, 4.14.7). */
import { didYouMean } from '../../nearest.ts'
import type { XmlElement } from '../../wazuh/os-xml.ts'
import type { EventType, FtsKey } from '../event.ts'
import type { PatternKind } from '../patterns/index.ts'
import { lowerAscii } from '../patterns/index.ts'
import { readFts, readOrder } from './field-tags.ts'
import type { PluginName } from './plugins/index.ts'
import { pluginNames } from './plugins/index.ts'
import type { Report } from './report.ts'
import type { Offset, Target } from './tree.ts'

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

/** Tags may be written in any case, save `<type>`. */
export function readerOf(tagName: string): Reader | undefined {
  return tagName === 'type' ? readType : readers.get(lowerAscii(tagName))
}

export const tagNames = [...readers.keys(), 'type']
