import * as z from 'zod/mini'
import { anyText, checked, parsed } from './checks.ts'
import { Broken, defineFake, type FakeAnswer, type FakeRequest, type Store } from './define.ts'

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const event = z.looseObject({
  time: z.optional(z.union([z.number(), z.string().check(z.regex(/^\d+(\.\d+)?$/, 'no time in seconds'))])),
  host: z.optional(anyText()),
  source: z.optional(anyText()),
  sourcetype: z.optional(anyText()),
  index: z.optional(anyText()),
  // Flat; a list is the only thing that may be in it.
  fields: z.optional(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))),
  event: z.unknown(),
})

/** A token that acknowledges, as some are: it wants a channel, and answers with the number to ask for. */
const acknowledging = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

const codes: Record<string, [status: number, text: string]> = {
  2: [401, 'Token is required'],
  3: [401, 'Invalid authorization'],
  5: [400, 'No data'],
  6: [400, 'Invalid data format'],
  10: [400, 'Data channel is missing'],
  11: [400, 'Invalid data channel'],
  12: [400, 'Event field is required'],
  13: [400, 'Event field cannot be blank'],
  14: [400, 'ACK is disabled'],
}

const wrong = (code: number, rule: string) => new Broken(rule, codes[code]![0], String(code))

/** @returns the token */
function authorize({ headers }: FakeRequest): string {
  const given = headers.authorization
  if (!given) throw wrong(2, 'no Authorization header')
  const [, token = ''] = /^Splunk (\S+)$/.exec(given) ?? []
  if (!guid.test(token)) throw wrong(3, 'Authorization is not "Splunk GUID"')
  return token.toLowerCase()
}

function channelOf({ headers, query }: FakeRequest): string {
  const channel = headers['x-splunk-request-channel'] ?? query.get('channel')
  if (!channel) throw wrong(10, 'no X-Splunk-Request-Channel header, and the token acknowledges')
  if (!guid.test(channel)) throw wrong(11, 'the channel is not a GUID')
  return channel
}

/** One JSON object after another, with or without something between them. */
function split(text: string): string[] {
  const found: string[] = []
  let depth = 0
  let from = 0
  let isText = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (isText) {
      if (character === '\\') at++
      else if (character === '"') isText = false
    } else if (character === '"') isText = true
    else if (character === '{' && depth++ === 0) from = at
    else if (character === '}' && --depth === 0) found.push(text.slice(from, at + 1))
  }
  if (depth !== 0 || isText) throw wrong(6, 'the last event does not end')
  return found
}

function collect(request: FakeRequest, store: Store): FakeAnswer {
  const token = authorize(request)
  const channel = token === acknowledging ? channelOf(request) : undefined
  const events = split(request.body.toString())
  if (events.length === 0) throw wrong(5, 'no event')
  for (const text of events) {
    const given = checked(parsed(text, { code: '6', where: 'an event' }), event, { code: '6' })
    if (given.event === undefined) throw wrong(12, 'an event without "event"')
    if (given.event === '' || given.event === null) throw wrong(13, 'an event whose "event" is empty')
    store.repeats(text)
  }
  const did = `${events.length} event${events.length === 1 ? '' : 's'}`
  if (channel === undefined) return { status: 200, json: { text: 'Success', code: 0 }, did }
  const ackId = store.made.size
  store.made.set(`${channel} ${ackId}`, { asked: 0 })
  return { status: 200, json: { text: 'Success', code: 0, ackId }, did: `${did}, to be acknowledged as ${ackId}` }
}

function acknowledge(request: FakeRequest, store: Store): FakeAnswer {
  if (authorize(request) !== acknowledging) throw wrong(14, 'this token does not acknowledge')
  const channel = channelOf(request)
  const { acks } = checked(parsed(request.body.toString(), { code: '6' }), z.looseObject({ acks: z.array(z.int()) }), {
    code: '6',
  })
  // Indexed only when it was asked twice: whoever asks once has not waited. An answer of true is given once.
  const answers = acks.map((ack) => {
    const one = store.made.get(`${channel} ${ack}`)
    if (!one) return [ack, false] as const
    one.asked = Number(one.asked) + 1
    return [ack, one.asked === 2] as const
  })
  return { status: 200, json: { acks: Object.fromEntries(answers) }, did: `asked for ${acks.join(', ')}` }
}

export default defineFake({
  name: 'splunk-hec',
  source:
    'https://help.splunk.com/en/splunk-enterprise/get-started/get-data-in/10.0/get-data-with-http-event-collector/troubleshoot-http-event-collector',
  destinations: (url) => ({
    'splunk-hec': { hook_url: url, api_key: '00000000-0000-0000-0000-000000000000' },
    'splunk-hec-acknowledged': { hook_url: url, api_key: acknowledging, acknowledge: true },
  }),

  routes: {
    'POST /services/collector': collect,
    'POST /services/collector/event': collect,
    'POST /services/collector/event/1.0': collect,
    'POST /services/collector/ack': acknowledge,
    'GET /services/collector/health': () => ({
      status: 200,
      json: { text: 'HEC is healthy', code: 17 },
      did: 'health',
    }),
  },

  refusal({ status, code, message }) {
    const known = codes[code]
    if (!known) return { status, json: { text: 'The requested URL was not found on this server.', code: 404 } }
    return {
      status,
      json: { text: known[1], code: Number(code), ...(code === '6' && { 'invalid-event-number': 0, detail: message }) },
    }
  },
  busy: () => ({ status: 503, json: { text: 'Server is busy', code: 9 } }),
  failed: () => ({ status: 500, json: { text: 'Internal server error', code: 8 } }),
})
