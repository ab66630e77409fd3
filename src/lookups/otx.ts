import { isIPv6 } from 'node:net'
import * as z from 'zod/mini'
import { defineLookup, type Subject } from '../define.ts'
import { text } from '../integrations/message.ts'
import { httpUrl, jsonOf, secretText } from '../integrations/options.ts'
import { asks, fields, limits } from './options.ts'
import { few, isObject, listAt, names, numberAt, sourceOf, withoutEmpty } from './read.ts'
import { subjectsOf } from './subjects.ts'

export default defineLookup({
  name: 'otx',
  title: 'OTX',
  summary: 'Asks the Open Threat Exchange (OTX) in which pulses an address, name, URL or file stands.',
  docs: 'https://otx.alienvault.com/api',

  options: z.object({
    api_key: secretText('OTX key, from the settings of your account.'),
    hook_url: z._default(httpUrl('Where the service is.'), 'https://otx.alienvault.com'),
    ask: asks(['ip', 'hash', 'domain', 'url'], ['ip', 'hash', 'domain', 'url']),
    // 10,000 an hour with a key.
    ...limits({ per_minute: 160 }),
    fields,
  }),
  example: { api_key: 'otx-api-key' },

  subjects: (alert, options) => subjectsOf(alert, options.ask, options),

  request: (subject, { hook_url, api_key }) => ({
    method: 'GET',
    url: new URL(`/api/v1/indicators/${section(subject)}/${encodeURIComponent(subject.value)}/general`, hook_url).href,
    headers: { 'x-otx-api-key': api_key, accept: 'application/json' },
  }),

  read({ status, text: body }) {
    if (status === 404) return { kind: 'unknown' }
    if (status !== 200) return undefined
    const answer = jsonOf(body)
    if (!isObject(answer.pulse_info)) return undefined
    const pulses = listAt(answer, 'pulse_info.pulses').filter(isObject)
    const pulse_count = numberAt(answer, 'pulse_info.count')
    if (pulse_count === 0) return { kind: 'unknown' }
    return {
      kind: 'known',
      fields: withoutEmpty({
        pulse_count,
        pulses: names(pulses, 'name', 5),
        adversaries: names(pulses, 'adversary', 5),
        malware_families: names(
          pulses.flatMap((pulse) => listAt(pulse, 'malware_families')).map(familyName),
          'name',
          5,
        ),
        tags: names(pulses.flatMap((pulse) => listAt(pulse, 'tags'))),
        // Sites that everybody uses stand in pulses too; this says that OTX knows them for harmless.
        whitelisted: listAt(answer, 'validation').length > 0 ? 1 : 0,
        country_code: answer.country_code,
        asn: answer.asn,
      }),
    }
  },

  event: (found, subject, alert) =>
    found && {
      otx: {
        found: 1,
        source: sourceOf(alert, { [subject.kind]: subject.value }),
        ...found,
        permalink: `https://otx.alienvault.com/indicator/${pages[subject.kind]}/${encodeURIComponent(subject.value)}`,
      },
      integration: 'otx',
    },

  words({ pulse_count, adversaries, malware_families, pulses, whitelisted }, language) {
    const isRussian = language === 'ru'
    return [
      isRussian ? `пульсов: ${text(pulse_count)}` : `in ${text(pulse_count)} pulses`,
      few(adversaries),
      few(malware_families),
      few(pulses, 1),
      whitelisted === 1 ? (isRussian ? 'считается безвредным' : 'known as harmless') : '',
    ]
  },
})

const pages: Record<Subject['kind'], string> = { ip: 'ip', hash: 'file', domain: 'hostname', url: 'url' }

function section({ kind, value }: Subject): string {
  if (kind === 'ip') return isIPv6(value) ? 'IPv6' : 'IPv4'
  if (kind === 'hash') return 'file'
  if (kind === 'url') return 'url'
  return value.split('.').length === 2 ? 'domain' : 'hostname'
}

const familyName = (family: unknown) => (isObject(family) ? family.display_name : family)
