import { fromBytes } from '../alert.ts'
import type { Place } from '../config.ts'
import { didYouMean } from '../nearest.ts'
import type { Problem } from '../problem.ts'
import { isVar, type XmlElement } from './os-xml.ts'

/** What the real one does with most mistakes: every daemon is tested before any starts. spec/ossec-conf.md section 1. */
export const doesNotStart = 'the manager does not start'

type Extras = Pick<Problem, 'hint' | 'wazuh'>

/** `<name>value</name>` inside a section; the value as it stands, never trimmed. */
export interface Option {
  name: string
  value: string
  line: number
  /** In order; names as written. */
  attributes: { name: string; value: string }[]
  element: XmlElement
}

/** A value with its secrets put in, or why that cannot be done. */
export type Filled =
  | { text: string; warnings: { message: string; hint?: string }[]; error?: undefined }
  | { text?: undefined; error: { message: string; hint?: string } }

/** One section of ossec.conf being read: its options, and where to say what is wrong with it. */
export interface Block {
  place: Place
  section: string
  options: Option[]
  /** The block as a whole is not used. */
  error(line: number, message: string, extras?: Extras): void
  /** It is used, but does something else than one would think. */
  warn(line: number, message: string, extras?: Extras): void
  readonly hasError: boolean
}

export function openBlock(element: XmlElement, file: string, problems: Problem[]): Block {
  let hasError = false
  const report = (severity: Problem['severity'], line: number, message: string, extras: Extras = {}) => {
    problems.push({ severity, file, line, message: `<${element.name}>: ${message}`, ...extras })
  }
  const block: Block = {
    place: { file, line: element.line },
    section: element.name,
    options: element.children.filter(({ name }) => !isVar(name)).map(toOption),
    error(line, message, extras) {
      hasError = true
      report('error', line, message, { wazuh: doesNotStart, ...extras })
    },
    warn: (line, message, extras) => report('warning', line, message, extras),
    get hasError() {
      return hasError
    },
  }
  for (const hidden of element.children.filter(({ name }) => isVar(name))) {
    block.warn(hidden.line, `<${hidden.name}> is ignored: ossec.conf has no variables`)
  }
  return block
}

function toOption(element: XmlElement): Option {
  return {
    name: fromBytes(element.name),
    value: fromBytes(element.content),
    line: element.line,
    attributes: element.attributes.map(({ name, value }) => ({ name: fromBytes(name), value: fromBytes(value) })),
    element,
  }
}

/** (1230): an element that this section does not have. */
export function unknownOption(block: Block, option: Option, known: readonly string[]): void {
  const same = known.find((name) => name.toLowerCase() === option.name.toLowerCase())
  block.error(option.line, `unknown element <${option.name}>`, {
    hint: same
      ? `names are compared with their case: write <${same}>`
      : (didYouMean(option.name, known) ?? `known are ${known.join(', ')}`),
  })
}

/** The element and its value as they would have to be written, for hints. */
const written = (option: Option, value: string) => `write <${option.name}>${value}</${option.name}>`

const show = (value: string) => (value.length > 60 ? `"${value.slice(0, 57)}…"` : `"${value}"`)

/** (1235): a value that the option cannot have. */
export function badValue(block: Block, option: Option, needed: string, hint?: string): void {
  const trimmed = option.value.trim()
  block.error(option.line, `<${option.name}>: ${show(option.value)} is not ${needed}`, {
    hint: hint ?? (trimmed === option.value ? undefined : `values are not trimmed: ${written(option, trimmed)}`),
  })
}

/** Digits only; the empty text counts as 0. `OS_StrIsNum` and `atoi`. */
export function toNumber(block: Block, option: Option, range: { min?: number; max?: number } = {}): number | undefined {
  const { min = 0, max = 2_147_483_647 } = range
  const needed = range.max === undefined ? 'a whole number' : `a whole number from ${min} to ${max}`
  if (!/^\d*$/.test(option.value)) {
    badValue(block, option, needed, paddedHint(option, /^\d+$/))
    return undefined
  }
  const value = Number(option.value)
  if (value < min || value > max) {
    badValue(block, option, needed)
    return undefined
  }
  if (option.value === '') block.warn(option.line, `<${option.name}> is empty, which means 0`)
  return value
}

