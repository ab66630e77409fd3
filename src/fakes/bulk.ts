/** What the fakes of Elasticsearch and OpenSearch share: writing documents, one or many at a time. */
import * as z from 'zod/mini'
import { checked, parsed } from './checks.ts'
import { Broken, type FakeAnswer, type FakeRequest, type Handler, type Store } from './define.ts'

const place = { _index: z.optional(z.string()), _id: z.optional(z.string().check(z.minLength(1), z.maxLength(512))) }
const action = z.union([
  z.strictObject({ create: z.looseObject(place) }),
  z.strictObject({ index: z.looseObject(place) }),
])

interface Item {
  status: number
  body: Record<string, unknown>
}

/** The limits of a new index on names and depth; of those on types nothing is known here. */
function wrongWith(value: unknown, depth = 1): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return value.map((one) => wrongWith(one, depth)).find(Boolean)
  if (depth > 20) return 'Limit of mapping depth [20] has been exceeded'
  for (const [name, inner] of Object.entries(value)) {
    if (name === '') return 'field name cannot be an empty string'
    if (name.split('.').some((part) => part.trim() === ''))
      return `field name starting or ending with a [.] makes object resolution ambiguous: [${name.slice(0, 100)}]`
    const odd = wrongWith(inner, depth + 1)
    if (odd !== undefined) return odd
  }
  return undefined
}

function write(store: Store, index: string, id: string | undefined, document: string): Item {
  const names = { _index: index, _id: id ?? `made-here-${store.next()}` }
  const failed = (status: number, type: string, reason: string): Item => ({
    status,
    body: { ...names, status, error: { type, reason } },
  })
  if (!/^[a-z0-9][^A-Z\\/*?"<>| ,#:]*$/.test(index))
    return failed(400, 'invalid_index_name_exception', `Invalid index name [${index}]`)
  let source: unknown
  try {
    source = JSON.parse(document)
  } catch {
    return failed(400, 'document_parsing_exception', 'failed to parse')
  }
  if (typeof source !== 'object' || source === null || Array.isArray(source))
    return failed(400, 'document_parsing_exception', 'failed to parse: it is no object')
  const odd = wrongWith(source)
  if (odd !== undefined) return failed(400, 'document_parsing_exception', odd)
  // A data stream wants it.
  const time = (source as Record<string, unknown>)['@timestamp']
  if (typeof time !== 'string' || Number.isNaN(Date.parse(time)))
    return failed(400, 'document_parsing_exception', 'data stream timestamp field [@timestamp] is missing')
  const key = `${index}/${names._id}`
  if (store.repeats(key))
    return failed(409, 'version_conflict_engine_exception', `[${names._id}]: version conflict, document already exists`)
  store.made.set(key, {})
  return { status: 201, body: { ...names, _version: 1, result: 'created', status: 201, _seq_no: store.next() } }
}

function bulk(request: FakeRequest, store: Store): FakeAnswer {
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/(x-ndjson|json)\b/.test(type))
    throw new Broken(`content-type is "${type}", not application/x-ndjson`, 406)
  const text = request.body.toString()
  if (!text.endsWith('\n')) throw new Broken('The bulk request must be terminated by a newline [\\n]')
  const lines = text.slice(0, -1).split('\n')
  const items: Record<string, unknown>[] = []
  let first: string | undefined
  for (let at = 0; at < lines.length; at += 2) {
    const given = checked(parsed(lines[at]!, { where: `line ${at + 1}` }), action, { where: `line ${at + 1}` })
    const [[name, { _index, _id }]] = Object.entries(given) as [[string, { _index?: string; _id?: string }]]
    const document = lines[at + 1]
    if (document === undefined) throw new Broken('the last action has no document')
    const { status, body } = write(store, _index ?? request.params.index ?? '', _id, document)
    if (status === 400) first ??= JSON.stringify(body.error)
    items.push({ [name]: body })
  }
  // The request is taken, and so is every document that is right; but each of ours should be.
  if (first !== undefined) throw new Broken(`of ${items.length} documents one was not taken: ${first}`)
  const errors = items.some((item) => Object.values(item).some((one) => 'error' in (one as object)))
  const json = filtered({ took: 1, errors, items }, request.query.get('filter_path'))
  return { status: 200, json, did: `${items.length} document${items.length === 1 ? '' : 's'}` }
}

function create(request: FakeRequest, store: Store): FakeAnswer {
  const { index = '', id } = request.params
  const { status, body } = write(store, index, id, request.body.toString())
  if (status === 400) throw new Broken(JSON.stringify(body.error))
  return { status, json: status === 409 ? { error: body.error, status } : body, did: `document ${id}` }
}

/** `filter_path`: only what one of the paths names. `*` is any name; lists are passed through. */
function filtered(value: unknown, filter: string | null): unknown {
  if (!filter) return value
  const keep = (at: unknown, paths: string[][]): unknown => {
    if (paths.some((path) => path.length === 0)) return at
    if (Array.isArray(at)) return at.map((one) => keep(one, paths))
    if (typeof at !== 'object' || at === null) return undefined
    const kept = Object.entries(at).map(([name, inner]) => {
      const below = paths.filter(([head]) => head === name || head === '*').map((path) => path.slice(1))
      return [name, below.length === 0 ? undefined : keep(inner, below)] as const
    })
    return Object.fromEntries(kept.filter(([, inner]) => inner !== undefined))
  }
  return keep(
    value,
    filter.split(',').map((path) => path.split('.')),
  )
}

/** @param authorize throws when the credential has the wrong form */
export function documentRoutes(authorize: (request: FakeRequest) => void): Record<string, Handler> {
  const guarded =
    (handler: Handler): Handler =>
    (request, store) => {
      authorize(request)
      return handler(request, store)
    }
  return {
    'POST /_bulk': guarded(bulk),
    'POST /{index}/_bulk': guarded(bulk),
    'PUT /{index}/_bulk': guarded(bulk),
    'PUT /{index}/_create/{id}': guarded(create),
    'POST /{index}/_create/{id}': guarded(create),
  }
}

export const refusal = ({ status, message }: Broken): FakeAnswer => {
  const type = { 401: 'security_exception', 404: 'index_not_found_exception' }[status] ?? 'illegal_argument_exception'
  return { status, json: { error: { type, reason: message }, status } }
}

export const busy = (): FakeAnswer => ({
  status: 429,
  json: {
    error: { type: 'es_rejected_execution_exception', reason: 'rejected execution of coordinating operation' },
    status: 429,
  },
})
