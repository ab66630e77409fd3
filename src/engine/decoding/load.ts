/** Loads decoder files into two lists of decoders with their children (spec/engine-decoders.md sections 3 and 4; decoders_list.c, 4.14.7). */

import { didYouMean } from '../../nearest.ts'
import type { Problem } from '../../problem.ts'
import type { XmlElement } from '../../wazuh/os-xml.ts'
import { applyVariables, parseOsXml } from '../../wazuh/os-xml.ts'
import { settleHeap } from '../heap.ts'
import type { GeoLookup, SourceFile } from '../index.ts'
import { Candidates } from './candidates.ts'
import { readDecoder } from './read-decoder.ts'
import { Report } from './report.ts'
import type { Decoder, Decoders, Root } from './tree.ts'
import { internalNames } from './tree.ts'

export interface LoadedDecoders {
  /** All that could be loaded, whether or not a real Wazuh would start with it. */
  decoders: Decoders
  /** A real Wazuh would refuse to start. */
  refused: boolean
  problems: Problem[]
  /** What the real engine says until it starts or gives up: `ERROR: (2101): …`. */
  messages: string[]
}

export interface DecoderOptions {
  /** Most dynamic fields of an event and most names in `<order>` (`analysisd.decoder_order_size`). Default 256. */
  decoder_order_size?: number
  /** Look up `srcgeoip` and `dstgeoip` when an address is decoded. */
  geoip?: GeoLookup
  /** Without short cuts: the reference that the fast way is compared with. */
  plain?: boolean
}

/**
 * @param files in load order: Wazuh sorts them by base name, whatever their directory
 */
export function loadDecoders(files: readonly SourceFile[], options: DecoderOptions = {}): LoadedDecoders {
  const report = new Report()
  const { decoder_order_size: maxFields = 256, plain = false, geoip } = options
  const tree = new TreeBuilder(report)
  for (const file of files) {
    settleHeap()
    report.beginFile(file.path)
    readFile(file, report, (element) => {
      const decoder = readDecoder(element, file.path, report, { maxFields, plain })
      if (decoder) tree.add(decoder)
      else tree.leftOut.add(element.attributes[0]?.value ?? '')
    })
    report.endFile()
  }
  if (tree.withProgram.length === 0 || tree.withoutProgram.length === 0) {
    const missing = tree.withoutProgram.length === 0 ? 'without' : 'with'
    report.refuseAll(
      ['ERROR: (2106): Error adding decoder plugin.', 'CRITICAL: (2105): Error loading decoder options.'],
      tree.all.length === 0 ? 'no decoder is loaded' : `no decoder ${missing} a <program_name> is loaded`,
      'Wazuh needs at least one with and one without <program_name>; load its own decoders too',
    )
  }
  const decoders: Decoders = {
    withProgram: tree.withProgram,
    withoutProgram: tree.withoutProgram,
    names: new Set([...tree.all.map(({ name }) => name), ...internalNames]),
    all: tree.all,
    maxFields,
    geoip,
    plain,
    candidates: new Candidates(tree.withProgram, tree.withoutProgram),
  }
  return { decoders, refused: report.isRefused, problems: report.problems, messages: report.messages }
}

/** Calls `each` with every element at top level that can be read. */
function readFile({ path, text }: SourceFile, report: Report, each: (element: XmlElement) => void): void {
  // Wazuh ships this one without a decoder in it, and nobody else may be empty.
  const mayBeEmpty = path.endsWith('local_decoder.xml')
  const parsed = parseOsXml(text)
  if (parsed.error) {
    const { message, line, stoppedAt } = parsed.error
    const words = `(1226): Error reading XML file '${path}': XMLERR: ${message} (line ${stoppedAt}).`
    report.refuse(line, [words], `cannot be read: ${message.toLowerCase()}`, xmlHint(message))
  }
  const applied = applyVariables(parsed.roots)
  if (applied.error && !parsed.error) {
    const { message, line } = applied.error
    const words = `(1227): Error applying XML variables '${path}': XMLERR: ${message}.`
    report.refuse(line, [words], `variables: ${message.toLowerCase()}`, 'define it above with <var name="…">…</var>')
  }
  if (!parsed.error && !applied.error && applied.roots.length === 0 && !mayBeEmpty) {
    const words = text === '' ? [] : ['(1231): Invalid NULL element in the configuration.']
    report.refuse(0, words, 'has no decoder', 'remove the file, or put a <decoder> in it')
  }
  for (const element of applied.roots) each(element)
}

