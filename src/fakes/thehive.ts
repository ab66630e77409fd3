import * as z from 'zod/mini'
import { anyText, credential, jsonBody, text } from './checks.ts'
import { Broken, defineFake, type FakeRequest, type Store } from './define.ts'

const tags = z.optional(z.array(text(128)))
const types = [
  'ip',
  'domain',
  'fqdn',
  'hash',
  'url',
  'uri_path',
  'mail',
  'mail-subject',
  'filename',
  'hostname',
] as const
const observable = z.looseObject({
  dataType: z.enum([...types, 'user-agent', 'registry', 'regexp', 'autonomous-system', 'other']),
  data: text(4096),
  message: z.optional(anyText(1_048_576)),
  tags,
  ioc: z.optional(z.boolean()),
})
const alert = z.looseObject({
  type: text(32),
  source: text(64),
  sourceRef: text(128),
  title: text(512),
  description: text(1_048_576),
  externalLink: z.optional(anyText(512)),
  severity: z.optional(z.int().check(z.minimum(1), z.maximum(4))),
  date: z.optional(z.int().check(z.minimum(0))),
  tags,
  tlp: z.optional(z.int().check(z.minimum(0), z.maximum(4))),
  pap: z.optional(z.int().check(z.minimum(0), z.maximum(3))),
  caseTemplate: z.optional(anyText()),
  observables: z.optional(z.array(observable)),
  procedures: z.optional(
    z.array(
      z.looseObject({
        patternId: z.string().check(z.regex(/^T\d{4}(\.\d{3})?$/, 'no ATT&CK technique')),
        occurDate: z.int(),
      }),
    ),
  ),
})

function known(request: FakeRequest, store: Store): { id: string } {
  credential(request, 'Bearer', 'AuthenticationError')
  const { id = '' } = request.params
  if (!store.made.has(id)) throw new Broken(`Alert ${id} not found`, 404, 'NotFoundError')
  return { id }
}

export default defineFake({
  name: 'thehive',
  source: 'https://docs.strangebee.com/thehive/api-docs/#operation/Create%20Alert',
  destinations: (url) => ({ thehive: { hook_url: url, api_key: 'fake-key' } }),

  routes: {
    'POST /api/v1/alert'(request, store) {
      credential(request, 'Bearer', 'AuthenticationError')
      const given = jsonBody(request, alert)
      // One that stands twice makes it refuse the whole alert (TheHive issue 1514).
      const seen = new Set<string>()
      for (const { dataType, data } of given.observables ?? []) {
        if (seen.has(`${dataType} ${data}`))
          throw new Broken(`two observables are the same ${dataType}`, 400, 'CreateError')
        seen.add(`${dataType} ${data}`)
      }
      const { type, source, sourceRef } = given
      const key = `${type}:${source}:${sourceRef}`
      if (store.repeats(key))
        return {
          status: 400,
          json: { type: 'CreateError', message: `Alert ${key} already exist in organisation fake` },
          did: `alert that is there already, ${sourceRef}`,
        }
      const _id = `~${store.next() * 8}`
      store.made.set(_id, given)
      return { status: 201, json: { _id, _type: 'Alert', ...given }, did: `alert ${_id}` }
    },
    'PATCH /api/v1/alert/{id}'(request, store) {
      const { id } = known(request, store)
      jsonBody(request, z.extend(z.partial(alert), { status: z.optional(text(64)), addTags: tags }))
      return { status: 204, did: `changed ${id}` }
    },
    'POST /api/v1/alert/{id}/comment'(request, store) {
      const { id } = known(request, store)
      const { message } = jsonBody(request, z.looseObject({ message: text(1_048_576) }))
      return { status: 201, json: { _id: `~${store.next() * 8}`, _type: 'Comment', message }, did: `comment on ${id}` }
    },
  },

  refusal: ({ status, code, message }) => ({ status, json: { type: code || 'BadRequest', message } }),
})
