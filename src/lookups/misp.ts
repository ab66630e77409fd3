import * as z from 'zod/mini'
import { defineLookup } from '../define.ts'
import { text as textOf } from '../integrations/message.ts'
import { httpUrl, jsonOf, secretText, tls } from '../integrations/options.ts'
import { asks, fields, limits } from './options.ts'
import { few, isObject, listAt, names, sourceOf, valueAt, withoutEmpty } from './read.ts'
import { subjectsOf } from './subjects.ts'

const attributes_limit = 25

export default defineLookup({
  name: 'misp',
  title: 'MISP',
  summary: 'Looks for the addresses, names, URLs and files of alerts in MISP.',
  docs: 'https://www.misp-project.org/openapi/#tag/Attributes/operation/restSearchAttributes',

  options: z.object({
    hook_url: httpUrl('URL of MISP.'),
    api_key: secretText('Auth key of a MISP user; one that may only read is enough.'),
    ask: asks(['ip', 'hash', 'domain', 'url'], ['ip', 'hash', 'domain', 'url']),
    to_ids: z._default(z.boolean(), true).check(z.describe('Only attributes that are meant for detection.')),
    warninglists: z
      ._default(z.boolean(), true)
      .check(z.describe("Leave out what stands on one of MISP's warning lists, such as public name servers.")),
    ...limits({}),
    ...tls,
    fields,
  }),
  example: { hook_url: 'https://misp.example', api_key: 'misp-auth-key' },

  subjects: (alert, options) => subjectsOf(alert, options.ask, options),

  request: ({ value }, { hook_url, api_key, to_ids, warninglists }) => ({
    method: 'POST',
    url: `${hook_url.replace(/\/+$/, '')}/attributes/restSearch`,
    headers: { authorization: api_key, accept: 'application/json' },
    json: {
      returnFormat: 'json',
      value,
      limit: attributes_limit,
      includeEventTags: true,
      ...(to_ids && { to_ids: true }),
      ...(warninglists && { enforceWarninglist: true }),
    },
  }),

  read({ status, text }) {
    if (status !== 200) return undefined
    const answer = jsonOf(text)
    if (!Array.isArray(valueAt(answer, 'response.Attribute'))) return undefined
    const attributes = listAt(answer, 'response.Attribute').filter(isObject)
    const [attribute] = attributes
    if (!attribute) return { kind: 'unknown' }
    return {
      kind: 'known',
      fields: withoutEmpty({
        event_id: attribute.event_id,
        event_info: valueAt(attribute, 'Event.info'),
        category: attribute.category,
        type: attribute.type,
        value: attribute.value,
        comment: attribute.comment,
        uuid: attribute.uuid,
        timestamp: attribute.timestamp,
        threat_level_id: valueAt(attribute, 'Event.threat_level_id'),
        tags: names(attributes.flatMap((one) => listAt(one, 'Tag'))),
        // Further events that hold it, too.
        events: names(attributes.map((one) => textOf(one.event_id))),
        attributes: attributes.length,
      }),
    }
  },

  // An event for every address that is not in MISP would be noise: rules for MISP take each of its events for a finding.
  event: (found, { kind, value }, alert, { hook_url }) =>
    found && {
      misp: {
        found: 1,
        source: sourceOf(alert, { [kind]: value }),
        ...found,
        permalink: `${hook_url.replace(/\/+$/, '')}/events/view/${encodeURIComponent(textOf(found.event_id))}`,
      },
      integration: 'misp',
    },

  words: ({ event_id, event_info, category, tags, events }, language) => [
    `${language === 'ru' ? 'событие' : 'event'} ${textOf(event_id)} "${textOf(event_info)}"`,
    textOf(category),
    few(tags),
    Array.isArray(events) && events.length > 1
      ? `${language === 'ru' ? 'всего событий:' : 'events in all:'} ${events.length}`
      : '',
  ],
})
