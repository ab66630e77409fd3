/** `<list>` of a rule. rules.c, 4.14.7; spec/engine-rules.md section 4.7. */
import type { XmlElement } from '../../wazuh/os-xml.ts'
import { compilePattern } from '../patterns/index.ts'
import { type CdbList, type ListField, type ListLookup, type Lookup, listFields, lookups } from './lists.ts'
import type { Report } from './report.ts'
import type { Rule } from './rule.ts'

/** `missing`: the list is not there, so the rule is left out. `wrong`: the file cannot be loaded. */
export function readList(
  tag: XmlElement,
  rule: Rule,
  lists: ReadonlyMap<string, CdbList>,
  report: Report,
): ListLookup | 'missing' | 'wrong' {
  const invalid = `(1274): Invalid configuration. Element '${tag.name}': ${tag.content}.`
  const prefix = `rule ${rule.id}: <list>`
  if (tag.attributes.length === 0) {
    report.refuse('List must have a correctly formatted field attribute', `${prefix} without field=""`, needsField)
    report.also(invalid)
    return 'wrong'
  }
  let lookup: Lookup = 'match_key'
  let field: string | undefined
  let check_value: ListLookup['check_value']
  for (const { name, value } of tag.attributes) {
    switch (name.toLowerCase()) {
      case 'lookup': {
        const found = lookups.find((known) => known === value.toLowerCase())
        if (!found) {
          report.also(invalid)
          report.refuse(`List match lookup="${value}" is not valid.`, `${prefix} has no lookup "${value}"`, {
            oneOf: lookups,
            got: value,
          })
          return 'wrong'
        }
        lookup = found
        break
      }
      case 'field':
        field = value
        break
      case 'check_value': {
        const { pattern, error } = compilePattern('osmatch', value)
        if (!pattern) {
          report.also(invalid)
          report.refuse(
            `(1450): Syntax error on regex: '${value}': ${error.code}.`,
            `${prefix} check_value: ${error.message}`,
          )
          return 'wrong'
        }
        check_value = pattern
        break
      }
      default:
        report.refuse(`List field="${value}" is not valid`, `${prefix} has no attribute "${name}"`, {
          oneOf: ['field', 'lookup', 'check_value'],
          got: name,
        })
        report.also(invalid)
        return 'wrong'
    }
  }
  if (field === undefined) {
    report.refuse('List requires the field="" attribute', `${prefix} without field=""`, needsField)
    report.also(invalid)
    return 'wrong'
  }
  const list = lists.get(tag.content)
  if (!list) {
    report.drop(
      `(7616): List '${tag.content}' could not be loaded. Rule '${rule.id}' will be ignored.`,
      `rule ${rule.id}: the list "${tag.content}" is not declared, or its file is missing`,
      { missingList: tag.content },
    )
    return 'missing'
  }
  const named = field.toLowerCase()
  const statically = listFields.find((known): known is ListField => known === named)
  // A dynamic name is cut at its first blank.
  const dynamic = statically === undefined ? field.replace(/^ +/, '').replace(/ [\s\S]*$/, '') : undefined
  return {
    list,
    lookup,
    ...(statically === undefined ? { dynamic } : { field: statically }),
    ...(check_value === undefined ? {} : { check_value }),
  }
}

const needsField = 'name the field whose value is looked up: field="srcip"'
