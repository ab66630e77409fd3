/** The tags that name fields: `<order>` and `<fts>` (spec/engine-decoders.md sections 3, 6 and 9.1; decode-xml.c, 4.14.7). */
import type { XmlElement } from '../../wazuh/os-xml.ts'
import type { FtsKey } from '../event.ts'
import { Static } from '../event.ts'
import { lowerAscii } from '../patterns/index.ts'
import type { Draft } from './decoder-tags.ts'
import type { Report } from './report.ts'
import type { Target } from './tree.ts'
import { emptyFts } from './tree.ts'

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

export function readOrder(draft: Draft, tag: XmlElement, report: Report, maxFields: number): boolean {
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

export function readFts(draft: Draft, tag: XmlElement, report: Report, maxFields: number): boolean {
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
