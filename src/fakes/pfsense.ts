import * as z from 'zod/mini'
import { isSingle, parseRange } from '../responses/ranges.ts'
import { header, jsonBody } from './checks.ts'
import { Broken, defineFake, type FakeRequest, type Store } from './define.ts'

const api_key = 'e0c2d3a4b5f60718293a4b5c6d7e8f90'

const change = z.strictObject({
  id: z.int().check(z.gte(0)),
  name: z.optional(z.string()),
  address: z.optional(z.array(z.string())),
  detail: z.optional(z.array(z.string().check(z.regex(/^((?!\|\|).)*$/, 'holds "||"')))),
  apply: z.optional(z.boolean()),
  async: z.optional(z.boolean()),
})

export interface Alias {
  id: number
  name: string
  type: string
  descr: string
  address: string[]
  detail: string[]
}

export default defineFake({
  name: 'pfsense',
  source: 'https://pfrest.org/api-docs/',
  response: (url) => ({ url, api_key }),

  routes: {
    'GET /api/v2/firewall/aliases'(request, store) {
      allow(request)
      const name = request.query.get('name')
      const data = aliases(store).filter((alias) => name === null || alias.name === name)
      return { ...ok(data), did: `${data.length} aliases` }
    },
    'PATCH /api/v2/firewall/alias'(request, store) {
      allow(request)
      const { id, name, address, detail, apply, async } = jsonBody(request, change, { code: 'VALIDATION_ERROR' })
      const alias = aliases(store)[id]
      if (!alias) throw new Broken(`no object with ID ${id}`, 404, 'MODEL_OBJECT_NOT_FOUND')
      if (name !== undefined && name !== alias.name)
        throw new Broken(
          `the field name is not editable, and is "${alias.name}"`,
          400,
          'FIELD_VALUE_CHANGED_WHEN_NOT_EDITABLE',
        )
      for (const entry of address ?? []) {
        if (!parseRange(entry) || !entry.includes('/'))
          throw new Broken(`"${entry}" is not a CIDR`, 400, 'INVALID_NETWORK_ALIAS_ADDRESS')
      }
      if ((detail ?? alias.detail).length > (address ?? alias.address).length)
        throw new Broken('more details than addresses', 400, 'TOO_MANY_ALIAS_DETAILS')
      if (address) alias.address = address
      if (detail) alias.detail = detail
      while (alias.detail.length < alias.address.length) alias.detail.push('Entry added')
      // The packet filter knows nothing of it before, and not at once when nobody waits for it.
      if (apply) store.made.set('reload', { after: async === false ? 0 : 1 })
      return { ...ok(alias), did: `${alias.name}: ${alias.address.length} entries${apply ? ', applied' : ''}` }
    },
    'GET /api/v2/diagnostics/table'(request, store) {
      allow(request)
      const reload = store.made.get('reload') as { after: number } | undefined
      if (reload && reload.after-- <= 0) {
        for (const alias of aliases(store)) tables(store)[alias.name] = alias.address.map(asTable)
        store.made.delete('reload')
      }
      const id = request.query.get('id') ?? ''
      const entries = tables(store)[id]
      if (!entries) throw new Broken(`no table "${id}"`, 404, 'MODEL_OBJECT_NOT_FOUND')
      return { ...ok({ id, name: id, entries }), did: `table ${id}: ${entries.length} entries` }
    },
  },

  refusal: ({ status, message, code }) => ({
    status,
    json: { code: status, status: 'error', response_id: code || 'ERROR', message, data: [] },
  }),
})

function allow(request: FakeRequest): void {
  if (header(request, 'x-api-key', 401, 'AUTH_AUTHENTICATION_FAILED') !== api_key)
    throw new Broken('the key is not known', 401, 'AUTH_AUTHENTICATION_FAILED')
}

const ok = (data: unknown) => ({
  status: 200,
  json: { code: 200, status: 'ok', response_id: 'SUCCESS', message: '', data },
})

/** Two: what is for others comes first. */
function aliases({ made }: Store): Alias[] {
  const kept = made.get('aliases') ?? {
    list: ['office', 'outrider'].map((name, id) => ({ id, name, type: 'network', descr: '', address: [], detail: [] })),
  }
  made.set('aliases', kept)
  return kept.list as Alias[]
}

function tables({ made }: Store): Record<string, string[]> {
  const kept = made.get('tables') ?? {}
  made.set('tables', kept)
  return kept as Record<string, string[]>
}

/** pfctl leaves out the length of a single address. */
function asTable(entry: string): string {
  return isSingle(parseRange(entry)!) ? entry.replace(/\/\d+$/, '') : entry
}
