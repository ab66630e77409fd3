/** Reads one `<decoder>` (spec/engine-decoders.md section 3; decode-xml.c, 4.14.7). */
import { didYouMean } from '../../nearest.ts'
import type { XmlElement } from '../../wazuh/os-xml.ts'
import type { FtsKey } from '../event.ts'
import type { Pattern } from '../patterns/index.ts'
import { compilePattern, lowerAscii } from '../patterns/index.ts'
import type { Draft, Source } from './decoder-tags.ts'
import { configurationError, emptyDraft, readerOf, tagNames } from './decoder-tags.ts'
import type { Report } from './report.ts'
import type { Decoder } from './tree.ts'

/**
 * The decoder that an element describes; undefined when a real Wazuh would refuse it, which the report has been told.
 *
 * @param options most names in `<order>` (`analysisd.decoder_order_size`), and whether patterns are to be matched without short cuts
 */
export function readDecoder(
  element: XmlElement,
  file: string,
  report: Report,
  { maxFields, plain }: { maxFields: number; plain: boolean },
): Decoder | undefined {
  if (!isNamed(element, report)) return undefined
  const draft = emptyDraft(element)
  for (const tag of element.children) {
    const reader = readerOf(tag.name)
    if (!reader) {
      report.refuse(
        tag.line,
        [`Invalid element '${tag.name}' for decoder '${element.name}'`],
        `decoder "${draft.name}": <${tag.name}> is not known`,
        didYouMean(tag.name, tagNames) ?? `one of ${tagNames.join(', ')}`,
      )
      return undefined
    }
    if (!reader(draft, tag, report, maxFields)) return undefined
  }
  if (!isConsistent(draft, element, report)) return undefined
  return compile(draft, element, file, report, plain)
}

function isNamed(element: XmlElement, report: Report): boolean {
  const refuse = (message: string, hint: string) => {
    report.refuse(
      element.line,
      [`(1230): Invalid element in the configuration: '${element.name}'.`],
      `<${element.name}>: ${message}`,
      hint,
    )
    return false
  }
  const [first, second, third] = element.attributes
  if (lowerAscii(element.name) !== 'decoder') {
    return refuse(
      'only <decoder> and <var> may stand at the top of a decoder file',
      'take it out, and any element around the decoders',
    )
  }
  if (!first || lowerAscii(first.name) !== 'name')
    return refuse('its first attribute must be its name', 'write <decoder name="…">')
  if ((second && lowerAscii(second.name) !== 'status') || third) {
    return refuse('only the attribute "name" is known', 'take the other attributes out')
  }
  if (element.children.length > 0) return true
  report.refuse(
    element.line,
    ['(1231): Invalid NULL element in the configuration.'],
    `decoder "${first.value}" is empty`,
    'give it a <prematch>, <program_name> or <parent>, or take it out',
  )
  return false
}

/** What the tags together must satisfy, in the order in which the original asks. */
function isConsistent(draft: Draft, element: XmlElement, report: Report): boolean {
  const { line } = element
  const isChild = draft.parent !== undefined
  const hasPrematch = draft.prematch.text !== undefined
  const hasRegex = draft.regex.text !== undefined
  const refuse = (words: string[], message: string, hint: string) => {
    report.refuse(line, [...words, configurationError(draft)], `decoder "${draft.name}": ${message}`, hint)
    return false
  }
  const badOffset = (offset: string) => [`(2120): Invalid offset value: '${offset}'`]

  if (!hasPrematch && !isChild && draft.program.text === undefined) {
    return refuse(
      [`(2108): No 'prematch' found in decoder: '${draft.name}'.`],
      'nothing says when it applies',
      'give it a <prematch>, <program_name> or <parent>',
    )
  }
  if (!hasRegex && (draft.fts || draft.order)) {
    return refuse([], `<${draft.order ? 'order' : 'fts'}> needs a <regex>`, 'add the <regex> whose groups it names')
  }
  if (hasRegex && !draft.order) {
    return refuse([], '<regex> needs an <order>', 'add an <order> that names its groups')
  }
  if (draft.regexOffset === 'parent' && !isChild) {
    return refuse(badOffset('after_parent'), 'after_parent needs a <parent>', 'use after_prematch')
  }
  if (draft.regexOffset === 'prematch') {
    if (!isChild) draft.regexOffset = 'parent'
    else if (!hasPrematch) {
      return refuse(
        badOffset('after_prematch'),
        'after_prematch needs a <prematch> in the same decoder',
        'use after_parent',
      )
    }
  }
  if (draft.regexOffset === 'regex' && (!isChild || !hasRegex)) {
    return refuse(
      badOffset('after_regex'),
      'after_regex needs a <parent>',
      'it continues an earlier child of the same name',
    )
  }
  if (draft.prematchOffset === 'parent' && !isChild) {
    return refuse(badOffset('after_parent'), 'after_parent needs a <parent>', 'take the offset out')
  }
  if (draft.prematchOffset === 'prematch' || draft.prematchOffset === 'regex') {
    return refuse([], 'the offset of <prematch> can only be after_parent', 'use after_parent')
  }
  if (draft.pluginOffset === 'parent' && !isChild) {
    return refuse(badOffset('after_parent'), 'after_parent needs a <parent>', 'use after_prematch')
  }
  if (draft.pluginOffset === 'prematch' && !hasPrematch) {
    return refuse(badOffset('after_prematch'), 'after_prematch needs a <prematch>', 'take the offset out')
  }
  return true
}

