import * as z from 'zod/mini'
import { anyText, jsonBody, text } from './checks.ts'
import { Broken, defineFake } from './define.ts'

const routing_key = z.string().check(z.regex(/^[A-Za-z0-9]{32}$/, 'not 32 letters and digits'))
const dedup_key = text(255)
const link = z.looseObject({ href: z.url() })

const trigger = z.looseObject({
  routing_key,
  event_action: z.literal('trigger'),
  dedup_key: z.optional(dedup_key),
  payload: z.looseObject({
    summary: text(1024),
    source: text(1024),
    severity: z.enum(['critical', 'error', 'warning', 'info']),
    timestamp: z.optional(z.iso.datetime({ offset: true })),
    component: z.optional(anyText()),
    group: z.optional(anyText()),
    class: z.optional(anyText()),
    custom_details: z.optional(z.looseObject({})),
  }),
  client: z.optional(anyText()),
  client_url: z.optional(z.url()),
  links: z.optional(z.array(link)),
  images: z.optional(z.array(z.looseObject({ src: z.url() }))),
})
const change = z.looseObject({ routing_key, event_action: z.enum(['acknowledge', 'resolve']), dedup_key })

export default defineFake({
  name: 'pagerduty',
  source: 'https://developer.pagerduty.com/docs/send-alert-event',
  destinations: (url) => ({ pagerduty: { api_key: 'f'.repeat(32), hook_url: `${url}/v2/enqueue` } }),

  routes: {
    'POST /v2/enqueue'(request, store) {
      const accepted = (key: string, did: string) => ({
        status: 202,
        json: { status: 'success', message: 'Event processed', dedup_key: key },
        did,
      })
      if (request.body.length > 512 * 1024) throw new Broken('the event is larger than 512 KB', 413)
      const event = jsonBody(request, z.discriminatedUnion('event_action', [trigger, change]))
      if (event.event_action === 'trigger') {
        const key = event.dedup_key ?? `made-here-${store.next()}`
        store.repeats(`${key} ${JSON.stringify(event.payload)}`)
        const isOpen = store.made.get(key)?.open === true
        store.made.set(key, { open: true })
        return accepted(key, `${isOpen ? 'alert again' : 'alert'} ${key}`)
      }
      // PagerDuty takes it and drops it; whoever sends it has lost something.
      if (!store.made.has(event.dedup_key))
        throw new Broken(`${event.event_action} of an alert that was never triggered`)
      store.made.set(event.dedup_key, { open: event.event_action !== 'resolve' })
      return accepted(event.dedup_key, `${event.event_action} ${event.dedup_key}`)
    },
  },

  refusal: ({ status, message }) => ({
    status,
    json: { status: 'invalid event', message: 'Event object is invalid', errors: [message] },
  }),
  busy: () => ({
    status: 429,
    json: {
      status: 'throttle exceeded',
      message: 'Requests for this service are arriving too quickly. Please retry later.',
    },
  }),
})
