import * as z from 'zod/mini'
import { credential, jsonBody, text } from './checks.ts'
import { Broken, defineFake } from './define.ts'
import { isKnown } from './intel.ts'

const question = z.looseObject({ query: text(100_000), variables: z.optional(z.record(z.string(), z.unknown())) })

const observable = (value: string) => ({
  id: '00000000-0000-4000-8000-000000000001',
  entity_type: 'Observable',
  observable_value: value,
  x_opencti_score: 90,
  hashes: [{ algorithm: 'SHA-256', hash: value }],
  indicators: {
    edges: [
      {
        node: {
          id: '00000000-0000-4000-8000-000000000002',
          name: value,
          pattern: `[fake:value = 'something else']`,
          pattern_type: 'stix',
          valid_until: '2099-01-01T00:00:00.000Z',
          revoked: false,
          confidence: 80,
          indicator_types: ['malicious-activity'],
          x_opencti_score: 90,
          x_opencti_detection: true,
        },
      },
    ],
  },
})

export default defineFake({
  name: 'opencti',
  source: 'https://docs.opencti.io/latest/reference/api/',
  destinations: (url) => ({ opencti: { hook_url: url, api_key: '00000000-0000-4000-8000-000000000000' } }),

  routes: {
    'POST /graphql'(request) {
      credential(request, 'Bearer', 'AUTH_REQUIRED')
      const { query, variables = {} } = jsonBody(request, question)
      for (const [, name = ''] of query.matchAll(/\$(\w+)\s*:\s*\w+!/g))
        if (variables[name] === undefined || variables[name] === null)
          throw new Broken(`Variable "$${name}" of required type was not provided.`)
      if (query.split('{').length !== query.split('}').length)
        throw new Broken('Syntax Error: Expected Name, found <EOF>.')
      const value = String(Object.values(variables)[0] ?? '').replace(/^"|"$/g, '')
      const isBad = isKnown(value)
      const data = {
        indicators: { edges: [] },
        stixCyberObservables: { edges: isBad ? [{ node: observable(value) }] : [] },
      }
      return { status: 200, json: { data }, did: isBad ? 'known' : 'unknown' }
    },
  },

  // Also who may not gets 200.
  refusal: ({ status, code, message }) => ({
    status: status === 401 ? 200 : status,
    json: { errors: [{ message, extensions: { code: code || 'GRAPHQL_VALIDATION_FAILED' } }], data: null },
  }),
})
