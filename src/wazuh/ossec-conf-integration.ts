import type { IntegrationBlock } from '../config.ts'
import type { Block, Filled, Option } from './ossec-conf-block.ts'
import { checkIds, checkText, scanIds, toNumber, unknownOption } from './ossec-conf-block.ts'

const known = [
  'name',
  'hook_url',
  'api_key',
  'level',
  'rule_id',
  'group',
  'event_location',
  'max_log',
  'alert_format',
  'options',
  'timeout',
  'retries',
] as const

const secretOptions: ReadonlySet<string> = new Set(['hook_url', 'api_key', 'options'])

/** Tags that analysisd takes out of `rule.groups` and files by themselves. spec/integratord.md section 5. */
const compliance = /^(pci_dss|gdpr|gpg13|hipaa|nist_800_53|tsc|cis)_/

/**
 * Reads `<integration>` as integratord does (spec/integratord.md section 2).
 *
 * @param resolve puts secrets in for `${env:…}` and `${file:…}`
 */
export function readIntegration(block: Block, resolve: (text: string) => Filled): IntegrationBlock | undefined {
  const result: Partial<IntegrationBlock> = { level: 0, max_log: 165, timeout: 10, retries: 3 }
  const ids: number[] = []
  let hasIds = false
  let idLine = 0

  for (const option of block.options) {
    const { name, value, line } = option
    switch (name) {
      case 'level':
      case 'timeout':
      case 'retries':
        result[name] = toNumber(block, option)
        break
      case 'max_log':
        result.max_log = toNumber(block, option, { min: 165, max: 1024 })
        break
      case 'rule_id':
        // The next id goes to the place of the first 0, so a 0 ends the list unless another id follows.
        for (const id of scanIds(value)) {
          const zero = ids.indexOf(0)
          ids[zero === -1 ? ids.length : zero] = id
          hasIds = true
        }
        idLine = line
        checkIds(block, option)
        break
      case 'name':
      case 'hook_url':
      case 'api_key':
      case 'group':
      case 'event_location':
      case 'alert_format':
      case 'options':
        if (result[name] !== undefined) block.warn(line, `<${name}> stands twice, the last one counts`)
        checkText(block, option, secretOptions.has(name))
        result[name] = fill(block, option, resolve)
        break
      default:
        unknownOption(block, option, known)
    }
    checkMeaning(block, option)
  }

  if (block.options.every(({ name }) => name !== 'name')) {
    block.error(block.place.line, 'it has no <name>', { hint: 'name the script in the integrations folder' })
  }
  if (block.hasError) return undefined
  if (hasIds) {
    const zero = ids.indexOf(0)
    result.rule_id = zero === -1 ? ids : ids.slice(0, zero)
    if (result.rule_id.length === 0) block.warn(idLine, '<rule_id>: the id 0 ends the list, so no alert is sent')
  } else if (idLine > 0) {
    block.warn(idLine, '<rule_id> holds no id, so it filters nothing: every alert is sent', {
      hint: 'write ids with commas between them, or delete it',
    })
  }
  return { ...(result as Omit<IntegrationBlock, 'place'>), place: block.place }
}

function fill(block: Block, { name, value, line }: Option, resolve: (text: string) => Filled): string | undefined {
  const filled = resolve(value)
  if (filled.error) {
    block.error(line, `<${name}>: ${filled.error.message}`, { hint: filled.error.hint, wazuh: undefined })
    return undefined
  }
  for (const { message, hint } of filled.warnings) block.warn(line, `<${name}>: ${message}`, { hint })
  return filled.text
}

/** Values that are allowed but do not do what they look like. */
function checkMeaning(block: Block, { name, value, line }: Option): void {
  if ((name === 'hook_url' || name === 'api_key') && value.trim().includes(' ')) {
    // integratord joins the arguments with blanks and splits them again. spec/integratord.md section 7.
    block.warn(line, `<${name}>: a blank in it moves every argument of the script after it to another place`, {
      hint: name === 'hook_url' ? 'write %20' : 'write a backslash before the blank',
    })
  }
  if (name === 'level' && Number(value) > 16) {
    block.warn(line, `<level>: no rule has a level above 16, so nothing is sent`)
  }
  if (name === 'alert_format' && !value.startsWith('json')) {
    block.warn(line, `<alert_format>: "${value}" means the plain format`, { hint: 'write json, in lower case' })
  }
  if (name !== 'group') return
  const pieces = value.split(',')
  const padded = pieces.filter((piece) => piece.trim() !== piece)
  if (padded.length > 0) {
    block.warn(line, `<group>: blanks count, so "${padded[0]}" is no group's name`, {
      hint: `write ${pieces.map((piece) => piece.trim()).join(',')}`,
    })
  }
  const tag = pieces.find((piece) => compliance.test(piece.trim()))
  if (tag !== undefined) {
    block.warn(line, `<group>: "${tag.trim()}" never matches, compliance tags are no groups of an alert`, {
      hint: 'filter by rule_id or level, or in outrider.yaml with where: on rule.pci_dss and the like',
    })
  }
  if (value.includes('|')) {
    block.warn(line, `<group>: "|" has no meaning here`, { hint: 'write commas between the groups' })
  }
}
