/** The tags of one `<rule>`. rules.c: Rules_OP_ReadRules, 4.14.7; spec/engine-rules.md section 3.2. */
import type { XmlElement } from '../../wazuh/os-xml.ts'
import { compileAddresses } from '../patterns/address.ts'
import { compilePattern, type PatternKind } from '../patterns/index.ts'
import { type CompiledRuleName, compiledRules } from './compiled-rules.ts'
import type { CdbList } from './lists.ts'
import { readList } from './read-list.ts'
import { readMitre } from './read-mitre.ts'
import type { Report } from './report.ts'
import { type Category, type ComparedName, type PatternTag, patternTags, type Rule, ruleOptions } from './rule.ts'
import { comparisonTags, knownTags, staticFieldNames } from './tags.ts'
import { parseTimeWindow, parseWeekday } from './time.ts'
import { isDigits, toInt } from './to-int.ts'

export interface RuleContext {
  report: Report
  /** Every name that `<decoded_as>` may hold. */
  decoders: ReadonlySet<string>
  lists: ReadonlyMap<string, CdbList>
  /** Limit of `<field>` tags in a rule: `analysisd.decoder_order_size`. */
  decoder_order_size: number
  geoip: boolean
  /** Patterns without short cuts. */
  plain: boolean
}

/** Parents as written; which of them counts is decided when the rule is put into the tree. */
export interface Parents {
  if_sid?: string
  if_level?: string
  if_group?: string
}

/** `skip`: the rule is left out. `fatal`: the file cannot be loaded. */
export type Verdict = { parents: Parents } | 'skip' | 'fatal'

const categories: readonly Category[] = ['firewall', 'ids', 'syslog', 'web-log', 'squid', 'windows', 'ossec']

/** A text of a tag that may be repeated; pieces are glued. */
interface Glued {
  text: string | undefined
  kind: PatternKind
  negate: boolean
}

/** Reads the children of a `<rule>` into `rule`, which has its attributes already. `overwrite`: the rule replaces another one. */
export function readRule(element: XmlElement, rule: Rule, overwrite: boolean, context: RuleContext): Verdict {
  return new RuleReader(rule, overwrite, context).read(element)
}

class RuleReader {
  private readonly rule: Rule
  private readonly overwrite: boolean
  private readonly context: RuleContext
  private readonly report: Report
  private readonly glued = new Map<PatternTag, Glued>()
  private readonly parents: Parents = {}
  private readonly mitre = { oldForm: false, newForm: false }
  private matchedGroup: string | undefined
  private matchedRegex: string | undefined
  private hasDescription = false
  private readonly patternOptions: { plain: boolean }

  constructor(rule: Rule, overwrite: boolean, context: RuleContext) {
    this.rule = rule
    this.overwrite = overwrite
    this.context = context
    this.report = context.report
    this.patternOptions = { plain: context.plain }
  }

  read(element: XmlElement): Verdict {
    let skip = false
    for (const tag of element.children) {
      this.report.at(this.rule.file, tag.line)
      const outcome = this.readTag(tag)
      if (outcome === 'fatal') return 'fatal'
      if (outcome === 'skip') {
        skip = true
        break
      }
    }
    this.report.at(this.rule.file, element.line)
    const { if_sid } = this.parents
    if (if_sid !== undefined && !/^[\d, ]+\n?$/.test(if_sid)) {
      this.report.drop(
        `(7618): Invalid 'if_sid' value: '${if_sid}'. Rule '${this.rule.id}' will be ignored.`,
        `rule ${this.rule.id}: \`if_sid\` "${if_sid}" is no list of rule ids`,
        'write ids separated by commas or blanks, without a line break',
      )
      skip = true
    }
    return skip ? 'skip' : this.finish()
  }

