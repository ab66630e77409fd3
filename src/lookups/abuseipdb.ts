import * as z from 'zod/mini'
import { defineLookup } from '../define.ts'
import { text } from '../integrations/message.ts'
import { httpUrl, jsonOf, secretText } from '../integrations/options.ts'
import { fields, limits } from './options.ts'
import { isObject, numberAt, sourceOf, withoutEmpty } from './read.ts'
import { subjectsOf } from './subjects.ts'

export default defineLookup({
  name: 'abuseipdb',
  title: 'AbuseIPDB',
  summary: 'Asks AbuseIPDB how often an address was reported for abuse.',
  docs: 'https://docs.abuseipdb.com/#check-endpoint',

  options: z.object({
    api_key: secretText('API key (version 2) of your AbuseIPDB account.'),
    hook_url: z._default(httpUrl('Where the service is.'), 'https://api.abuseipdb.com'),
    max_age_days: z
      ._default(z.int().check(z.minimum(1), z.maximum(365)), 90)
      .check(z.describe('Reports of so many days count.')),
    ...limits({ per_day: 1000 }),
    fields,
  }),
  example: { api_key: 'abuseipdb-api-key' },

  subjects: (alert, options) => subjectsOf(alert, ['ip'], options),

  request({ value }, { hook_url, api_key, max_age_days }) {
    const url = new URL('/api/v2/check', hook_url)
    url.search = new URLSearchParams({ ipAddress: value, maxAgeInDays: String(max_age_days) }).toString()
    return { method: 'GET', url: url.href, headers: { key: api_key, accept: 'application/json' } }
  },

  read({ status, text: body }) {
    if (status !== 200) return undefined
    const { data } = jsonOf(body)
    if (!isObject(data) || typeof data.abuseConfidenceScore !== 'number') return undefined
    if (numberAt(data, 'totalReports') === 0) return { kind: 'unknown' }
    return {
      kind: 'known',
      fields: withoutEmpty({
        abuse_confidence_score: data.abuseConfidenceScore,
        country_code: data.countryCode,
        usage_type: data.usageType,
        isp: data.isp,
        domain: data.domain,
        total_reports: data.totalReports,
        distinct_users: data.numDistinctUsers,
        last_reported_at: data.lastReportedAt,
        whitelisted: data.isWhitelisted,
        tor: data.isTor,
      }),
    }
  },

  // Names as in the script of Wazuh's repository of integrations, so that its rules need only another name.
  event: (found, { value }, alert) => ({
    abuseipdb: {
      found: found ? 1 : 0,
      source: sourceOf(alert, { ip: value }),
      ...found,
      ...(found && { permalink: `https://www.abuseipdb.com/check/${value}` }),
    },
    integration: 'abuseipdb',
  }),

  words: ({ abuse_confidence_score: score, total_reports, country_code, isp, whitelisted, tor }, language) => {
    const isRussian = language === 'ru'
    return [
      isRussian ? `уверенность в злоупотреблениях ${text(score)} %` : `confidence of abuse ${text(score)} %`,
      isRussian ? `жалоб: ${text(total_reports)}` : `${text(total_reports)} reports`,
      text(country_code),
      text(isp),
      whitelisted === true ? (isRussian ? 'в белом списке' : 'on its whitelist') : '',
      tor === true ? 'Tor' : '',
    ]
  },
})
