import * as z from 'zod/mini'
import { defineLookup } from '../define.ts'
import { text } from '../integrations/message.ts'
import { httpUrl, jsonOf, secretText } from '../integrations/options.ts'
import { fields, limits } from './options.ts'
import { few, lastSeen, listAt, names, sourceOf, valueAt, withoutEmpty } from './read.ts'
import { subjectsOf } from './subjects.ts'

export default defineLookup({
  name: 'crowdsec-cti',
  title: 'CrowdSec',
  event_name: 'crowdsec',
  summary: "Asks CrowdSec's threat intelligence what an address was seen doing.",
  docs: 'https://docs.crowdsec.net/u/cti_api/api_introduction/',

  options: z.object({
    api_key: secretText('CTI API key, from the settings of the CrowdSec console.'),
    hook_url: z._default(httpUrl('Where the service is.'), 'https://cti.api.crowdsec.net'),
    ...limits({ per_day: 50 }),
    fields,
  }),
  example: { api_key: 'crowdsec-cti-api-key' },

  subjects: (alert, options) => subjectsOf(alert, ['ip'], options),

  request: ({ value }, { hook_url, api_key }) => ({
    method: 'GET',
    url: new URL(`/v2/smoke/${encodeURIComponent(value)}`, hook_url).href,
    headers: { 'x-api-key': api_key, accept: 'application/json' },
  }),

  read({ status, text: body }) {
    if (status === 404) return { kind: 'unknown' }
    if (status !== 200) return undefined
    const answer = jsonOf(body)
    if (typeof answer.ip !== 'string') return undefined
    return {
      kind: 'known',
      fields: withoutEmpty({
        reputation: answer.reputation,
        confidence: answer.confidence,
        background_noise: answer.background_noise,
        background_noise_score: answer.background_noise_score,
        ip_range_score: answer.ip_range_score,
        score: valueAt(answer, 'scores.overall.total'),
        as_name: answer.as_name,
        country: valueAt(answer, 'location.country'),
        reverse_dns: answer.reverse_dns,
        first_seen: valueAt(answer, 'history.first_seen'),
        last_seen: valueAt(answer, 'history.last_seen'),
        behaviors: names(listAt(answer, 'behaviors')),
        attacks: names(listAt(answer, 'attack_details')),
        classifications: names(listAt(answer, 'classifications.classifications')),
        false_positives: names(listAt(answer, 'classifications.false_positives')),
        cves: names(listAt(answer, 'cves')),
        mitre_techniques: names(listAt(answer, 'mitre_techniques')),
      }),
    }
  },

  event: (found, { value }, alert) =>
    found && {
      crowdsec: {
        found: 1,
        source: sourceOf(alert, { ip: value }),
        ...found,
        permalink: `https://app.crowdsec.net/cti/${value}`,
      },
      integration: 'crowdsec-cti',
    },

  words: ({ reputation, behaviors, classifications, country, as_name, last_seen }, language) => [
    text(reputation),
    few(behaviors),
    few(classifications),
    text(country),
    text(as_name),
    lastSeen(last_seen, language),
  ],
})
