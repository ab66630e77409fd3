import * as z from 'zod/mini'
import { parseRange } from '../responses/ranges.ts'
import { basic, jsonBody } from './checks.ts'
import { Broken, defineFake, type FakeRequest, type Store } from './define.ts'

const user = { api_key: 'w86XNZob', api_secret: 'puOyw0Ega' }
const alias = 'outrider'

const body = z.strictObject({ address: z.string() })

export default defineFake({
  name: 'opnsense',
  source: 'https://docs.opnsense.org/development/api/core/firewall.html',
  response: (url) => ({ url, ...user, alias }),

  routes: {
    'GET /api/firewall/alias_util/list/{alias}'(request, store) {
      const rows = [...tableOf(request, store)].map((ip) => ({ ip }))
      return {
        status: 200,
        json: { total: rows.length, rowCount: rows.length, current: 1, rows },
        did: `${rows.length} addresses`,
      }
    },
    'POST /api/firewall/alias_util/add/{alias}'(request, store) {
      return change(request, store, (table, address) => void table.add(address))
    },
    'POST /api/firewall/alias_util/delete/{alias}'(request, store) {
      return change(request, store, (table, address) => void table.delete(address))
    },
  },
})

function tableOf(request: FakeRequest, { made }: Store): Set<string> {
  const given = basic(request)
  if (given.user !== user.api_key || given.password !== user.api_secret) throw new Broken('Authentication Failed', 401)
  if (request.params.alias !== alias) throw new Broken(`no alias "${request.params.alias}"`, 404)
  const kept = made.get('table') ?? { addresses: new Set() }
  made.set('table', kept)
  return kept.addresses as Set<string>
}

function change(request: FakeRequest, store: Store, how: (table: Set<string>, address: string) => void) {
  const table = tableOf(request, store)
  const { address } = jsonBody(request, body)
  if (!parseRange(address)) throw new Broken(`"${address}" is no address`)
  how(table, address)
  return { status: 200, json: { status: 'done' }, did: `${address}, ${table.size} in all` }
}
