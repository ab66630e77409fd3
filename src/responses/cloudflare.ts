import * as z from 'zod/mini'
import { defineResponse, type HttpRequest, type HttpResponse, type HttpStep, NothingToDo } from '../define.ts'
import { addressKey, parseAddressKey } from './keys.ts'
import { formatRange, isSingle, parseRange } from './ranges.ts'

const options = z
  .object({
    token: z
      .string()
      .check(
        z.minLength(1),
        z.meta({ description: 'API token that may edit firewall services of the zone or account.', secret: true }),
      ),
    zone_id: z
      .optional(z.string().check(z.regex(/^[0-9a-f]{32}$/)))
      .check(z.describe('Zone that the rules are for. Either this or account_id.')),
    account_id: z
      .optional(z.string().check(z.regex(/^[0-9a-f]{32}$/)))
      .check(z.describe('Account whose zones the rules are for.')),
    mode: z
      ._default(z.enum(['block', 'managed_challenge', 'js_challenge', 'challenge']), 'block')
      .check(z.describe('What happens to requests from the address.')),
    url: z
      ._default(z.url({ protocol: /^https?$/ }), 'https://api.cloudflare.com/client/v4')
      .check(z.describe('Address of the API.')),
  })
  .check(
    z.refine((all) => (all.zone_id === undefined) !== (all.account_id === undefined), 'give zone_id or account_id'),
  )

type Options = z.infer<typeof options>

/**
 * IP Access Rules. There is one rule for an address, whoever made it; ours are known by their notes, and one that is not ours is left alone. They know
 * no timeout.
 */
export default defineResponse({
  name: 'cloudflare',
  summary: 'Blocks an address or network at Cloudflare, with an IP Access Rule.',
  docs: 'https://developers.cloudflare.com/api/resources/firewall/subresources/access_rules/',
  options,
  example: { token: 'v1.0-0123456789', zone_id: '023e105f4ecef8ad9ca31a8372d0c353' },
  acts_on: 'address',

  key: (alert) => addressKey(alert),
  parseKey(text) {
    const range = parseRange(text.trim())
    // What Cloudflare takes for a range.
    return range && (isSingle(range) || [16, 24, 32, 48, 64].includes(range.prefix)) ? formatRange(range) : undefined
  },

  add: (key, _, options) => [
    {
      ...find(key, options),
      next(response: HttpResponse) {
        const [rule] = rulesOf(response, key)
        if (rule?.notes === notes) return []
        if (rule) throw new NothingToDo(`somebody else has a rule for ${key} (${rule.mode})`)
        const json = { mode: options.mode, configuration: configurationOf(key), notes }
        return [{ ...call(options, 'POST'), json, next: expectResult }]
      },
    },
  ],
  delete: (key, options) => [
    {
      ...find(key, options),
      next: (response: HttpResponse) =>
        rulesOf(response, key)
          .filter((rule) => rule.notes === notes)
          .map(({ id }) => ({ ...call(options, 'DELETE', `/${encodeURIComponent(id)}`), fine: [404] })),
    },
  ],
  list: {
    steps: (options) => [page(1, options)],
    parse: (outputs) =>
      outputs.flatMap((text) =>
        (JSON.parse(text).result as Rule[])
          .filter((rule) => rule.notes === notes)
          .flatMap(({ configuration }) => parseAddressKey(configuration.value) ?? []),
      ),
  },
})

const notes = 'outrider'

interface Rule {
  id: string
  mode: string
  notes?: string
  configuration: { target: string; value: string }
}

function configurationOf(key: string): Rule['configuration'] {
  const target = key.includes('/') ? 'ip_range' : key.includes(':') ? 'ip6' : 'ip'
  return { target, value: key }
}

function call({ url, token, zone_id, account_id }: Options, method: HttpRequest['method'], rest = ''): HttpRequest {
  const scope = zone_id === undefined ? `accounts/${account_id}` : `zones/${zone_id}`
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return { method, url: `${url}/${scope}/firewall/access_rules/rules${rest}`, headers }
}

function find(key: string, options: Options): HttpRequest {
  const { target, value } = configurationOf(key)
  const query = new URLSearchParams({ 'configuration.target': target, 'configuration.value': value })
  return call(options, 'GET', `?${query}`)
}

/** Of ours; the search by notes also finds parts of them. */
function page(number: number, options: Options): HttpStep {
  const query = new URLSearchParams({ notes, per_page: '100', page: String(number) })
  return {
    ...call(options, 'GET', `?${query}`),
    next(response) {
      resultOf(response)
      const { result_info } = JSON.parse(response.text) as { result_info?: { total_pages?: number } }
      return number < (result_info?.total_pages ?? 1) ? [page(number + 1, options)] : []
    },
  }
}

function resultOf({ text }: HttpResponse): unknown {
  const { success, errors = [], result } = JSON.parse(text)
  if (!success) throw new Error(errors[0]?.message ?? 'Cloudflare says no')
  return result
}

function expectResult(response: HttpResponse): [] {
  resultOf(response)
  return []
}

/** The search also finds parts of addresses. */
function rulesOf(response: HttpResponse, key: string): Rule[] {
  const wanted = configurationOf(key).value
  return (resultOf(response) as Rule[]).filter(({ configuration }) => {
    const range = parseRange(configuration.value)
    return range !== undefined && formatRange(range) === wanted
  })
}
