import * as z from 'zod/mini'
import { isSingle, parseRange } from '../responses/ranges.ts'
import { credential, jsonBody } from './checks.ts'
import { Broken, defineFake, type FakeRequest, type Store } from './define.ts'

const token = 'v1.0-0123456789abcdef'
const zone_id = '023e105f4ecef8ad9ca31a8372d0c353'

const rule = z.strictObject({
  mode: z.enum(['block', 'challenge', 'whitelist', 'js_challenge', 'managed_challenge']),
  configuration: z.strictObject({ target: z.enum(['ip', 'ip6', 'ip_range', 'asn', 'country']), value: z.string() }),
  notes: z.optional(z.string()),
})

type Rule = z.infer<typeof rule> & { id: string }

export default defineFake({
  name: 'cloudflare',
  source: 'https://developers.cloudflare.com/api/resources/firewall/subresources/access_rules/',
  response: (url) => ({ token, zone_id, url: `${url}/client/v4` }),

  routes: {
    'GET /client/v4/zones/{zone}/firewall/access_rules/rules'(request, store) {
      allow(request)
      const { query } = request
      // Parts of them are found, too.
      const has = (text: string, name: string) => text.toLowerCase().includes((query.get(name) ?? '').toLowerCase())
      const found = rules(store).filter(
        ({ configuration, notes = '' }) =>
          has(configuration.value, 'configuration.value') &&
          [null, configuration.target as string].includes(query.get('configuration.target')) &&
          has(notes, 'notes'),
      )
      const page = Number(query.get('page') ?? 1)
      const per_page = Number(query.get('per_page') ?? 20)
      const result = found.slice((page - 1) * per_page, page * per_page)
      const total_pages = Math.ceil(found.length / per_page)
      const result_info = { page, per_page, count: result.length, total_count: found.length, total_pages }
      return { ...ok(result, { result_info }), did: `${result.length} of ${found.length} rules` }
    },
    'POST /client/v4/zones/{zone}/firewall/access_rules/rules'(request, store) {
      allow(request)
      const made = jsonBody(request, rule, { code: '10001' })
      const { target, value } = made.configuration
      const range = parseRange(value)
      if (!range) throw new Broken(`firewallaccessrules.api.invalid_configuration_value: "${value}"`, 400, '10001')
      const expected = !isSingle(range) ? 'ip_range' : range.family === 4 ? 'ip' : 'ip6'
      if (target !== expected) throw new Broken('firewallaccessrules.api.bad_target', 400, '10001')
      if (!isSingle(range) && ![16, 24, 32, 48, 64].includes(range.prefix))
        throw new Broken('firewallaccessrules.api.invalid_ip_range', 400, '10001')
      if (rules(store).some(({ configuration }) => configuration.value === value))
        throw new Broken('firewallaccessrules.api.duplicate_of_existing', 400, '10009')
      const id = `rule${store.next()}`
      store.made.set(id, { ...made, id })
      return { ...ok({ ...made, id }), did: `rule ${id} for ${value}` }
    },
    'DELETE /client/v4/zones/{zone}/firewall/access_rules/rules/{id}'(request, store) {
      allow(request)
      const { id = '' } = request.params
      if (!store.made.delete(id)) throw new Broken('firewallaccessrules.api.not_found', 404, '10001')
      return { ...ok({ id }), did: `rule ${id} deleted` }
    },
  },

  refusal: ({ status, message, code }) => ({
    status,
    json: { success: false, errors: [{ code: Number(code || 10000), message }], messages: [], result: null },
  }),
})

function allow(request: FakeRequest): void {
  if (credential(request, 'Bearer') !== token) throw new Broken('Authentication error', 403, '10000')
  if (request.params.zone !== zone_id) throw new Broken('no such zone', 404, '7003')
}

const ok = (result: unknown, more = {}) => ({
  status: 200,
  json: { success: true, errors: [], messages: [], result, ...more },
})

const rules = ({ made }: Store) => [...made.values()] as unknown as Rule[]
