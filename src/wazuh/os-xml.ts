/**
 * Reader for Wazuh's own XML dialect: ossec.conf, rule and decoder files (spec/ossec-conf.md section 5; os_xml.c and os_xml_variables.c, 4.14.7).
 *
 * It is not XML. What holds here, and what a library for real XML would get wrong:
 *
 * - several roots; text around them is ignored, and so is a byte order mark
 * - nothing is decoded and nothing is trimmed: `&amp;` is five characters, `\<` stays `\<` (and does not start a tag)
 * - `<!` opens a comment whatever follows, and the first `-->` or `!>` closes it; a comment inside text just vanishes
 * - an element with children keeps only the text after the last child
 * - `<b />` leaves its `>` in the text of the element around it (`<b/>` does not)
 * - a NUL byte ends the name or value it stands in
 *
 * Texts are byte strings (alert.ts), so offsets are byte offsets and an edit can replace exactly what it means to replace.
 */

export interface XmlAttribute {
  name: string
  value: string
  line: number
}

export interface XmlElement {
  name: string
  attributes: XmlAttribute[]
  /** Comments removed, nothing decoded or trimmed. With children: the text after the last one. */
  content: string
  children: XmlElement[]
  /** Line of the `<`; the first line is 1. */
  line: number
  /** Byte offsets of the whole element: the `<`, and the place after the last `>`. */
  start: number
  end: number
  /** Byte offsets of what stands between the tags, comments and children included; both are `end` when there is one tag only. */
  contentStart: number
  contentEnd: number
}

export interface XmlError {
  /** The original's words, without its `XMLERR: ` in front. */
  message: string
  /** Where the mistake begins, as far as one can tell. */
  line: number
  /** Where the original's reader stops, often far below; the line it would print. */
  stoppedAt: number
}

/** Names, values and contents are shorter than this many bytes. */
const maxSize = 20_480
const maxAttributes = 49
const maxDepth = 1_024
/** The original keeps its message in a buffer of 128 bytes, `XMLERR: ` included, and uses 126 of them. */
const maxMessage = 126 - 'XMLERR: '.length

const lt = 0x3c
const gt = 0x3e
const slash = 0x2f
const backslash = 0x5c
const bang = 0x21
const equals = 0x3d

const isSpace = (code: number) => code === 0x20 || (code >= 0x09 && code <= 0x0d)

class Mistake extends Error {
  readonly begin: number
  readonly stop: number
  /** @param begin offset where the mistake begins; @param stop offset after the last byte that was looked at */
  constructor(message: string, begin: number, stop: number) {
    super(message)
    this.begin = begin
    this.stop = stop
  }
}

/**
 * Reads a whole file.
 *
 * @param text a byte string
 * @returns the elements at top level, and the first mistake, if any. After a mistake `roots` holds what was complete before it: good for
 *   messages, while Wazuh itself refuses the whole file.
 */
export function parseOsXml(text: string): { roots: XmlElement[]; error?: XmlError } {
  const lineOf = lineCounter(text)
  const roots: XmlElement[] = []
  try {
    readRoots(text, lineOf, roots)
    return { roots }
  } catch (error) {
    if (!(error instanceof Mistake)) throw error
    const message = error.message.slice(0, maxMessage)
    return { roots, error: { message, line: lineOf(error.begin), stoppedAt: lineOf(error.stop) } }
  }
}

function readRoots(text: string, lineOf: (offset: number) => number, roots: XmlElement[]): void {
  let at = 0
  let escaped = false
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === backslash) escaped = !escaped
    else if (code !== lt) escaped = false
    if (code !== lt) at++
    else if (text.charCodeAt(at + 1) === bang) at = afterComment(text, at)
    else if (escaped) {
      escaped = false
      at++
    } else if (text.charCodeAt(at + 1) === slash) {
      throw new Mistake('Element not opened.', at, at + 2)
    } else {
      const element = readElement(text, at, 1, lineOf)
      roots.push(element)
      at = resume(text, element)
    }
  }
}

