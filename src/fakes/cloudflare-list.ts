import * as z from 'zod/mini'
import { parseRange } from '../responses/ranges.ts'
import { credential, jsonBody } from './checks.ts'
import { Broken, defineFake, type FakeRequest, type Store } from './define.ts'

const token = 'v1.0-0123456789abcdef'
const account_id = '023e105f4ecef8ad9ca31a8372d0c353'
const list_id = '2c0fc9fa937b11eaa1b71c4d701ab86e'
const at = '/client/v4/accounts/{account}/rules/lists'

const items = z.array(z.strictObject({ ip: z.string(), comment: z.optional(z.string()) })).check(z.minLength(1))
const gone = z.strictObject({ items: z.array(z.strictObject({ id: z.string() })).check(z.minLength(1)) })

export interface Item {
  id: string
  ip: string
  comment?: string | undefined
}

/** One at a time. It is at work until somebody has asked for it twice. */
interface Operation {
  id: string
  asked: number
  run(): void
}

export default defineFake({
  name: 'cloudflare-list',
  source: 'https://developers.cloudflare.com/waf/tools/lists/lists-api/endpoints/',
  response: (url) => ({ token, account_id, list_id, url: `${url}/client/v4` }),

  routes: {
    [`GET ${at}/{list}/items`](request, store) {
      allow(request)
      const all = list(store)
      const start = Number(request.query.get('cursor') ?? 0)
      const per_page = Number(request.query.get('per_page') ?? 25)
      if (per_page > 500) throw new Broken('per_page is 500 at most')
      const result = all.slice(start, start + per_page)
      const cursors = start + per_page < all.length ? { after: String(start + per_page) } : {}
      return { ...ok(result, { result_info: { cursors } }), did: `${result.length} of ${all.length} items` }
    },
    [`POST ${at}/{list}/items`](request, store) {
      allow(request)
      const given = jsonBody(request, items)
      for (const { ip } of given) {
        const range = parseRange(ip)
        if (!range || range.prefix < (range.family === 4 ? 8 : 12)) throw new Broken(`invalid ip "${ip}"`)
      }
      return start(store, `${given.length} items to add`, () => {
        for (const { ip, comment } of given) {
          const former = list(store).find((item) => item.ip === ip)
          if (former) former.comment = comment
          else list(store).push({ id: `item${store.next()}`, ip, comment })
        }
      })
    },
    [`DELETE ${at}/{list}/items`](request, store) {
      allow(request)
      const ids = new Set(jsonBody(request, gone).items.map(({ id }) => id))
      return start(store, `${ids.size} items to delete`, () => {
        const kept = list(store).filter(({ id }) => !ids.has(id))
        list(store).splice(0, Number.POSITIVE_INFINITY, ...kept)
      })
    },
    [`GET ${at}/bulk_operations/{operation}`](request, store) {
      allow(request)
      const { operation = '' } = request.params
      const running = store.made.get('operation') as Operation | undefined
      if (running?.id !== operation)
        return ok({ id: operation, status: 'completed', completed: '2026-01-15T10:30:45Z' })
      running.asked++
      if (running.asked < 2) return { ...ok({ id: operation, status: 'running' }), did: 'at work' }
      running.run()
      store.made.delete('operation')
      return { ...ok({ id: operation, status: 'completed', completed: '2026-01-15T10:30:45Z' }), did: 'completed' }
    },
  },

  refusal: ({ status, message, code }) => ({
    status,
    json: { success: false, errors: [{ code: Number(code || 10000), message }], messages: [], result: null },
  }),
})

function allow(request: FakeRequest): void {
  if (credential(request, 'Bearer') !== token) throw new Broken('Authentication error', 403, '10000')
  const { account, list = list_id } = request.params
  if (account !== account_id) throw new Broken('no such account', 404, '7003')
  if (list !== list_id) throw new Broken('could not find list', 404, '10001')
}

const ok = (result: unknown, more = {}) => ({
  status: 200,
  json: { success: true, errors: [], messages: [], result, ...more },
})

function list({ made }: Store): Item[] {
  const kept = made.get('list') ?? { items: [] }
  made.set('list', kept)
  return kept.items as Item[]
}

function start(store: Store, did: string, run: () => void) {
  if (store.made.has('operation')) throw new Broken('a bulk operation is pending for this account', 400, '10033')
  const operation: Operation = { id: `operation${store.next()}`, asked: 0, run }
  store.made.set('operation', operation as unknown as Record<string, unknown>)
  return { ...ok({ operation_id: operation.id }), did }
}
