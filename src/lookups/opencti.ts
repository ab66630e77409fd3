import { isIPv6 } from 'node:net'
import * as z from 'zod/mini'
import { type Answer, defineLookup, type Subject } from '../define.ts'
import { text as textOf } from '../integrations/message.ts'
import { httpUrl, jsonOf, secretText, tls, withPath } from '../integrations/options.ts'
import { asks, fields, limits } from './options.ts'
import { few, isObject, listAt, names, numberAt, objectAt, sourceOf, valueAt, withoutEmpty } from './read.ts'
import { subjectsOf } from './subjects.ts'

/**
 * Asked through the `search` argument, with the value in quotation marks, and what comes back is compared with the value here: the `filters` argument was changed
 * with 5.12, and names of hash filters after that, which broke scripts that used them. The fields below exist since version 5.
 */
const query = `query Outrider($value: String!) {
  indicators(search: $value, first: 20) { edges { node {
    id name pattern pattern_type valid_until revoked confidence indicator_types x_opencti_score x_opencti_detection
  } } }
  stixCyberObservables(search: $value, first: 20) { edges { node {
    id entity_type observable_value x_opencti_score
    ... on StixFile { hashes { algorithm hash } }
    ... on Artifact { hashes { algorithm hash } }
    indicators { edges { node {
      id name pattern pattern_type valid_until revoked confidence indicator_types x_opencti_score x_opencti_detection
    } } }
  } } }
}`

export default defineLookup({
  name: 'opencti',
  title: 'OpenCTI',
  summary: 'Looks for the addresses, names, URLs and files of alerts in OpenCTI.',
  docs: 'https://docs.opencti.io/latest/reference/api/',

  options: z.object({
    hook_url: httpUrl('URL of OpenCTI; /graphql is added when it has no path.'),
    api_key: secretText('Token of an OpenCTI user; one that may only read is enough.'),
    ask: asks(['ip', 'hash', 'domain', 'url'], ['ip', 'hash', 'domain', 'url']),
    ...limits({}),
    ...tls,
    fields,
  }),
  example: { hook_url: 'https://opencti.example', api_key: 'opencti-token' },

  subjects: (alert, options) => subjectsOf(alert, options.ask, options),

  request: ({ value }, { hook_url, api_key }) => ({
    method: 'POST',
    url: withPath(hook_url, '/graphql'),
    headers: { authorization: `Bearer ${api_key}`, accept: 'application/json' },
    json: { query, variables: { value: `"${value}"` } },
  }),

  read({ status, text }, subject): Answer | undefined {
    const answer = jsonOf(text)
    // GraphQL says most of what is wrong with status 200, or with 400.
    const [error] = listAt(answer, 'errors').filter(isObject)
    if (error && (status === 200 || status === 400)) {
      const code = textOf(valueAt(error, 'extensions.code') ?? error.name)
      const reason = `OpenCTI answers "${textOf(error.message).slice(0, 200)}"`
      return /AUTH|FORBIDDEN/i.test(code) ? { kind: 'paused', reason } : { kind: 'rejected', reason }
    }
    if (status !== 200 || !isObject(answer.data)) return undefined
    const fields = matchOf(answer.data, subject)
    return fields ? { kind: 'known', fields } : { kind: 'unknown' }
  },

  event: (found, { kind, value }, alert, { hook_url }) =>
    found && {
      opencti: withoutEmpty({
        ...found,
        indicator_link: linkOf(hook_url, 'indicators', valueAt(found, 'indicator.id')),
        observable_link: linkOf(hook_url, 'observables', found.id),
        source: sourceOf(alert, { [kind]: value }),
      }),
      integration: 'opencti',
    },

  words(said, language) {
    const { name, indicator_types, x_opencti_score, revoked } = objectAt(said, 'indicator')
    const isRussian = language === 'ru'
    return [
      `${isRussian ? 'индикатор' : 'indicator'} "${textOf(name)}"`,
      typeof x_opencti_score === 'number' ? `${isRussian ? 'оценка' : 'score'} ${x_opencti_score}` : '',
      few(indicator_types),
      revoked === true ? (isRussian ? 'отозван' : 'revoked') : '',
    ]
  },
})

function nodes(value: unknown, path: string): Record<string, unknown>[] {
  return listAt(value, `${path}.edges`)
    .map((edge) => valueAt(edge, 'node'))
    .filter(isObject)
}

/** Kinds of match and their names are those of the scripts that people have for OpenCTI: their rules look at `event_type`. */
function matchOf(data: Record<string, unknown>, subject: Subject): Record<string, unknown> | undefined {
  const about = { query_values: subject.value }
  const pattern = patternOf(subject)
  const quoted = `'${subject.value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const matching = nodes(data, 'indicators').filter((one) =>
    textOf(one.pattern).toLowerCase().includes(quoted.toLowerCase()),
  )
  const [indicator] = matching.sort(byWeight)
  if (indicator) {
    const isWhole = textOf(indicator.pattern).toLowerCase() === pattern.toLowerCase()
    const event_type = isWhole ? 'indicator_pattern_match' : 'indicator_partial_pattern_match'
    return { event_type, ...about, indicator: shorten(indicator), indicators: matching.length }
  }
  // An observable by itself is only something that was seen once.
  for (const observable of nodes(data, 'stixCyberObservables')) {
    const indicators = nodes(observable, 'indicators').sort(byWeight)
    if (!isSame(observable, subject) || !indicators[0]) continue
    const { id, entity_type, observable_value, x_opencti_score } = observable
    return withoutEmpty({
      event_type: 'observable_with_indicator',
      ...about,
      id,
      type: entity_type,
      observable_value,
      x_opencti_score,
      indicator: shorten(indicators[0]),
      indicators: indicators.length,
    })
  }
  return undefined
}

function isSame(observable: Record<string, unknown>, { value }: Subject): boolean {
  const hashes = listAt(observable, 'hashes').map((hash) => valueAt(hash, 'hash'))
  return [observable.observable_value, ...hashes].some((one) => textOf(one).toLowerCase() === value.toLowerCase())
}

/** In force first, then meant for detection, then by score. */
function byWeight(a: Record<string, unknown>, b: Record<string, unknown>): number {
  const weight = (one: Record<string, unknown>) =>
    (one.revoked === true ? 0 : 1000) + (one.x_opencti_detection === true ? 500 : 0) + numberAt(one, 'x_opencti_score')
  return weight(b) - weight(a)
}

function shorten(indicator: Record<string, unknown>): Record<string, unknown> {
  return withoutEmpty({ ...indicator, indicator_types: names(listAt(indicator, 'indicator_types')) })
}

function patternOf({ kind, value }: Subject): string {
  const types = { domain: 'domain-name', url: 'url', ip: isIPv6(value) ? 'ipv6-addr' : 'ipv4-addr' }
  if (kind !== 'hash') return `[${types[kind]}:value = '${value}']`
  const name = { 32: 'MD5', 40: "'SHA-1'", 64: "'SHA-256'" }[value.length]
  return `[file:hashes.${name} = '${value}']`
}

function linkOf(hook_url: string, what: string, id: unknown): string | undefined {
  return typeof id === 'string'
    ? `${new URL(hook_url).origin}/dashboard/observations/${what}/${encodeURIComponent(id)}`
    : undefined
}