  private readTag(tag: XmlElement): 'skip' | 'fatal' | undefined {
    const name = tag.name.toLowerCase()
    const { rule, report } = this
    if (isPatternTag(name)) return this.gluePattern(name, tag)
    const compared = comparisonTags.get(name)
    // About half of these names are compared with their case.
    if (compared && (!compared.exact || tag.name === name)) {
      addOnce(compared.different ? rule.different : rule.same, compared.field)
      return undefined
    }
    switch (name) {
      case 'decoded_as':
        if (this.context.decoders.has(tag.content)) rule.decoded_as = tag.content
        else {
          return this.refuse(`Invalid decoder name: '${tag.content}'.`, `no decoder is called "${tag.content}"`, {
            missingDecoder: tag.content,
          })
        }
        return undefined
      case 'cve':
        rule.cve = this.glue(rule.cve, tag.content)
        return undefined
      case 'info':
        return this.readInfo(tag)
      case 'time':
      case 'weekday':
        return this.readTime(name, tag)
      case 'group':
        rule.group = (this.glue(rule.group, tag.content) ?? '').replaceAll('\n', '')
        return undefined
      case 'description': {
        const text = this.glue(this.hasDescription ? rule.description : undefined, tag.content.replace('\n', ' '))
        this.hasDescription = text !== undefined
        rule.description = text ?? ''
        return undefined
      }
      case 'srcip':
      case 'dstip':
        return this.readAddress(name, tag)
      case 'field':
        return this.readField(tag)
      case 'list': {
        const list = readList(tag, rule, this.context.lists, report)
        if (list === 'missing') return 'skip'
        if (list === 'wrong') return 'fatal'
        // The chain of the original always loses all but the last two.
        rule.lists = [...rule.lists.slice(-1), list]
        return undefined
      }
      case 'compiled_rule':
        if (Object.hasOwn(compiledRules, tag.content)) {
          rule.compiled_rule = tag.content as CompiledRuleName
          return undefined
        }
        report.refuse(
          `Compiled rule not found: '${tag.content}'`,
          `rule ${rule.id}: no compiled rule is called "${tag.content}"`,
          { oneOf: Object.keys(compiledRules), got: tag.content },
        )
        report.also(`(1274): Invalid configuration. Element '${tag.name}': ${tag.content}.`)
        return 'fatal'
      case 'category': {
        const category = categories.find((known) => known === tag.content)
        if (category) {
          rule.category = category
          return undefined
        }
        report.printed(`(1273): Invalid category '${tag.content}' chosen.`)
        report.problem('error', `rule ${rule.id}: no category is called "${tag.content}"`, 'refuses to start', {
          oneOf: categories,
          got: tag.content,
        })
        return 'fatal'
      }
      case 'if_sid':
      case 'if_group':
        this.setParent(name, tag.content)
        return undefined
      case 'if_level':
        if (isDigits(tag.content)) {
          this.setParent(name, tag.content)
          return undefined
        }
        report.drop(
          `(7609): Invalid 'if_level' value: '${tag.content}'. Rule '${rule.id}' will be ignored.`,
          `rule ${rule.id}: \`if_level\` "${tag.content}" is no number`,
          'write a level from 1 to 16',
        )
        return 'skip'
      case 'if_matched_regex':
        rule.context = true
        this.matchedRegex = this.glue(this.matchedRegex, tag.content)
        return undefined
      case 'if_matched_group':
        rule.context = true
        this.matchedGroup = this.glue(this.matchedGroup, tag.content)
        return undefined
      case 'if_matched_sid':
        rule.context = true
        if (!isDigits(tag.content)) {
          report.drop(
            `(7615): Invalid 'if_matched_sid' value: '${tag.content}'. Rule '${rule.id}' will be ignored.`,
            `rule ${rule.id}: \`if_matched_sid\` "${tag.content}" is not one rule id`,
            'write one id; for several, give their rules a group and use if_matched_group',
          )
          return 'skip'
        }
        rule.if_matched_sid = toInt(tag.content)
        return undefined
      case 'check_diff':
        rule.context = true
        rule.check_diff = true
        return undefined
      case 'if_fts':
        rule.if_fts = true
        return undefined
      case 'same_agent':
      case 'not_same_agent':
        report.warn(
          `Detected a deprecated field option for rule, ${name} is not longer available.`,
          `rule ${rule.id}: ${name} is not available any more`,
          'remove it: events of different agents are never counted together unless there is <global_frequency/>',
        )
        return undefined
      case 'global_frequency':
        rule.global_frequency = true
        return undefined
      case 'same_field':
        rule.same_fields.push(tag.content)
        return undefined
      case 'not_same_field':
      case 'different_field':
        rule.different_fields.push(tag.content)
        return undefined
      case 'options':
        return this.readOption(tag)
      case 'ignore':
      case 'check_if_ignored':
        return this.readIgnore(name, tag)
      case 'mitre':
        readMitre(tag, rule, this.mitre, report)
        return undefined
      default:
        return this.refuse(`Invalid option '${tag.name}' for rule '${rule.id}'.`, `a rule has no tag <${tag.name}>`, {
          oneOf: knownTags,
          got: name,
        })
    }
  }

