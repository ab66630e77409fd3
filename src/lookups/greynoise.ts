import * as z from 'zod/mini'
import { defineLookup } from '../define.ts'
import { text } from '../integrations/message.ts'
import { httpUrl, jsonOf } from '../integrations/options.ts'
import { fields, limits } from './options.ts'
import { lastSeen, sourceOf, withoutEmpty } from './read.ts'
import { subjectsOf } from './subjects.ts'

export default defineLookup({
  name: 'greynoise',
  title: 'GreyNoise',
  summary:
    'Asks the Community API of GreyNoise whether an address scans the whole Internet or belongs to a known service.',
  docs: 'https://docs.greynoise.io/docs/using-the-greynoise-community-api',

  options: z.object({
    api_key: z
      .optional(z.string().check(z.minLength(1)))
      .check(z.meta({ description: 'API key; without one the service answers fewer requests.', secret: true })),
    hook_url: z._default(httpUrl('Where the service is.'), 'https://api.greynoise.io'),
    // The free plan counts weeks: 50.
    ...limits({ per_day: 7 }),
    fields,
  }),
  example: { api_key: 'greynoise-api-key' },

  subjects: (alert, options) => subjectsOf(alert, ['ip'], options),

  request: ({ value }, { hook_url, api_key }) => ({
    method: 'GET',
    url: new URL(`/v3/community/${encodeURIComponent(value)}`, hook_url).href,
    headers: { accept: 'application/json', ...(api_key !== undefined && { key: api_key }) },
  }),

  read({ status, text: body }) {
    if (status !== 200 && status !== 404) return undefined
    const { noise, riot, classification, name, link, last_seen } = jsonOf(body)
    if (status === 404 || (noise === false && riot === false)) return { kind: 'unknown' }
    if (typeof noise !== 'boolean') return undefined
    return { kind: 'known', fields: withoutEmpty({ noise, riot, classification, name, last_seen, permalink: link }) }
  },

  event: (found, { value }, alert) =>
    found && {
      greynoise: { found: 1, source: sourceOf(alert, { ip: value }), ...found },
      integration: 'greynoise',
    },

  words({ classification, name, riot, noise, last_seen }, language) {
    const isRussian = language === 'ru'
    return [
      text(classification),
      // What it does not know the name of is called "unknown".
      name === 'unknown' ? '' : text(name),
      riot === true ? (isRussian ? 'известная служба' : 'a known service') : '',
      noise === true ? (isRussian ? 'сканирует весь Интернет' : 'scans the whole Internet') : '',
      lastSeen(last_seen, language),
    ]
  },
})