function xmlHint(message: string): string | undefined {
  if (message.startsWith('Bad attribute closing')) return 'take the <?xml … ?> line out; it is not known here'
  if (message.includes('not closed'))
    return 'a closing tag must match its opening tag, case included; write \\< for a < in a pattern'
  return undefined
}

class TreeBuilder {
  readonly withProgram: Root[] = []
  readonly withoutProgram: Root[] = []
  readonly all: Decoder[] = []
  /** Names of decoders that were refused, so that their children are not reported as a second mistake. */
  readonly leftOut = new Set<string>()
  private readonly rootsByName = new Map<string, Root[]>()
  private readonly report: Report

  constructor(report: Report) {
    this.report = report
  }

  add(decoder: Decoder): void {
    if (!this.place(decoder)) {
      this.leftOut.add(decoder.name)
      return
    }
    this.all.push(decoder)
  }

  private place(decoder: Decoder): boolean {
    if (decoder.parent === undefined) {
      const list = decoder.program ? this.withProgram : this.withoutProgram
      const root = { ...decoder, children: [] }
      list.push(root)
      this.rootsByName.set(root.name, [...(this.rootsByName.get(root.name) ?? []), root])
      return true
    }
    const roots = this.rootsByName.get(decoder.parent)
    if (!roots) {
      this.refuseOrphan(decoder, decoder.parent)
      return false
    }
    for (const { children } of roots) {
      if (!this.isFitting(decoder, children)) return false
    }
    for (const { children } of roots) {
      for (const sibling of children) if (sibling.name === decoder.name) sibling.hasNext = true
      children.push(decoder)
    }
    return true
  }

  private refuseOrphan(decoder: Decoder, parent: string): void {
    const words = [`(2101): Parent decoder name invalid: '${parent}'.`, '(2106): Error adding decoder plugin.']
    const child = this.all.find(({ name }) => name === parent)
    this.report.refuse(
      decoder.line,
      words,
      this.leftOut.has(parent)
        ? `decoder "${decoder.name}": its parent "${parent}" was left out`
        : `decoder "${decoder.name}": there is no top-level decoder "${parent}" above it`,
      child
        ? `"${parent}" is itself a child, and there are no grandchildren; use its parent "${child.parent}"`
        : (didYouMean(parent, this.rootsByName.keys()) ??
            'files are read in the order of their names; the parent must come first'),
    )
  }

  /** Whether a child may stand behind these siblings: those of its own name make one chain with it. */
  private isFitting(decoder: Decoder, siblings: readonly Decoder[]): boolean {
    const same = siblings.filter(({ name }) => name === decoder.name)
    const refuse = (words: string, message: string, hint: string) => {
      this.report.refuse(
        decoder.line,
        [words, '(2105): Error loading decoder options.', '(2106): Error adding decoder plugin.'],
        `decoder "${decoder.name}": ${message}`,
        hint,
      )
      return false
    }
    for (const sibling of same) {
      const where = `it continues the decoder of the same name in ${sibling.file}:${sibling.line}`
      if (decoder.prematch) {
        return refuse(
          `(2102): Duplicated decoder with prematch: '${decoder.name}'.`,
          'may not have a <prematch>',
          `${where}; give it another name`,
        )
      }
      if (decoder.info.fts) {
        return refuse(
          `(2103): Duplicated decoder with fts set: '${decoder.name}'.`,
          'may not have <fts>',
          `${where}; give it another name`,
        )
      }
      if (!(sibling.regex ?? sibling.plugin) || !(decoder.regex ?? decoder.plugin)) {
        return refuse(
          `(2104): Invalid duplicated decoder: '${decoder.name}'.`,
          'needs a <regex> or <plugin_decoder>, as its predecessor does',
          `${where}; give it another name`,
        )
      }
    }
    if (decoder.regexOffset === 'regex' && !same.some(({ prematch, regex }) => prematch ?? regex)) {
      return refuse(
        `(2120): Invalid offset value: '${decoder.name}'`,
        'after_regex needs an earlier child of the same name and parent with a <regex>',
        'use after_prematch or after_parent in the first decoder of a chain',
      )
    }
    return true
  }
}