  private refuse(text: string, message: string, mend?: Parameters<Report['refuse']>[2]): 'fatal' {
    this.report.refuse(text, `rule ${this.rule.id}: ${message}`, mend)
    return 'fatal'
  }

  /** Glues a piece to what is there. Pieces over 2,048 bytes are refused, and what was there is lost with them. */
  private glue(have: string | undefined, piece: string): string | undefined {
    const tooLong = have === undefined ? piece.length >= 2_048 : have.length > 2_048 || piece.length > 2_048
    if (!tooLong) return (have ?? '') + piece
    this.report.complain(
      `(1104): Maximum string size reached for: ${piece}.`,
      `rule ${this.rule.id}: a text of ${(have ?? '').length + piece.length} bytes is too long, and the whole tag is lost`,
      'split it into several tags of less than 2048 bytes, 4096 in all',
    )
    return undefined
  }

  private setParent(name: keyof Parents, content: string): void {
    const text = this.glue(this.parents[name], content)
    if (text === undefined) delete this.parents[name]
    else this.parents[name] = text
  }

  private gluePattern(name: PatternTag, tag: XmlElement): undefined {
    const text = this.glue(this.glued.get(name)?.text, tag.content)
    const negate = this.readNegate(tag)
    const usual = name === 'action' ? 'string' : name === 'regex' ? 'osregex' : 'osmatch'
    this.glued.set(name, { text, negate, kind: this.readKind(tag, usual) })
  }

  private readNegate(tag: XmlElement): boolean {
    const value = tag.attributes.find((attribute) => attribute.name === 'negate')?.value
    if (value === undefined) return false
    const lower = value.toLowerCase()
    if (lower !== 'yes' && lower !== 'no') this.warnOfValue('negate', value, 'write yes or no')
    return lower === 'yes'
  }

  private readKind(tag: XmlElement, usual: PatternKind): PatternKind {
    const value = tag.attributes.find((attribute) => attribute.name === 'type')?.value
    if (value === undefined) return usual
    const lower = value.toLowerCase()
    if (lower === 'osregex' || lower === 'osmatch' || lower === 'pcre2') return lower
    this.warnOfValue('type', value, `write osregex, osmatch or pcre2; ${usual} is used now`)
    return usual
  }

  private warnOfValue(attribute: string, value: string, hint: string): void {
    this.report.warn(
      `(7600): Invalid value '${value}' for attribute '${attribute}' in rule ${this.rule.id}.`,
      `rule ${this.rule.id}: ${attribute}="${value}" is not known`,
      hint,
    )
  }

  private readInfo(tag: XmlElement): undefined {
    const types = ['text', 'link', 'cve', 'osvdb']
    const first = tag.attributes[0]
    if (first && first.name.toLowerCase() !== 'type') {
      this.report.complain(
        `rules_op: Element info has invalid attribute "${first.name}"`,
        `rule ${this.rule.id}: <info> has no attribute "${first.name}"`,
        'only type is known',
      )
    } else if (first && !types.includes(first.value)) {
      this.report.complain(
        `rules_op: Element info attribute "${first.name}" has invalid value "${first.value}"`,
        `rule ${this.rule.id}: <info> has no type "${first.value}"`,
        { oneOf: types, got: first.value },
      )
    }
    this.rule.info = this.glue(this.rule.info, tag.content)
  }

