/**
 * What loads without a word and does something else than people think (docs/rules.md, Traps). Looked for in rules from id 100000 on, and not in
 * files that are called as Wazuh calls its own (0575-….xml): those nobody here can mend.
 */
import type { Problem } from '../../problem.ts'
import { applyVariables, isVar, parseOsXml, type XmlElement } from '../../wazuh/os-xml.ts'
import type { SourceFile } from '../index.ts'
import { techniques } from './mitre.ts'
import { patternTags } from './rule.ts'

const firstOwnId = 100_000
const fileOfWazuh = /(?:^|\/)\d{4}-[^/]*$/

/** @param file of rules; what cannot be read is reported when it is loaded */
export function findTraps(file: SourceFile): Problem[] {
  if (fileOfWazuh.test(file.path)) return []
  const parsed = parseOsXml(file.text)
  const { roots, error } = parsed.error ? parsed : applyVariables(parsed.roots)
  if (error) return []
  const problems: Problem[] = []
  for (const group of roots) {
    if (isVar(group.name)) continue
    const groups = attribute(group, 'name') ?? ''
    for (const rule of group.children) {
      const id = Number(attribute(rule, 'id'))
      if (!(id >= firstOwnId)) continue
      for (const { line, message, hint } of trapsOf(rule, groups)) {
        problems.push({ severity: 'warning', file: file.path, line, message: `rule ${id}: ${message}`, hint })
      }
    }
  }
  return problems
}

interface Trap {
  line: number
  message: string
  hint: string
}

function* trapsOf(rule: XmlElement, groups: string): Iterable<Trap> {
  const tags = rule.children
  for (const tag of tags) {
    const { line } = tag
    for (const trap of [...patternTraps(tag), ...otherTraps(tag)]) yield { line, ...trap }
  }
  yield* gluedTraps(rule, groups)
  const lists = tags.filter((tag) => tag.name === 'list')
  if (lists.length > 2) {
    const message = `of ${lists.length} <list> only the last two are looked at`
    yield { line: lists[0]!.line, message, hint: 'put the others into a rule above this one' }
  }
  const isComposite = tags.some(({ name }) => name.startsWith('if_matched_'))
  if (isComposite && Number(attribute(rule, 'level')) === 0) {
    const hint = 'give it a level, and the option no_log when nothing is to be written'
    yield { line: rule.line, message: 'a rule that counts and has level 0 never matches', hint }
  }
  const timeframe = attribute(rule, 'timeframe') ?? ''
  if (timeframe.length > 5) {
    const message = `of timeframe "${timeframe}" only the first five digits count: ${timeframe.slice(0, 5)} s`
    yield { line: rule.line, message, hint: 'write 99999 at most' }
  }
}

/** Tags of which a part of the value is enough, where people mean all of it. */
const wholeValues = ['field', 'user', 'id', 'srcport', 'dstport', 'status', 'protocol']
const isPattern = (name: string) => name === 'field' || (patternTags as readonly string[]).includes(name)

function* patternTraps(tag: XmlElement): Iterable<Omit<Trap, 'line'>> {
  const { name, content } = tag
  if (!isPattern(name)) return
  const type = attribute(tag, 'type')?.toLowerCase()
  const shown = name === 'field' ? `<field name="${attribute(tag, 'name')}">` : `<${name}>`
  const entity = /&(?:lt|gt|amp|quot|apos);/.exec(content)?.[0]
  if (entity) {
    const hint = entity === '&lt;' ? 'write \\<' : 'write the character itself'
    yield { message: `${shown}: "${entity}" stays as it is written`, hint }
  }
  if (type === 'pcre2') return
  const star = /(?<!\\)\.[*+]/.exec(content)?.[0]
  if (star) {
    const isOsRegex = type === 'osregex' || (type === undefined && (name === 'regex' || name === 'field'))
    const hint = isOsRegex ? `write \\${star}, or type="pcre2"` : 'write type="pcre2"'
    yield { message: `${shown}: "${star}" is a dot and a "${star[1]}" here`, hint }
  }
  // Whoever writes the type has thought about it.
  const words = /^[\w.:@-]+(?:\|[\w.:@-]+)*$/
  if (type === undefined && wholeValues.includes(name) && words.test(content)) {
    const anchored = content
      .split('|')
      .map((word) => `^${word}$`)
      .join('|')
    const usual = name === 'field' ? 'osregex' : 'osmatch'
    const hint = `write "${anchored}", or type="${usual}" when a part is meant`
    yield {
      message: `${shown}: "${content}" is looked for anywhere in the value, so "x${content}y" matches, too`,
      hint,
    }
  }
}

function* otherTraps(tag: XmlElement): Iterable<Omit<Trap, 'line'>> {
  const { name, content } = tag
  if ((name === 'srcip' || name === 'dstip') && content.startsWith('!')) {
    yield {
      message: `<${name}>: the "!" means nothing`,
      hint: `write <${name} negate="yes">${content.slice(1)}</${name}>`,
    }
  }
  if (name === 'list' && attribute(tag, 'lookup') === 'address_match_key_value') {
    const message = 'address_match_key_value holds when the value does not match, or nothing is found'
    yield { message, hint: 'use address_match_key, and one list for each value' }
  }
  if (name === 'ignore' || name === 'check_if_ignored') {
    yield { message: `<${name}> suppresses nothing`, hint: 'use the attribute ignore="SECONDS" of the rule' }
  }
  if (name === 'description') {
    const [, empty] = /\$\((user|location|full_log)\)/.exec(content) ?? []
    const hint =
      empty === 'user' ? 'write $(dstuser) or $(srcuser)' : 'take it out: the alert has it in a field of its own'
    if (empty) yield { message: `$(${empty}) in a description is always empty`, hint }
  }
  if (name === 'mitre') {
    for (const { content: id } of tag.children.filter((child) => /^(?:id|techniqueID)$/.test(child.name))) {
      if (techniques().get(id)?.retired !== undefined || !techniques().has(id)) {
        const message = `ATT&CK has no technique "${id}" any more, or never had`
        yield { message, hint: 'look it up at https://attack.mitre.org/techniques' }
      }
    }
  }
}

/** Texts that are put together without anything between them. */
function* gluedTraps(rule: XmlElement, groups: string): Iterable<Trap> {
  const own = rule.children.filter(({ name }) => name === 'group')
  let before = groups
  for (const { line, content } of own) {
    if (before !== '' && !/[,\s]$/.test(before) && !content.startsWith(',')) {
      const [last, first] = [before.split(',').at(-1)!, content.split(',')[0]!]
      const hint = `end "${last}" with a comma`
      yield { line, message: `the groups "${last}" and "${first}" become one, "${last}${first}"`, hint }
    }
    before = content
  }
  for (const name of ['match', 'regex']) {
    const [first, second] = rule.children.filter((tag) => tag.name === name)
    if (!first || !second || first.content.endsWith('|') || second.content.startsWith('|')) continue
    const message = `two <${name}> are one pattern, "${first.content}${second.content}"`
    const hint = `both must hold: write one of them as <${name === 'match' ? 'regex' : 'match'}>, or a rule below this one. Either: end the first with a |`
    yield { line: second.line, message, hint }
  }
}

const attribute = (element: XmlElement, name: string) => element.attributes.find((one) => one.name === name)?.value