function paddedHint(option: Option, form: RegExp): string | undefined {
  const trimmed = option.value.trim()
  return form.test(trimmed) ? `values are not trimmed: ${written(option, trimmed)}` : undefined
}

/** Exactly `yes` or `no`. */
export function toYesNo(block: Block, option: Option): boolean | undefined {
  if (option.value === 'yes' || option.value === 'no') return option.value === 'yes'
  const plain = option.value.trim().toLowerCase()
  const meant = /^(yes|no)$/.test(plain)
    ? plain
    : /^(true|on|1)$/.test(plain)
      ? 'yes'
      : /^(false|off|0)$/.test(plain)
        ? 'no'
        : ''
  badValue(block, option, 'yes or no', meant ? written(option, meant) : undefined)
  return undefined
}

/**
 * The number at the start of a text as C's `strtoul(text, &end, 0)` reads it, and what follows: a leading `0x` means hexadecimal, a leading `0`
 * octal. Undefined when there is no number.
 */
export function leadingNumber(text: string): { value: number; rest: string; radix: 8 | 10 | 16 } | undefined {
  const found = /^[ \t\n\v\f\r]*\+?(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9]\d*))/.exec(text)
  if (!found) return undefined
  const [all, hex, octal, decimal] = found
  const rest = text.slice(all.length)
  if (hex !== undefined) return { value: Number.parseInt(hex, 16), rest, radix: 16 }
  if (octal !== undefined) return { value: Number.parseInt(octal, 8), rest, radix: octal === '0' ? 10 : 8 }
  return { value: Number(decimal), rest, radix: 10 }
}

export const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Warns when blanks around the value, or an entity in it, will be taken as they are. @param secret the value must not be shown */
export function checkText(block: Block, option: Option, secret = false): void {
  const { name, value, line } = option
  if (value.trim() !== value && value.trim() !== '') {
    block.warn(line, `<${name}>: ${secret ? 'it' : show(value)} has blanks or line ends around it, and they count`, {
      hint: secret ? `write <${name}>…</${name}> on one line, without blanks` : written(option, value.trim()),
    })
  }
  const entity = /&(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);/.exec(value)?.[0]
  if (entity !== undefined) {
    const plain = { '&amp;': '&', '&gt;': '>', '&quot;': '"', '&apos;': "'" }[entity]
    block.warn(line, `<${name}>: "${entity}" stays as it is, entities are not decoded`, {
      hint: plain ? `write ${plain} itself` : undefined,
    })
  }
}

/** A number where the reader takes any text with C's `atoi`: leading digits count, anything else is 0. */
export function lenientNumber(block: Block, option: Option): number {
  const value = Math.min(Math.max(Number.parseInt(option.value, 10) || 0, 0), 2_147_483_647)
  if (!/^\d+$/.test(option.value)) {
    block.warn(option.line, `<${option.name}>: ${show(option.value)} is read as ${value}`, {
      hint: 'write digits only',
    })
  }
  return value
}

/**
 * The ids in `<rule_id>` and `<rules_id>`: a number, then everything up to the next comma is skipped; any other character ends the list.
 *
 * @returns every id read, 0 included
 */
export function scanIds(text: string): number[] {
  const ids: number[] = []
  let at = 0
  while (at < text.length) {
    const char = text[at]!
    if (char === ' ' || char === ',') at++
    else if (/\d/.test(char)) {
      ids.push(Math.min(Number.parseInt(text.slice(at), 10), 2_147_483_647))
      const comma = text.indexOf(',', at)
      if (comma === -1) break
      at = comma + 1
    } else break
  }
  return ids
}

/** Warns when {@link scanIds} reads fewer ids than a person sees. */
export function checkIds(block: Block, option: Option): void {
  const seen = option.value.match(/\d+/g)?.map(Number) ?? []
  const read = scanIds(option.value)
  if (seen.join() === read.join() && !/[^\d, ]/.test(option.value)) return
  if (seen.length === 0) return
  const range = /(\d+)\s*-\s*(\d+)/.exec(option.value)
  block.warn(
    option.line,
    `<${option.name}>: of ${show(option.value)} only ${read.length === 0 ? 'nothing' : read.join(', ')} is read`,
    {
      hint: range
        ? 'there are no ranges: write each id, with commas between them'
        : 'write ids with commas between them and no line ends',
    },
  )
}
