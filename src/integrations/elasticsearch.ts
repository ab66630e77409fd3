import * as z from 'zod/mini'
import { defineIntegration } from '../define.ts'
import { basicAuth, textOption } from './options.ts'
import { createDocument, indexOptions, outcomeOfDocument } from './search-index.ts'

export default defineIntegration({
  name: 'elasticsearch',
  summary: 'Writes each alert as a document into Elasticsearch.',
  docs: 'https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-create',

  options: z.object({
    ...indexOptions,
    user: textOption('User name; the key is then the password. Without it the key is an API key.'),
    api_key: z
      .optional(z.string().check(z.minLength(1)))
      .check(z.meta({ description: 'API key (encoded form) or password.', secret: true })),
  }),
  example: {
    hook_url: 'https://search.example:9200',
    api_key: 'VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw==',
  },

  request(alert, options, context) {
    const { user, api_key } = options
    const authorization = api_key && (user ? basicAuth(user, api_key) : `ApiKey ${api_key}`)
    return createDocument(options, authorization, alert.timestamp, context)
  },
  outcome: outcomeOfDocument,
})
