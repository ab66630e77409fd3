import * as z from 'zod/mini'
import { defineIntegration } from '../define.ts'
import { textOption } from './options.ts'
import { bulk, indexOptions } from './search-index.ts'

export default defineIntegration({
  name: 'elasticsearch',
  summary: 'Writes each alert as a document into Elasticsearch.',
  docs: 'https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk',

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

  ...bulk('ApiKey'),
})