  private readTime(name: 'time' | 'weekday', tag: XmlElement): 'fatal' | undefined {
    const complaints: string[] = []
    if (name === 'time') {
      const window = parseTimeWindow(tag.content, complaints)
      for (const complaint of complaints) this.report.printed(complaint)
      if (window) this.rule.time = window
      if (window) return undefined
    } else {
      const weekday = parseWeekday(tag.content)
      if (weekday) this.rule.weekday = weekday
      if (weekday) return undefined
      this.report.also(`(1241): Invalid day format: '${tag.content}'.`)
    }
    return this.refuse(
      `(1274): Invalid configuration. Element '${tag.name}': ${tag.content}.`,
      `"${tag.content}" is no ${name === 'time' ? 'window of time' : 'list of days'}`,
      name === 'time'
        ? 'write 8:00 - 17:30 or 8 am - 5:30 pm, hours 0 to 23'
        : 'write names of days, weekdays or weekends; a leading ! is documented but not accepted',
    )
  }

  private readAddress(name: 'srcip' | 'dstip', tag: XmlElement): 'fatal' | undefined {
    const specifications = [...(this.rule[name]?.specifications ?? []), tag.content]
    const { addresses, error } = compileAddresses([tag.content])
    if (!addresses) {
      return this.refuse(`(1237): Invalid ip address: '${tag.content}'.`, `<${name}>: ${error.message}`)
    }
    const all = specifications.length === 1 ? addresses : compileAddresses(specifications).addresses!
    this.rule[name] = { specifications, addresses: all, negate: this.readNegate(tag) }
    return undefined
  }

  private readField(tag: XmlElement): 'fatal' | undefined {
    const { rule, report } = this
    if (rule.fields.length >= this.context.decoder_order_size) {
      return this.refuse(
        `Rule ${rule.id} has exceeded the maximum number of allowed fields`,
        `more than ${this.context.decoder_order_size} <field> tags`,
      )
    }
    if (tag.attributes.length === 0) {
      report.problem('error', `rule ${rule.id}: <field> without name=""`, 'refuses to start', 'name the field')
      return 'fatal'
    }
    const name = tag.attributes.find((attribute) => attribute.name === 'name')?.value
    if (name === undefined) {
      return this.refuse(
        `Failure to read rule ${rule.id}. No such attribute 'name' for field.`,
        '<field> without name=""',
        'name the field; the attribute is written in lower case',
      )
    }
    if (staticFieldNames.has(name.toLowerCase())) {
      const own = name.toLowerCase().replace(/^(?:src|dst)user$/, 'user')
      return this.refuse(
        `Failure to read rule ${rule.id}. Field '${name}' is static.`,
        `<field name="${name}"> is not possible: "${name}" is a static field`,
        `write <${own}>…</${own}>`,
      )
    }
    const kind = this.readKind(tag, 'osregex')
    const negate = this.readNegate(tag)
    const { pattern, error } = compilePattern(kind, tag.content, this.patternOptions)
    if (!pattern) {
      return this.refuse(
        `(5107): Syntax error on tag '${name}' in rule ${rule.id}`,
        `<field name="${name}">: ${error.message}`,
      )
    }
    rule.fields.push({ name, pattern, negate })
    return undefined
  }

  private readOption(tag: XmlElement): 'fatal' | undefined {
    const option = ruleOptions.find((known) => known === tag.content)
    if (option) {
      this.rule.options.push(option)
      return undefined
    }
    this.report.also(`(1235): Invalid value for element 'options': ${tag.content}.`)
    return this.refuse(
      `Invalid option '${tag.name}' for rule '${this.rule.id}'.`,
      `<options> does not know "${tag.content}"`,
      { oneOf: ruleOptions, got: tag.content },
    )
  }

