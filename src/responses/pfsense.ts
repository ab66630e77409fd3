import * as z from 'zod/mini'
import { defineResponse, type HttpRequest, type HttpResponse, type HttpStep, NothingToDo, NotNow } from '../define.ts'
import { httpUrl, jsonOf, secretText, tls } from '../integrations/options.ts'
import { addressKey, parseAddressKey } from './keys.ts'
import { asCidr } from './ranges.ts'

const options = z.object({
  url: httpUrl('Address of the firewall: https://firewall.example.com.'),
  api_key: secretText('Key of the REST API package, made below System, REST API, Keys.'),
  alias: z
    ._default(z.string().check(z.regex(/^\w{1,31}$/)), 'outrider')
    .check(z.describe('Alias of the type Network that a block rule uses. It has to be there.')),
  ...tls,
})

type Options = z.infer<typeof options>

/**
 * Through the REST API package (version 2), for pfSense itself has no API. The alias of the configuration holds the addresses, with a mark of ours beside each;
 * the table of the packet filter is what blocks. An address is in force when it stands in both.
 *
 * An alias is addressed by its place in a list, which may have moved since it was read, so its name is sent along: it cannot be changed, and the API refuses
 * when another alias stands there now. Entries know no timeout.
 */
export default defineResponse({
  name: 'pfsense',
  summary: 'Puts an address or network into an alias of a pfSense firewall that has the REST API package.',
  docs: 'https://pfrest.org/api-docs/',
  options,
  example: { url: 'https://firewall.example.com', api_key: 'e0c2d3a4b5f60718293a4b5c6d7e8f90' },
  acts_on: 'address',

  key: (alert) => addressKey(alert),
  parseKey: parseAddressKey,
  addMany: (items, options) =>
    change(
      items.map(({ key }) => key),
      options,
      add,
    ),
  deleteMany: (keys, options) => change(keys, options, remove),
  list: {
    steps: (options) => [find(options, () => []), table(options, () => [])],
    parse([config = '', filter = ''], options) {
      const filtered = entriesIn(filter)
      return [...ours(aliasIn(config, options))].filter((key) => filtered.has(key))
    },
  },
})

const mark = 'outrider'

interface Alias {
  id: number
  name: string
  type: string
  address: string[]
  detail: string[]
}

function call({ url, api_key }: Options, method: HttpRequest['method'], path: string): HttpRequest {
  return { method, url: `${url.replace(/\/+$/, '')}/api/v2/${path}`, headers: { 'x-api-key': api_key } }
}

function find(options: Options, next: (alias: Alias) => HttpStep[]): HttpStep {
  return {
    ...call(options, 'GET', `firewall/aliases?name=${options.alias}`),
    next: ({ text }: HttpResponse) => next(aliasIn(text, options)),
  }
}

/** What the packet filter has. The table is not there when nothing was applied since the alias was made. */
function table(options: Options, next: (entries: Set<string>) => HttpStep[]): HttpStep {
  return {
    ...call(options, 'GET', `diagnostics/table?id=${options.alias}`),
    fine: [404],
    next: ({ text }: HttpResponse) => next(entriesIn(text)),
  }
}

function entriesIn(text: string): Set<string> {
  // An empty list where there is no such table.
  const { data } = jsonOf(text) as { data?: { entries: string[] } | [] }
  const entries = data === undefined || Array.isArray(data) ? [] : data.entries
  return new Set(entries.flatMap((entry) => parseAddressKey(entry) ?? []))
}

/** @throws when there is none that can be used */
function aliasIn(text: string, options: Options): Alias {
  const found = ((jsonOf(text).data ?? []) as Alias[]).find(({ name }) => name === options.alias)
  if (!found)
    throw new Error(`there is no alias "${options.alias}"; make one of the type Network, and a block rule with it`)
  if (found.type !== 'network')
    throw new Error(`the alias "${options.alias}" is of the type ${found.type}, not network`)
  return found
}

function ours({ address, detail }: Pick<Alias, 'address' | 'detail'>): Set<string> {
  return new Set(address.flatMap((entry, n) => (detail[n] === mark ? (parseAddressKey(entry) ?? []) : [])))
}

type Change = (alias: Alias, keys: readonly string[]) => Pick<Alias, 'address' | 'detail'>

const add: Change = ({ address, detail }, keys) => {
  const there = new Set(address.map((entry) => parseAddressKey(entry)))
  const mine = ours({ address, detail })
  const others = keys.filter((key) => there.has(key) && !mine.has(key))
  if (others.length > 0) {
    const reason = `${others[0]} is in the alias already, and not by us`
    // Of many, each is then looked at by itself.
    throw keys.length === 1 ? new NothingToDo(reason) : new Error(reason)
  }
  const wanted = keys.filter((key) => !there.has(key))
  return {
    address: [...address, ...wanted.map(asCidr)],
    detail: [...marksOf(address, detail), ...wanted.map(() => mark)],
  }
}

const remove: Change = ({ address, detail }, keys) => {
  const gone = new Set(keys)
  const kept = address.flatMap((entry, n) =>
    detail[n] === mark && gone.has(parseAddressKey(entry) ?? '') ? [] : [{ entry, mark: detail[n] ?? '' }],
  )
  return { address: kept.map(({ entry }) => entry), detail: kept.map((one) => one.mark) }
}

/** One for each address, also where the configuration has fewer. */
const marksOf = (address: readonly string[], detail: readonly string[]) => address.map((_, n) => detail[n] ?? '')

function change(keys: readonly string[], options: Options, how: Change): HttpStep[] {
  const { alias } = options
  return [
    find(options, (found) => {
      const { address, detail } = how(found, keys)
      const isSame = address.length === found.address.length
      const json = { id: found.id, name: alias, ...(isSame ? {} : { address, detail }), apply: true }
      const patch = { ...call(options, 'PATCH', 'firewall/alias'), json }
      const isAdded = how === add
      // What others have put there stays.
      const left = new Set(address.map((entry) => parseAddressKey(entry)))
      const expected = keys.filter((key) => left.has(key) === isAdded)
      return [{ ...patch, next: () => [applied(expected, isAdded, options, mostLooks)] }]
    }),
  ]
}

const look_ms = 500
const mostLooks = 60

/** Rules are loaded after the answer, in a second or, with many of them, in half a minute. */
function applied(keys: readonly string[], wanted: boolean, options: Options, looks: number): HttpStep {
  const look = table(options, (entries) => {
    if (keys.every((key) => entries.has(key) === wanted)) return []
    if (looks <= 1) throw new NotNow('the packet filter has not taken it over within half a minute')
    return [applied(keys, wanted, options, looks - 1)]
  })
  return looks < mostLooks ? { ...look, after_ms: look_ms } : look
}
