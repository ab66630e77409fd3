import { createHash } from 'node:crypto'
import * as z from 'zod/mini'
import { defineLookup, type Subject } from '../define.ts'
import { text } from '../integrations/message.ts'
import { httpUrl, jsonOf, secretText } from '../integrations/options.ts'
import { asks, fields, limits } from './options.ts'
import { isObject, listAt, objectAt, valueAt } from './read.ts'
import { subjectsOf } from './subjects.ts'

// The events are those of Wazuh's script, which follow the threat fields of the Elastic Common Schema.
export default defineLookup({
  name: 'maltiverse',
  title: 'Maltiverse',
  summary: 'Asks Maltiverse about files, addresses, names and URLs of alerts.',
  docs: 'https://app.swaggerhub.com/apis-docs/maltiverse/api/',

  options: z.object({
    api_key: secretText('API key of your Maltiverse account.'),
    hook_url: z._default(httpUrl('Where the service is.'), 'https://api.maltiverse.com'),
    ask: asks(['hash', 'ip', 'domain', 'url'], ['hash', 'ip', 'domain', 'url']),
    ...limits({}),
    fields,
  }),
  example: { api_key: 'maltiverse-api-key' },

  subjects: (alert, options) => subjectsOf(alert, options.ask, { ...options, hashes: [32, 40, 64] }),

  request: (subject, { hook_url, api_key }) => ({
    method: 'GET',
    url: new URL(pathOf(subject), hook_url).href,
    headers: { authorization: `Bearer ${api_key}`, accept: 'application/json' },
  }),

  read({ status, text: body }) {
    if (status === 404) return { kind: 'unknown' }
    if (status !== 200) return undefined
    const answer = jsonOf(body)
    return answer.type === undefined && answer.classification === undefined
      ? undefined
      : { kind: 'known', fields: answer }
  },

  // Wazuh's script makes an alert of level 10 of every "not found" too.
  event: (found, subject, alert) =>
    found && {
      integration: 'maltiverse',
      alert_id: text(alert.id),
      maltiverse: { source: found },
      threat: { indicator: indicatorOf(found, subject), ...softwareOf(found) },
    },

  words(said, language) {
    const { confidence, description, sightings } = objectAt(said, 'threat.indicator')
    const isRussian = language === 'ru'
    return [
      text(valueAt(said, 'source.classification')),
      confidence ? `${isRussian ? 'уверенность' : 'confidence'}: ${text(confidence)}` : '',
      sightings ? (isRussian ? `записей: ${text(sightings)}` : `${text(sightings)} sightings`) : '',
      text(description),
      text(valueAt(said, 'threat.software.name')),
    ]
  },
})

function pathOf({ kind, value }: Subject): string {
  switch (kind) {
    case 'hash':
      return `/sample/${value.length === 32 ? 'md5/' : value.length === 40 ? 'sha1/' : ''}${value}`
    case 'ip':
      return `/ip/${encodeURIComponent(value)}`
    case 'domain':
      return `/hostname/${encodeURIComponent(value)}`
    case 'url':
      return `/url/${sha256(value)}`
  }
}

const sha256 = (value: string) => createHash('sha256').update(value).digest('hex')

const types: Record<string, string> = {
  ip: 'ipv4-addr',
  ipv6: 'ipv6-addr',
  hostname: 'domain-name',
  sample: 'file',
  url: 'url',
}

function indicatorOf(found: Record<string, unknown>, { kind, value }: Subject): Record<string, unknown> {
  const { type, creation_time, modification_time } = found
  const blacklist = listAt(found, 'blacklist').filter(isObject)
  const all = (member: string) => [...new Set(blacklist.map((entry) => text(entry[member])))].sort().join(', ')
  return {
    name: value,
    type: types[text(type)] ?? null,
    description: all('description'),
    provider: all('source'),
    first_seen: creation_time ?? null,
    modified_at: modification_time ?? null,
    last_seen: modification_time ?? null,
    confidence: confidenceOf(found.classification, blacklist.length),
    sightings: blacklist.length,
    reference: type ? `https://maltiverse.com/${text(type)}/${kind === 'url' ? sha256(value) : value}` : '',
    ...(type === 'ip' && { ip: value }),
  }
}

function confidenceOf(classification: unknown, sightings: number): string | null {
  if (!classification) return 'Not Specified'
  const isSeveral = sightings > 1
  if (classification === 'malicious') return isSeveral ? 'High' : 'Medium'
  if (classification === 'suspicious') return isSeveral ? 'Medium' : 'Low'
  if (classification === 'neutral' || classification === 'whitelist') return isSeveral ? 'Low' : 'None'
  return null
}

/** The last software of ATT&CK that it is said to belong to, for rule 99701. */
function softwareOf(found: Record<string, unknown>): { software?: Record<string, unknown> } {
  const software = listAt(found, 'blacklist')
    .flatMap((entry) => listAt(entry, 'external_references'))
    .filter(isObject)
    .findLast(({ source_name, external_id }) => source_name === 'mitre-attack' && text(external_id).startsWith('S'))
  if (!software) return {}
  const { external_id, url, description } = software
  return { software: { id: external_id, reference: url ?? null, name: description ?? null } }
}
