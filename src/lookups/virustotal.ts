import * as z from 'zod/mini'
import type { Alert } from '../alert.ts'
import { defineLookup, type Subject } from '../define.ts'
import { text } from '../integrations/message.ts'
import { httpUrl, jsonOf, secretText } from '../integrations/options.ts'
import { asks, fields, limits } from './options.ts'
import { dateOf, isObject, numberAt, objectAt, valueAt, withoutEmpty } from './read.ts'
import { subjectsOf } from './subjects.ts'

// Version 3 of the API; Wazuh's script still asks version 2, whose field names the events keep.
export default defineLookup({
  name: 'virustotal',
  title: 'VirusTotal',
  summary: 'Asks VirusTotal about the files of alerts, and if wanted about addresses, names and URLs.',
  docs: 'https://docs.virustotal.com/reference/overview',

  options: z.object({
    api_key: secretText('API key, from the menu of your VirusTotal account.'),
    hook_url: z._default(httpUrl('Where the service is.'), 'https://www.virustotal.com'),
    ask: asks(['hash', 'ip', 'domain', 'url'], ['hash']),
    ...limits({ per_minute: 4, per_day: 500 }),
    fields,
  }),
  example: { api_key: 'virustotal-api-key' },

  subjects: (alert, options) => subjectsOf(alert, options.ask, options),

  request: (subject, { hook_url, api_key }) => ({
    method: 'GET',
    url: new URL(`/api/v3/${paths[subject.kind].api}/${idOf(subject)}`, hook_url).href,
    headers: { 'x-apikey': api_key, accept: 'application/json' },
  }),

  read({ status, text: body }, subject) {
    if (status === 404) return { kind: 'unknown' }
    if (status !== 200) return undefined
    const answer = jsonOf(body)
    const attributes = objectAt(answer, 'data.attributes')
    const stats = attributes.last_analysis_stats
    if (!isObject(answer.data)) return undefined
    // Submitted, and not looked at yet.
    if (!isObject(stats)) return { kind: 'unknown' }
    const positives = numberAt(stats, 'malicious')
    const suspicious = numberAt(stats, 'suspicious')
    return {
      kind: 'known',
      fields: withoutEmpty({
        sha1: attributes.sha1,
        scan_date: dateOf(attributes.last_analysis_date),
        positives,
        total: positives + suspicious + numberAt(stats, 'undetected') + numberAt(stats, 'harmless'),
        permalink: `https://www.virustotal.com/gui/${paths[subject.kind].page}/${encodeURIComponent(text(valueAt(answer, 'data.id')))}`,
        suspicious: suspicious || undefined,
        threat_label: valueAt(attributes, 'popular_threat_classification.suggested_threat_label'),
      }),
    }
  },

  event: (found, subject, alert) => ({
    virustotal: {
      found: found ? 1 : 0,
      malicious: found && numberAt(found, 'positives') > 0 ? 1 : 0,
      source: sourceOf(subject, alert),
      ...found,
    },
    integration: 'virustotal',
  }),

  words: ({ positives, total, threat_label }, language) => [
    language === 'ru'
      ? `вредоносным считают ${text(positives)} из ${text(total)}`
      : `${text(positives)} of ${text(total)} call it malicious`,
    text(threat_label),
  ],

  error(status) {
    const [error, description] =
      status === 429
        ? [204, 'Error: Public API request rate limit reached']
        : status === 401 || status === 403
          ? [403, 'Error: Check credentials']
          : status === 408
            ? [408, 'Error: API request timed out']
            : [status, 'Error: API request fail']
    return { virustotal: { error, description }, integration: 'virustotal' }
  },
})

const paths: Record<Subject['kind'], { api: string; page: string }> = {
  hash: { api: 'files', page: 'file' },
  ip: { api: 'ip_addresses', page: 'ip-address' },
  domain: { api: 'domains', page: 'domain' },
  url: { api: 'urls', page: 'url' },
}

/** Of a URL the base64url without padding: https://docs.virustotal.com/reference/url */
function idOf({ kind, value }: Subject): string {
  return kind === 'url' ? Buffer.from(value).toString('base64url') : encodeURIComponent(value)
}

function sourceOf({ kind, value }: Subject, alert: Alert): Record<string, unknown> {
  const alert_id = text(alert.id)
  if (kind !== 'hash') return { alert_id, [kind]: value }
  const isOwn = isObject(alert.syscheck)
  const { path, md5_after, sha1_after } = objectAt(alert, isOwn ? 'syscheck' : 'data.syscheck')
  if (path !== undefined) return withoutEmpty({ alert_id, file: path, md5: md5_after, sha1: sha1_after })
  // The rules say which file.
  const file = ['data.win.eventdata.image', 'data.path', 'data.file']
    .map((place) => valueAt(alert, place))
    .find(Boolean)
  return { alert_id, file: file ?? value, hash: value }
}
