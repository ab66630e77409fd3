import * as z from 'zod/mini'
import { defineLookup, type Subject } from '../define.ts'
import { text } from '../integrations/message.ts'
import { httpUrl, jsonOf, secretText } from '../integrations/options.ts'
import { asks, fields, limits } from './options.ts'
import { few, isObject, listAt, names, sourceOf, withoutEmpty } from './read.ts'
import { subjectsOf } from './subjects.ts'

export default defineLookup({
  name: 'urlhaus',
  title: 'URLhaus',
  summary: 'Asks URLhaus whether a URL, host or file has spread malware.',
  docs: 'https://urlhaus-api.abuse.ch/',

  options: z.object({
    api_key: secretText('Auth-Key of your abuse.ch account.'),
    hook_url: z._default(httpUrl('Where the service is.'), 'https://urlhaus-api.abuse.ch'),
    ask: asks(['url', 'domain', 'ip', 'hash'], ['url', 'domain', 'ip', 'hash']),
    // Nothing is published but "fair use".
    ...limits({ per_minute: 60 }),
    fields,
  }),
  example: { api_key: 'abuse-ch-auth-key' },

  subjects: (alert, options) => subjectsOf(alert, options.ask, { ...options, hashes: [64, 32] }),

  request(subject, { hook_url, api_key }) {
    const { path, field } = question(subject)
    return {
      method: 'POST',
      url: new URL(`/v1/${path}/`, hook_url).href,
      headers: { 'auth-key': api_key, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ [field]: subject.value }).toString(),
    }
  },

  read({ status, text: body }) {
    if (status !== 200) return undefined
    const answer = jsonOf(body)
    const { query_status } = answer
    if (query_status === 'no_results' || query_status === 'hash_not_found') return { kind: 'unknown' }
    if (query_status === 'unknown_auth_key' || query_status === 'unauthorized')
      return { kind: 'paused', reason: `URLhaus answers "${query_status}"` }
    if (query_status !== 'ok')
      return typeof query_status === 'string'
        ? { kind: 'rejected', reason: `URLhaus answers "${query_status.slice(0, 100)}"` }
        : undefined
    // Of a host and of a file the URLs are listed.
    const urls = listAt(answer, 'urls').filter(isObject)
    return {
      kind: 'known',
      fields: withoutEmpty({
        threat: answer.threat ?? names(urls, 'threat')[0],
        url_status: answer.url_status,
        url_count: answer.url_count,
        urls_online: urls.length > 0 ? urls.filter((url) => url.url_status === 'online').length : undefined,
        tags: names([...listAt(answer, 'tags'), ...urls.flatMap((url) => listAt(url, 'tags'))]),
        signatures: names([
          answer.signature,
          ...listAt(answer, 'payloads').map((one) => isObject(one) && one.signature),
        ]),
        file_type: answer.file_type,
        first_seen: answer.firstseen ?? answer.date_added,
        last_seen: answer.lastseen ?? answer.last_online,
        permalink: answer.urlhaus_reference,
      }),
    }
  },

  event: (found, { kind, value }, alert) =>
    found && { urlhaus: { found: 1, source: sourceOf(alert, { [kind]: value }), ...found }, integration: 'urlhaus' },

  words({ threat, url_status, url_count, urls_online, signatures, tags }, language) {
    const isRussian = language === 'ru'
    return [
      text(threat),
      text(url_status),
      url_count ? `${isRussian ? 'адресов:' : 'URLs:'} ${text(url_count)}` : '',
      urls_online ? `${isRussian ? 'доступно:' : 'online:'} ${text(urls_online)}` : '',
      few(signatures),
      few(tags),
    ]
  },
})

function question({ kind, value }: Subject): { path: string; field: string } {
  if (kind === 'url') return { path: 'url', field: 'url' }
  if (kind === 'hash') return { path: 'payload', field: value.length === 32 ? 'md5_hash' : 'sha256_hash' }
  return { path: 'host', field: 'host' }
}