  /** Checked and forgotten: as it is built the original never suppresses anything (spec/engine-rules.md section 6.3). */
  private readIgnore(name: string, tag: XmlElement): 'fatal' | undefined {
    const words = tag.content.split(/(?<!\\),/).map((word) => word.replace(/^ +/, '').replace(/ [\s\S]*$/, ''))
    if (!words.includes('')) return undefined
    return this.refuse(
      `Wrong ${name} option: '${tag.content}'`,
      `<${name}> "${tag.content}" has an empty word`,
      'write names of fields separated by commas',
    )
  }

  /** What the original checks and compiles after the last tag, in its order. */
  private finish(): Verdict {
    const { rule, report } = this
    if (!this.hasDescription) {
      this.refuse(`No such description at rule '${rule.id}'.`, 'no <description>', 'describe what the rule finds')
      return 'fatal'
    }
    const needsContext =
      rule.check_diff ||
      rule.global_frequency ||
      rule.same.length + rule.different.length + rule.same_fields.length + rule.different_fields.length > 0 ||
      rule.frequency > 0
    if (needsContext && !rule.context) {
      this.refuse(
        `Invalid use of frequency/context options. Missing if_matched on rule '${rule.id}'.`,
        'frequency, same_… and different_… need if_matched_sid or if_matched_group',
        'replace if_sid by if_matched_sid, or if_group by if_matched_group',
      )
      return 'fatal'
    }
    if (!this.overwrite) {
      if (this.matchedGroup !== undefined && this.parents.if_sid === undefined)
        this.parents.if_group ??= this.matchedGroup
      if (rule.if_matched_sid !== 0 && this.parents.if_sid === undefined && this.parents.if_group === undefined)
        this.parents.if_sid = String(rule.if_matched_sid).slice(0, 14)
    }
    for (const name of compileOrder) {
      if (name === 'if_matched_group' || name === 'if_matched_regex') {
        if (!this.compileMatched(name)) return 'fatal'
        continue
      }
      const glued = this.glued.get(name)
      if (glued?.text === undefined) continue
      const { pattern, error } = compilePattern(glued.kind, glued.text, this.patternOptions)
      if (!pattern) {
        // In place of the tag's name the original prints the pattern of <protocol>.
        const shown = name === 'protocol' ? glued.text : name
        this.refuse(`(5107): Syntax error on tag '${shown}' in rule ${rule.id}`, `<${name}>: ${error.message}`)
        return 'fatal'
      }
      rule.patterns[name] = { pattern, negate: glued.negate }
    }
    if (this.parents.if_sid !== undefined) rule.if_sid = this.parents.if_sid
    if (this.parents.if_level !== undefined) rule.if_level = this.parents.if_level
    report.at(rule.file, rule.line)
    return { parents: this.parents }
  }

  private compileMatched(name: 'if_matched_group' | 'if_matched_regex'): boolean {
    const text = name === 'if_matched_group' ? this.matchedGroup : this.matchedRegex
    if (text === undefined) return true
    const { pattern, error } = compilePattern(
      name === 'if_matched_group' ? 'osmatch' : 'osregex',
      text,
      this.patternOptions,
    )
    if (!pattern) {
      this.refuse(`(1450): Syntax error on regex: '${text}': ${error.code}.`, `<${name}>: ${error.message}`)
      return false
    }
    this.rule[name] = pattern
    return true
  }
}

/** The order in which the original compiles, which decides what a rule with two bad patterns is refused for. */
const compileOrder = [
  ...patternTags.slice(0, patternTags.indexOf('protocol')),
  'if_matched_group',
  'if_matched_regex',
  'protocol',
  'system_name',
] as const

function isPatternTag(name: string): name is PatternTag {
  return (patternTags as readonly string[]).includes(name)
}

function addOnce(list: ComparedName[], name: ComparedName): void {
  if (!list.includes(name)) list.push(name)
}
