// node scripts/make-schema.ts: writes outrider.schema.json, with which editors complete and check outrider.yaml. The form of the file is that of
// src/settings-schema.ts, and the options are those of the definitions.
import { writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import * as z from 'zod/mini'
import { definitions } from '../src/runners/definitions.ts'
import {
  destinationOptions,
  receiverOptions,
  scriptOptions,
  settingsSchema,
  wodleOptions,
} from '../src/settings-schema.ts'

type Json = { [key: string]: unknown }

export const schemaFile = fileURLToPath(new URL('../outrider.schema.json', import.meta.url))

/** The JSON Schema (2020-12) of outrider.yaml, as text. */
export async function makeSchema(): Promise<string> {
  const schema = convert(settingsSchema) as { properties: Record<string, Json> } & Json
  const { properties } = schema
  const script = { name: 'script', summary: 'Runs a program in integrations/ as Wazuh does.', options: scriptOptions }
  const all = await loadAll()
  fill(properties.destinations!, destinationOptions, [...all.integrations, ...all.lookups, script])
  fill(properties.receivers!, receiverOptions, all.receivers)
  fill(properties.wodles!, wodleOptions, all.wodles)
  const responses = properties.responses!.properties as Record<string, Json>
  responses.options = {
    type: 'object',
    description: responses.options!.description,
    properties: Object.fromEntries(
      all.responses.map(({ name, summary, options }) => [
        name,
        { ...convert(options), description: summary, additionalProperties: false },
      ]),
    ),
    additionalProperties: false,
  }
  const head = { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'outrider.yaml' }
  return `${JSON.stringify({ ...head, ...schema }, null, 2)}\n`
}

interface Described {
  name: string
  summary: string
  options: z.ZodMiniType
}

async function loadAll(): Promise<Record<keyof typeof definitions, Described[]>> {
  const load = (index: Record<string, () => Promise<{ default: Described }>>) =>
    Promise.all(Object.values(index).map(async (one) => (await one()).default))
  const { integrations, lookups, receivers, wodles, responses } = definitions
  return {
    integrations: await load(integrations),
    lookups: await load(lookups),
    receivers: await load(receivers),
    wodles: await load(wodles),
    responses: await load(responses),
  }
}

/** Entries of a section: what all have, and by their type what the definition wants. */
function fill(section: Json, common: z.ZodMiniType, kinds: Described[]): void {
  const { properties } = convert(common) as { properties: Record<string, Json> }
  section.additionalProperties = {
    type: 'object',
    required: ['type'],
    properties: {
      ...properties,
      type: { enum: kinds.map(({ name }) => name), description: properties.type!.description },
    },
    allOf: kinds.map(({ name, summary, options }) => {
      const own = convert(options) as Json
      return {
        if: { properties: { type: { const: name } }, required: ['type'] },
        // biome-ignore lint/suspicious/noThenProperty: it is JSON Schema's word
        then: { description: summary, properties: own.properties, required: own.required },
      }
    }),
    unevaluatedProperties: false,
  }
}

function convert(schema: z.ZodMiniType): Json {
  const { $schema, additionalProperties, ...converted } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
  }) as Json
  return adapt(converted) as Json
}

const reference = { type: 'string', pattern: '\\$\\{(env|file):[^}]+\\}' }

/** Texts of a certain form may be references as well, unknown options are errors, and marks that are ours alone do not belong here. */
function adapt(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(adapt)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([key, item]) => !(key === 'secret' && item === true))
  const result: Json = Object.fromEntries(kept.map(([key, item]) => [key, asIs.has(key) ? item : adapt(item)]))
  if (result.type === 'object' && result.properties && result.additionalProperties === undefined) {
    result.additionalProperties = false
  }
  if (result.type !== 'string' || (result.format === undefined && result.pattern === undefined)) return result
  const { description, ...form } = result
  return { ...(description !== undefined && { description }), anyOf: [form, reference] }
}

const asIs: ReadonlySet<string> = new Set(['default', 'enum', 'const', 'required', 'propertyNames'])

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(schemaFile, await makeSchema())