function compile(draft: Draft, element: XmlElement, file: string, report: Report, plain: boolean): Decoder | undefined {
  const prematch = compileSource(draft, draft.prematch, 'prematch', report, plain)
  if (prematch === null) return undefined
  const program = compileSource(draft, draft.program, 'program_name', report, plain)
  if (program === null) return undefined
  const regex = compileSource(draft, draft.regex, 'regex', report, plain)
  if (regex === null) return undefined
  if (draft.plugin && (regex || draft.order)) {
    report.refuse(
      element.line,
      [`(2111): Additional data to plugin decoder: '${draft.name}'.`],
      `decoder "${draft.name}": <plugin_decoder> excludes <regex> and <order>`,
      'move the pattern to a decoder of its own, or take it out',
    )
    return undefined
  }
  return build(draft, element.line, file, { prematch, program, regex })
}

/** Undefined when there is no such tag, null when the file is refused. */
function compileSource(
  draft: Draft,
  source: Source,
  tagName: 'prematch' | 'program_name' | 'regex',
  report: Report,
  plain: boolean,
): Pattern | undefined | null {
  if (source.text === undefined) return undefined
  const { pattern, error } = compilePattern(source.language, source.text, {
    // Groups of other PCRE2 patterns can end up in fields too: see leftBy in decode.ts. In OS_Regex captures would change what matches.
    captures: tagName === 'regex' || source.language === 'pcre2',
    plain,
  })
  if (pattern) return pattern
  report.refuse(
    source.line,
    [`(1452): Syntax error on regex: '${source.text}'`, configurationError(draft)],
    `decoder "${draft.name}": <${tagName}> is no ${source.language}: ${error.message}`,
  )
  return null
}

function build(
  draft: Draft,
  line: number,
  file: string,
  patterns: { prematch?: Pattern; program?: Pattern; regex?: Pattern },
): Decoder {
  const { name, parent } = draft
  return {
    // What is asked of every sibling on the way stands together.
    prematch: patterns.prematch,
    prematchGate: undefined,
    prematchOffset: draft.prematchOffset === 'parent' ? 'parent' : 'log',
    hasNext: false,
    info: {
      name: parent === undefined || draft.useOwnName ? name : parent,
      parent,
      type: draft.type,
      fts: draft.fts && ftsOf(draft),
      ftscomment: draft.ftscomment,
      accumulate: draft.accumulate,
    },
    regex: patterns.regex,
    regexGate: undefined,
    regexOffset: draft.regexOffset,
    plugin: draft.plugin,
    order: draft.order ?? [],
    assigned: [],
    program: patterns.program,
    pluginOffset: draft.pluginOffset,
    json: { arrays: draft.arrays, nulls: draft.nulls },
    useOwnName: draft.useOwnName,
    name,
    parent,
    file,
    line,
  }
}

function ftsOf(draft: Draft): FtsKey {
  const { key, positions } = draft.fts!
  const names = [...new Set(positions)].sort((a, b) => a - b).map((position) => draft.order?.[position])
  return { ...key, dynamic: names.filter((name) => typeof name === 'string') }
}
