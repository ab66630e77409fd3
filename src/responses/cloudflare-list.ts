import * as z from 'zod/mini'
import { defineResponse, type HttpRequest, type HttpResponse, type HttpStep, NothingToDo, NotNow } from '../define.ts'
import { httpUrl, jsonOf, secretText } from '../integrations/options.ts'
import { addressKey, parseAddressKey } from './keys.ts'
import { parseRange } from './ranges.ts'

const id = z.string().check(z.regex(/^[0-9a-f]{32}$/))

const options = z.object({
  token: secretText('API token that may edit account filter lists.'),
  account_id: id.check(z.describe('Account that the list is in.')),
  list_id: id.check(z.describe('Custom list of IP addresses, which a rule uses: ip.src in $outrider.')),
  ipv6_prefix: z
    ._default(z.int().check(z.gte(48), z.lte(128)), 64)
    .check(
      z.describe('List the IPv6 network of this length around an address. Not every plan takes longer ones than 64.'),
    ),
  url: z._default(httpUrl('Address of the API.'), 'https://api.cloudflare.com/client/v4'),
})

type Options = z.infer<typeof options>

/**
 * One list for all zones of an account, and one request for many addresses; what a rule does with the list is Cloudflare's business. Changes are carried out
 * after the answer, one at a time in an account, so each is waited for. Items are ours by their comment, and know no timeout.
 */
export default defineResponse({
  name: 'cloudflare-list',
  summary: 'Puts an address or network into a custom list of a Cloudflare account.',
  docs: 'https://developers.cloudflare.com/waf/tools/lists/lists-api/endpoints/',
  options,
  example: {
    token: 'v1.0-0123456789abcdef',
    account_id: '023e105f4ecef8ad9ca31a8372d0c353',
    list_id: '2c0fc9fa937b11eaa1b71c4d701ab86e',
  },
  acts_on: 'address',

  key: (alert, { ipv6_prefix }) => known(addressKey(alert, ipv6_prefix)),
  parseKey: (text) => known(parseAddressKey(text)),
  addMany: (items, options) => [
    add(
      items.map(({ key }) => key),
      options,
    ),
  ],
  deleteMany: (keys, options) => [remove(keys, options)],
  list: {
    steps: (options) => [itemsOf(options, () => [])],
    parse: (outputs) => outputs.flatMap((text) => [...ours(jsonOf(text).result as Item[]).keys()]),
  },
})

/** From /8 and /12 on, as Cloudflare takes them. */
function known(key: string | undefined): string | undefined {
  const range = key === undefined ? undefined : parseRange(key)
  return range && range.prefix >= (range.family === 4 ? 8 : 12) ? key : undefined
}

const comment = 'outrider'

interface Item {
  id: string
  ip: string
  comment?: string
}

/** Ids by key. */
function ours(items: readonly Item[]): Map<string, string> {
  return new Map(
    items.flatMap((item) => {
      const key = item.comment === comment ? parseAddressKey(item.ip) : undefined
      return key === undefined ? [] : [[key, item.id] as const]
    }),
  )
}

function call({ url, token, account_id }: Options, method: HttpRequest['method'], path: string): HttpRequest {
  const base = `${url.replace(/\/+$/, '')}/accounts/${account_id}/rules/lists/`
  return { method, url: base + path, headers: { authorization: `Bearer ${token}` } }
}

/** All of the list, page by page. */
function itemsOf(options: Options, next: (all: Item[]) => HttpStep[], after = '', before: Item[] = []): HttpStep {
  const query = new URLSearchParams({ per_page: '500', ...(after !== '' && { cursor: after }) })
  return {
    ...call(options, 'GET', `${options.list_id}/items?${query}`),
    next(response) {
      const { result, result_info } = resultOf(response) as {
        result: Item[]
        result_info?: { cursors?: { after?: string } }
      }
      const all = [...before, ...result]
      const more = result_info?.cursors?.after
      return more ? [itemsOf(options, next, more, all)] : next(all)
    },
  }
}

function add(keys: readonly string[], options: Options): HttpStep {
  return itemsOf(options, (all) => {
    const mine = ours(all)
    const there = new Set(all.map(({ ip }) => parseAddressKey(ip)))
    const others = keys.find((key) => there.has(key) && !mine.has(key))
    if (others !== undefined) {
      const reason = `${others} is in the list already, and not by us`
      // Of many, each is then looked at by itself.
      throw keys.length === 1 ? new NothingToDo(reason) : new Error(reason)
    }
    const json = keys.filter((key) => !there.has(key)).map((ip) => ({ ip, comment }))
    return json.length === 0 ? [] : [change({ ...call(options, 'POST', `${options.list_id}/items`), json }, options)]
  })
}

function remove(keys: readonly string[], options: Options): HttpStep {
  return itemsOf(options, (all) => {
    const mine = ours(all)
    const items = keys.flatMap((key) => (mine.has(key) ? [{ id: mine.get(key) }] : []))
    const json = { items }
    return items.length === 0 ? [] : [change({ ...call(options, 'DELETE', `${options.list_id}/items`), json }, options)]
  })
}

function change(request: HttpRequest, options: Options): HttpStep {
  return {
    ...request,
    // Another change of the account is still at work.
    fine: [400, 409],
    next(response) {
      const { result } = resultOf(response) as { result: { operation_id: string } }
      return [waitFor(result.operation_id, options, mostLooks)]
    },
  }
}

const look_ms = 250
const mostLooks = 60

function waitFor(operation: string, options: Options, looks: number): HttpStep {
  return {
    ...call(options, 'GET', `bulk_operations/${operation}`),
    ...(looks < mostLooks && { after_ms: look_ms }),
    next(response) {
      const { result } = resultOf(response) as { result: { status: string; error?: string } }
      if (result.status === 'completed') return []
      if (result.status === 'failed') throw new Error(`Cloudflare: ${result.error}`)
      if (looks <= 1) throw new NotNow('Cloudflare is still at work after 15 s')
      return [waitFor(operation, options, looks - 1)]
    },
  }
}

function resultOf({ status, text }: HttpResponse): Record<string, unknown> {
  const answer = jsonOf(text)
  if (answer.success === true) return answer
  const [error] = (answer.errors ?? []) as { message: string }[]
  const reason = error?.message ?? `HTTP ${status} without a reason`
  throw /operation/i.test(reason) ? new NotNow(reason) : new Error(reason)
}
