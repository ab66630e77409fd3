import * as z from 'zod/mini'
import { anyText, jsonBody } from './checks.ts'
import { Broken, defineFake } from './define.ts'

// What we know of Adaptive Cards 1.4; a card that holds something else is dropped by Teams without a word.
const run = z.looseObject({
  type: z.literal('TextRun'),
  text: anyText(),
  size: z.optional(z.enum(['Default', 'Small', 'Medium', 'Large', 'ExtraLarge'])),
  weight: z.optional(z.enum(['Default', 'Lighter', 'Bolder'])),
  fontType: z.optional(z.enum(['Default', 'Monospace'])),
})
const style = z.enum(['default', 'emphasis', 'good', 'attention', 'warning', 'accent'])
const element: z.ZodMiniType = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.looseObject({ type: z.literal('TextBlock'), text: anyText(), wrap: z.optional(z.boolean()) }),
    z.looseObject({
      type: z.literal('RichTextBlock'),
      inlines: z.array(z.union([z.string(), run])).check(z.minLength(1)),
    }),
    z.looseObject({
      type: z.literal('FactSet'),
      facts: z.array(z.looseObject({ title: anyText(), value: anyText() })),
    }),
    z.looseObject({ type: z.literal('Container'), style: z.optional(style), items: z.array(element) }),
    z.looseObject({
      type: z.literal('ColumnSet'),
      columns: z.optional(z.array(z.looseObject({ items: z.array(element) }))),
    }),
    z.looseObject({ type: z.literal('Image'), url: z.url() }),
  ]),
)
const message = z.looseObject({
  type: z.literal('message'),
  attachments: z
    .array(
      z.looseObject({
        contentType: z.literal('application/vnd.microsoft.card.adaptive'),
        contentUrl: z.optional(z.nullable(z.string())),
        content: z.looseObject({
          type: z.literal('AdaptiveCard'),
          version: z.enum(['1.0', '1.1', '1.2', '1.3', '1.4', '1.5']),
          body: z.array(element).check(z.minLength(1)),
          actions: z.optional(z.array(z.looseObject({ type: z.literal('Action.OpenUrl'), url: z.url() }))),
        }),
      }),
    )
    .check(z.minLength(1)),
})

export default defineFake({
  name: 'teams',
  source: 'https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook',
  destinations: (url) => ({
    teams: {
      hook_url: `${url}/workflows/0123456789abcdef/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=fake`,
    },
  }),

  routes: {
    'POST /workflows/{*workflow}/triggers/manual/paths/invoke'({ query, ...request }, store) {
      for (const name of ['api-version', 'sig'])
        if (!query.get(name)) throw new Broken(`no "${name}" in the URL`, 401, 'DirectApiAuthorizationRequired')
      // The Workflow takes larger ones, and Teams drops them.
      if (request.body.length > 28 * 1024) throw new Broken(`the message has ${request.body.length} bytes, of 28 KB`)
      jsonBody({ query, ...request }, message)
      return { status: 202, did: `card ${store.next()}` }
    },
  },

  refusal: ({ status, code, message: rule }) => ({
    status,
    json: { error: { code: code || 'TriggerInputSchemaMismatch', message: rule } },
  }),
  busy: (seconds) => ({
    status: 429,
    headers: { 'retry-after': String(seconds) },
    json: { error: { code: 'WorkflowTriggerRequestThrottled', message: 'Rate limit is exceeded.' } },
  }),
})
