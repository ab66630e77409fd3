import * as z from 'zod/mini'
import { defineIntegration } from '../define.ts'
import { textOption } from './options.ts'
import { bulk, indexOptions } from './search-index.ts'

export default defineIntegration({
  name: 'opensearch',
  summary: 'Writes each alert as a document into OpenSearch, such as the Wazuh indexer.',
  docs: 'https://docs.opensearch.org/latest/api-reference/document-apis/bulk/',

  options: z.object({
    ...indexOptions,
    user: textOption('User name; the key is then the password. Without it the key is a bearer token.'),
    api_key: z
      .optional(z.string().check(z.minLength(1)))
      .check(z.meta({ description: 'Password or bearer token.', secret: true })),
  }),
  example: { hook_url: 'https://indexer.example:9200', user: 'outrider', api_key: 'indexer-password' },

  ...bulk('Bearer'),
})