/**
 * Offset where reading goes on behind an element. For `<b />` that is before the `>`, because the reader of attributes stops at the slash: the `>`
 * becomes text of the element around it. The element's own range takes it in all the same.
 */
function resume(text: string, element: XmlElement): number {
  const at = element.end
  if (text.charCodeAt(at - 1) === slash && text.charCodeAt(at) === gt) element.end = at + 1
  return at
}

/** @param at offset of the `<`, which is neither a comment nor a closing tag */
function readElement(text: string, at: number, depth: number, lineOf: (offset: number) => number): XmlElement {
  const start = at
  if (depth > maxDepth) throw new Mistake('Max recursion level reached', at, at)
  const tag = readName(text, at + 1, start, isSpace)
  at = tag.at
  const closedByName = tag.name.endsWith('/')
  const element: XmlElement = {
    name: cutAtNul(closedByName ? tag.name.slice(0, -1) : tag.name),
    attributes: [],
    content: '',
    children: [],
    line: lineOf(start),
    start,
    end: at,
    contentStart: at,
    contentEnd: at,
  }
  let closedByAttributes = false
  if (text.charCodeAt(at - 1) !== gt) {
    const attributes = readAttributes(text, at, lineOf)
    element.attributes = attributes.list
    closedByAttributes = attributes.closed
    at = attributes.at
  }
  element.end = element.contentStart = element.contentEnd = at
  if (closedByName || closedByAttributes) return element
  readContent(text, element, depth, lineOf)
  return element
}

/** Reads from `element.contentStart` to behind the closing tag. */
function readContent(text: string, element: XmlElement, depth: number, lineOf: (offset: number) => number): void {
  let at = element.contentStart
  let kept = ''
  let from = at
  let escaped = false
  for (;;) {
    if (at >= text.length) throw new Mistake('End of file and some elements were not closed.', element.start, at)
    const code = text.charCodeAt(at)
    if (code === backslash) escaped = !escaped
    else if (code !== lt) escaped = false
    if (kept.length + at - from >= maxSize) throw new Mistake('String overflow.', element.start, at + 1)
    if (code !== lt) at++
    else if (text.charCodeAt(at + 1) === bang) {
      // The backslash before a comment still escapes what comes after the comment.
      kept += text.slice(from, at)
      from = at = afterComment(text, at)
    } else if (escaped) {
      escaped = false
      at++
    } else if (text.charCodeAt(at + 1) === slash) break
    else {
      const child = readElement(text, at, depth + 1, lineOf)
      element.children.push(child)
      kept = ''
      from = at = resume(text, child)
    }
  }
  element.content = cutAtNul(kept + text.slice(from, at))
  element.contentEnd = at
  const closing = readName(text, at + 2, at, () => false)
  if (cutAtNul(closing.name) !== element.name) {
    throw new Mistake(`Element '${element.name}' not closed.`, element.start, closing.at)
  }
  element.end = closing.at
}

/** The name in a tag, up to and with the `>` or another byte that ends it; comments in it vanish. */
function readName(
  text: string,
  at: number,
  tagStart: number,
  isEnd: (code: number) => boolean,
): { name: string; at: number } {
  let kept = ''
  let from = at
  for (;;) {
    if (at >= text.length) throw new Mistake('End of file and some elements were not closed.', tagStart, at)
    const code = text.charCodeAt(at)
    if (kept.length + at - from >= maxSize) throw new Mistake('String overflow.', tagStart, at + 1)
    if (code === lt && text.charCodeAt(at + 1) === bang) {
      kept += text.slice(from, at)
      from = at = afterComment(text, at)
    } else if (code === gt || isEnd(code)) return { name: kept + text.slice(from, at), at: at + 1 }
    else at++
  }
}

