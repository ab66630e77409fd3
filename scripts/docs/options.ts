/** Options of a schema as a table, and examples of them as YAML and as a block of ossec.conf. */
import { stringify } from 'yaml'
import * as z from 'zod/mini'
import { code, table } from './text.ts'

interface Json {
  type?: string
  description?: string
  secret?: boolean
  default?: unknown
  properties?: Record<string, Json>
  required?: string[]
  anyOf?: Json[]
  allOf?: Json[]
  enum?: unknown[]
  const?: unknown
  items?: Json
  format?: string
  pattern?: string
  minimum?: number
  maximum?: number
  additionalProperties?: Json | boolean
}

export function toJson(schema: z.ZodMiniType): Json {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json
}

/** A row for each option: name, what may stand there, what it is without, what it means. */
export function optionsTable(schema: z.ZodMiniType, leftOut: string[] = []): string {
  const { properties = {}, required = [] } = toJson(schema)
  const rows = Object.entries(properties)
    .filter(([name]) => !leftOut.includes(name))
    .map(([name, option]) => {
      const preset = option.default === undefined ? '' : code(asText(option.default))
      return [code(name), valueText(option), required.includes(name) ? '**required**' : preset, describe(option)]
    })
  return table(['option', 'value', 'default', ''], rows)
}

const describe = ({ description = '', secret }: Json) => (secret ? `${description} *Secret.*` : description)

const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/** What may stand there, in words. */
export function valueText(option: Json): string {
  const { type, anyOf, enum: choices, items, minimum, maximum } = option
  if (anyOf) {
    if (anyOf.some(({ pattern }) => pattern?.endsWith('[smhdw]?$'))) return 'duration'
    if (anyOf.some(({ pattern }) => pattern?.endsWith('[KM]?$'))) return 'size'
    return [...new Set(anyOf.map(valueText))].join(' or ')
  }
  if (choices) return choices.map((choice) => code(String(choice))).join(', ')
  if (type === 'array') return `list of ${items ? valueText(items) : 'values'}`
  if (type === 'boolean') return '`true` or `false`'
  if (type === 'object') return 'group of options'
  if (type === 'integer' || type === 'number') {
    const what = type === 'integer' ? 'whole number' : 'number'
    const isOpen = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER
    if (minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER) return isOpen ? what : `${what} up to ${maximum}`
    return isOpen ? `${what} from ${minimum}` : `${what} from ${minimum} to ${maximum}`
  }
  if (type !== 'string') return 'value'
  if (option.pattern?.endsWith('[smhdw])$')) return 'duration'
  return [option, ...(option.allOf ?? [])].some(({ format }) => format === 'uri') ? 'URL' : 'text'
}

export function secretNames(schema: z.ZodMiniType): string[] {
  return Object.entries(toJson(schema).properties ?? {})
    .filter(([, { secret }]) => secret)
    .map(([name]) => name)
}

/** `slack` and `hook_url`: SLACK_HOOK_URL. Examples name variables, so that nobody learns to write secrets into files. */
export const referenceName = (name: string, option: string) => `${name}_${option}`.toUpperCase().replaceAll(/\W/g, '_')
const reference = (name: string, option: string) => `\${env:${referenceName(name, option)}}`

function withReferences(name: string, example: Record<string, unknown>, secrets: string[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(example).map(([key, value]) => [key, secrets.includes(key) ? reference(name, key) : value]),
  )
}

export interface Kind {
  name: string
  options: z.ZodMiniType
  example: Record<string, unknown>
}

/** An entry of a section of outrider.yaml. */
export function yamlExample(section: string, entry: string, kind: Kind, more: Record<string, unknown> = {}): string {
  const options = withReferences(kind.name, kind.example, secretNames(kind.options))
  return yaml({ [section]: { [entry]: { type: kind.name, ...options, ...more } } })
}

export function responseYaml(kind: Kind): string {
  if (Object.keys(kind.example).length === 0) return ''
  const options = withReferences(kind.name, kind.example, secretNames(kind.options))
  return yaml({ responses: { options: { [kind.name]: options } } })
}

function yaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, flowCollectionPadding: false })
}

/** The same as an `<integration>`: `hook_url` and `api_key` have elements, the others are JSON in `<options>`. */
export function blockExample(kind: Kind): string {
  const { hook_url, api_key, ...rest } = withReferences(kind.name, kind.example, secretNames(kind.options))
  return [
    '<integration>',
    `  <name>${kind.name}</name>`,
    ...(hook_url === undefined ? [] : [`  <hook_url>${hook_url}</hook_url>`]),
    ...(api_key === undefined ? [] : [`  <api_key>${api_key}</api_key>`]),
    ...(Object.keys(rest).length === 0 ? [] : [`  <options>${JSON.stringify(rest)}</options>`]),
    '  <level>7</level>',
    '</integration>',
  ].join('\n')
}
