/** The page of outrider.yaml, from its schema. */
import type * as z from 'zod/mini'
import {
  destinationOptions,
  receiverOptions,
  responseOptions,
  scriptOptions,
  sections,
  wodleOptions,
} from '../../src/settings-schema.ts'
import { optionsTable, toJson, valueText } from './options.ts'
import { code, page, table } from './text.ts'

const parts: Record<string, [title: string, schema: z.ZodMiniType, words: string]> = {
  destinations: [
    'A destination',
    destinationOptions,
    'Besides these, the options of its type: see [integrations](README.md#integrations) and [look-ups](README.md#look-ups).',
  ],
  receivers: [
    'A receiver',
    receiverOptions,
    'Besides these, the options of its type: see [receivers](README.md#receivers).',
  ],
  wodles: [
    'A wodle',
    wodleOptions,
    'Besides these, the options of its type: see [wodles](README.md#wodles). A program of your own is a `<wodle name="command">` in `etc/ossec.conf`.',
  ],
  responses: [
    'Responses',
    responseOptions,
    'What acts, and on which alerts, stands in `etc/ossec.conf`. Options of ours: see [responses](README.md#responses).',
  ],
}

export function settingsPage(): string {
  const rows = Object.entries(sections).map(([name, schema]) => {
    const json = toJson(schema)
    const link = parts[name]
    const value = link
      ? `see [below](#${link[0].toLowerCase().replaceAll(' ', '-')})`
      : json.properties
        ? `see [below](#${name})`
        : valueText(json)
    return [code(name), value, json.description ?? '']
  })
  const groups = Object.entries(sections).flatMap(([name, schema]) => {
    const part = parts[name]
    if (part) {
      const [title, own, words] = part
      return [`## ${title}`, optionsTable(own), words]
    }
    return toJson(schema).properties ? [`## ${name}`, optionsTable(schema as unknown as z.ZodMiniType)] : []
  })
  return page('Settings', [
    'Every section and option of `outrider.yaml`. What Wazuh knows too stands in `etc/ossec.conf`. Editors complete and check the file with `outrider.schema.json`.',
    forms,
    table(['section', 'value', ''], rows),
    ...groups,
    '## A script as a destination',
    'With `type: script`, besides what every destination has:',
    optionsTable(scriptOptions),
  ])
}

const forms = `- A *duration* is a number of seconds, or \`30s\`, \`10m\`, \`1h\`, \`1d\`, \`1w\`. A *size* is a number of bytes, or \`512K\`, \`5M\`.
- Relative paths are meant from the home folder.
- \`"\${env:NAME}"\` takes a text from the environment, \`"\${file:PATH}"\` from a file. What comes from there, and what is marked *Secret*, is masked in logs, requests and pages.
- An entry with a mistake is reported with its line and left out; the rest runs. A mistake in \`home\`, \`listen\`, \`engine\` or \`alerts\` stops the start.
- Changes count after a restart.`