/** Reads attributes up to and with the `>`, or with the `/` of a self-closing tag, whose `>` is then left standing. */
function readAttributes(
  text: string,
  at: number,
  lineOf: (offset: number) => number,
): { list: XmlAttribute[]; closed: boolean; at: number } {
  const list: XmlAttribute[] = []
  for (;;) {
    if (list.length >= maxAttributes) throw new Mistake('Too many attributes.', at, at)
    while (isSpace(text.charCodeAt(at))) at++
    const begin = at
    let code = text.charCodeAt(at)
    while (at < text.length && code !== equals && code !== gt && code !== slash && !isSpace(code)) {
      if (at - begin >= maxSize) throw overflow(text.slice(begin, at), begin, at + 1)
      code = text.charCodeAt(++at)
    }
    const name = cutAtNul(text.slice(begin, at))
    if (at >= text.length) throw new Mistake('End of file while reading an attribute.', begin, at)
    if (at - begin >= maxSize) throw overflow(name, begin, at + 1)
    if (code !== equals) {
      if (at > begin) throw new Mistake(`Attribute '${name}' has no value.`, begin, at + 1)
      return { list, closed: code === slash, at: at + 1 }
    }
    if (isDefined(list, name)) throw new Mistake(`Attribute '${name}' already defined.`, begin, at + 1)

    at++
    while (isSpace(text.charCodeAt(at))) at++
    const quote = text[at]
    if (quote !== '"' && quote !== "'") {
      throw new Mistake(`Attribute '${name}' not followed by a " or '.`, begin, at + 1)
    }
    const valueStart = ++at
    for (; text[at] !== quote; at++) {
      if (at >= text.length) throw new Mistake('End of file while reading an attribute.', begin, at)
      if (at - valueStart >= maxSize) throw overflow(name, begin, at + 1)
      if (text.charCodeAt(at) === gt) throw new Mistake(`Attribute '${name}' not closed.`, begin, at + 1)
    }
    if (at - valueStart >= maxSize) throw overflow(name, begin, at + 1)
    const value = cutAtNul(text.slice(valueStart, at))
    list.push({ name, value, line: lineOf(begin) })
    const next = text.charCodeAt(++at)
    at++
    if (next === gt || next === slash) return { list, closed: next === slash, at }
    if (!isSpace(next)) throw new Mistake(`Bad attribute closing for '${name}'='${value}'.`, begin, at)
  }
}

/** An attribute called `var` counts as a variable and ends the search, as in the original. */
function isDefined(list: XmlAttribute[], name: string): boolean {
  const afterVar = list.findLastIndex((attribute) => isVar(attribute.name)) + 1
  return list.slice(afterVar).some((attribute) => attribute.name === name)
}

const overflow = (name: string, begin: number, stop: number) =>
  new Mistake(`Overflow attempt at attribute '${cutAtNul(name).slice(0, 20)}'.`, begin, stop)

function afterComment(text: string, at: number): number {
  for (let i = at + 2; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === bang && text.charCodeAt(i + 1) === gt) return i + 2
    if (code === 0x2d && text.startsWith('-->', i)) return i + 3
  }
  throw new Mistake('Comment not closed.', at, text.length)
}

function cutAtNul(value: string): string {
  const nul = value.indexOf('\0')
  return nul === -1 ? value : value.slice(0, nul)
}

/** Line of an offset, the first being 1. */
function lineCounter(text: string): (offset: number) => number {
  const ends: number[] = []
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) ends.push(at)
  return (offset) => {
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (ends[middle]! < offset) low = middle + 1
      else high = middle
    }
    return low + 1
  }
}

// ------------------------------------------------------------------------------------------------------------------- variables

/** Elements and attributes of this name, in any case, define variables and are otherwise invisible. */
export const isVar = (name: string) => name.toLowerCase() === 'var'

/** Bytes above 127 have no case. */
const lower = (bytes: string) => bytes.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

/** One line of the original's flat table: elements, each followed by its attributes and then its children. */
type Entry = { value: string; name: string; kind: 'element' | 'attribute' | 'var'; depth: number; line: number }

/**
 * Takes the `<var name="X">value</var>` out of a rule or decoder file and puts their values in for `$X`, in the contents and attribute values that
 * come after them (spec/ossec-conf.md section 5.4, spec/engine-rules.md section 2). Not for ossec.conf, where Wazuh does not do this.
 *
 * @returns new elements; the ones passed in are left alone. With an error, `roots` is empty and Wazuh does not load the file.
 */
export function applyVariables(roots: XmlElement[]): { roots: XmlElement[]; error?: Omit<XmlError, 'stoppedAt'> } {
  const table: Entry[] = []
  const copied = roots.map((element) => copyInto(table, element, 0))
  const variables: { name: string; value: string }[] = []
  for (const [index, entry] of table.entries()) {
    const error =
      entry.kind === 'var' ? define(table, index, variables) : variables.length > 0 && substitute(entry, variables)
    if (error) return { roots: [], error }
  }
  return { roots: withoutVars(copied.map((build) => build())) }
}

/** Adds an element to the table; the function it returns builds the element anew, with the values the table has by then. */
function copyInto(table: Entry[], element: XmlElement, depth: number): () => XmlElement {
  const add = (name: string, value: string, kind: 'element' | 'attribute', line: number) => {
    const entry: Entry = { name, value, kind: isVar(name) ? 'var' : kind, depth, line }
    table.push(entry)
    return entry
  }
  const own = add(element.name, element.content, 'element', element.line)
  const attributes = element.attributes.map(({ name, value, line }) => add(name, value, 'attribute', line))
  const children = element.children.map((child) => copyInto(table, child, depth + 1))
  return () => ({
    ...element,
    content: own.value,
    attributes: attributes.map(({ name, value, line }) => ({ name, value, line })),
    children: children.map((build) => build()),
  })
}

type VariableError = { message: string; line: number } | undefined

function define(table: Entry[], index: number, variables: { name: string; value: string }[]): VariableError {
  const own = table[index]!
  // The first attribute that follows is taken for the variable's, even when it belongs to the next element.
  for (let i = index + 1; i < table.length; i++) {
    const entry = table[i]!
    if (entry.depth < own.depth) break
    if (entry.kind !== 'attribute') continue
    if (lower(entry.name) !== 'name') {
      return { message: 'Only "name" is allowed as an attribute for a variable.', line: entry.line }
    }
    if (entry.value.length >= 256) return { message: 'Invalid variable name size.', line: entry.line }
    variables.push({ name: lower(entry.value), value: own.value })
    return undefined
  }
  return { message: 'No value set for variable.', line: own.line }
}

function substitute(entry: Entry, variables: { name: string; value: string }[]): VariableError {
  const source = entry.value
  if (source.length <= 2 || !source.includes('$')) return undefined
  let result = source
  // Where the original believes to be in `result`. It forgets to count the bytes of a `$(field)`, so that a variable after one lands too far to
  // the left: `$(srcuser) $V z` becomes `$VALUE z`. Kept, because a ruleset that loads must mean the same here.
  let place = 0
  let at = 0
  while (at < source.length) {
    if (source[at] !== '$') {
      at++
      place++
      continue
    }
    const from = ++at
    while (at < source.length && !'$.|, '.includes(source[at]!)) {
      if (at - from >= 255) return { message: "Invalid variable name size: '255'.", line: entry.line }
      at++
    }
    const name = source.slice(from, at)
    const variable = variables.find((known) => known.name === lower(name))
    if (variable) {
      const before = result.slice(0, place) + variable.value
      result = before + source.slice(at)
      place = before.length
    }
    if (name.startsWith('(')) continue
    if (!variable && name !== '') {
      return { message: `Unknown variable: '${name.slice(0, 95)}'.`, line: entry.line }
    }
    if (!variable) place++
  }
  entry.value = result
  return undefined
}

/** What is left when the variables are gone. Children of a `<var>` fall to the element before it; attributes end at one called `var`. */
function withoutVars(elements: XmlElement[]): XmlElement[] {
  const visible: XmlElement[] = []
  for (const element of elements) {
    const children = withoutVars(element.children)
    if (isVar(element.name)) {
      visible.at(-1)?.children.push(...children)
      continue
    }
    const cut = element.attributes.findIndex((attribute) => isVar(attribute.name))
    const attributes = cut === -1 ? element.attributes : element.attributes.slice(0, cut)
    visible.push({ ...element, attributes, children })
  }
  return visible
}
