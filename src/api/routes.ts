/** The JSON endpoints under `/api/`: what is asked is checked here, what is done is done by the parts. */
import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import * as z from 'zod/mini'
import { alertStream, readFilter, readNumber, recentAlerts } from './alerts.ts'
import { ApiError, json } from './answer.ts'
import { readBody } from './body.ts'
import type { Overview, Parts, Result } from './parts.ts'

export type ApiEnv = { Bindings: Partial<HttpBindings>; Variables: { caller: 'console' | 'api' } }

export interface RouteOptions {
  heartbeat_ms: number
  body_timeout_ms: number
  now(): number
}

/** Larger than the 64 KiB that an event may have, with room for JSON's escapes. */
const max_body = 512 * 1024
const max_limit = 5000

const reason = z.string().check(z.trim(), z.minLength(1, 'say why: a reason is required'), z.maxLength(500))
const seconds = z.int().check(z.minimum(0), z.maximum(10 * 365 * 86400))
/** Who acts, as a program with the token says (`cli:root`); what the console does is called that. */
const by = z.optional(z.string().check(z.trim(), z.minLength(1), z.maxLength(100)))
const By = z.strictObject({ by })
const Reason = z.strictObject({ reason, by })
const NewBlock = z.strictObject({
  response: z.string(),
  key: z.string().check(z.trim(), z.minLength(1), z.maxLength(300)),
  seconds,
  host: z.optional(z.string().check(z.minLength(1), z.maxLength(300))),
  reason,
  by,
})
const Extension = z.strictObject({ seconds: seconds.check(z.minimum(1)), reason, by })
const Answer = z.strictObject({ approve: z.boolean(), reason, by })
const AnswerAll = z.strictObject({ approve: z.boolean(), until: z.optional(z.int().check(z.minimum(0))), reason, by })
const NewAllowed = z.strictObject({
  entry: z.string().check(z.trim(), z.minLength(1), z.maxLength(300)),
  seconds,
  reason,
  by,
})
const names = z.optional(
  z.array(z.string().check(z.trim(), z.minLength(1), z.maxLength(300))).check(z.minLength(1), z.maxLength(1000)),
)
const NewSilence = z.strictObject({
  where: z.optional(z.string().check(z.trim(), z.minLength(1), z.maxLength(10_000))),
  rules: names,
  agents: names,
  sources: names,
  destinations: names,
  since: z.optional(z.int().check(z.minimum(0))),
  seconds: seconds.check(z.minimum(1)),
  reason,
  by,
})
const filled = z.string().check(z.minLength(1))
const LogtestBody = z.strictObject({
  event: filled,
  log_format: z._default(filled, 'syslog'),
  location: z._default(filled, 'stdin'),
  token: z.optional(z.string()),
})

export function createRoutes(parts: Parts, { heartbeat_ms, body_timeout_ms, now }: RouteOptions): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()
  const answer = (c: Context, value: unknown) => json(c, parts.mask, value)
  const parse = async <T>(c: Context, schema: z.ZodMiniType<T>): Promise<T> => {
    const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
    if (type !== 'application/json') throw new ApiError(415, 'the body has to be application/json')
    return parseJson(await readBody(c.req.raw, max_body, body_timeout_ms), schema)
  }
  const who = (c: Context<ApiEnv>, body: { by?: string }) => (c.get('caller') === 'api' && body.by) || c.get('caller')
  /** For actions that need no words: the body may be empty. */
  const whoIfAny = async (c: Context<ApiEnv>) => {
    const body = await readBody(c.req.raw, max_body, body_timeout_ms)
    return who(c, body.length === 0 ? {} : parseJson(body, By))
  }
  const manual = async (c: Context<ApiEnv>) => {
    const body = await parse(c, Reason)
    return { reason: body.reason, by: who(c, body) }
  }
  /** An action's value, or its refusal with the right status. */
  const done = async <T>(c: Context, result: Result<T> | Promise<Result<T>>) => {
    const outcome = await result
    if (!outcome.ok) throw new ApiError(outcome.status, outcome.error, outcome.hint)
    return answer(c, outcome.value)
  }

  // ----------------------------------------------------------------------------------------------------------------- alerts

  app.get('/alerts', (c) => {
    const query = c.req.query()
    const limit = readNumber(query, 'limit', 100, 1, max_limit)
    const text = recentAlerts(need(parts.alerts, 'alerts'), readFilter(query), limit, parts.mask)
    return c.body(text, 200, { 'Content-Type': 'application/json; charset=utf-8' })
  })
  app.get('/alerts/stream', (c) => {
    const query = c.req.query()
    const stream = alertStream(need(parts.alerts, 'alerts'), {
      filter: readFilter(query),
      after: c.req.header('last-event-id') || query.after || undefined,
      mask: parts.mask,
      heartbeat_ms,
      disconnect: () => c.env?.outgoing?.destroy(),
    })
    return c.body(stream, 200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      // nginx would otherwise hold events back until its buffer is full.
      'X-Accel-Buffering': 'no',
    })
  })

  // -------------------------------------------------------------------------------------------------------- what runs and how

  app.get('/status', async (c) => answer(c, await parts.status()))
  app.get('/engine', async (c) => answer(c, await need(parts.engine, 'engine')()))
  app.get('/inputs', async (c) => answer(c, { inputs: await need(parts.inputs, 'inputs')() }))
  app.get('/problems', async (c) => answer(c, { problems: await need(parts.problems, 'problems')() }))
  app.get('/overview', async (c) => {
    const overview: Overview = {
      now: now(),
      status: await parts.status(),
      engine: (await parts.engine?.()) ?? null,
      inputs: (await parts.inputs?.()) ?? null,
      problems: (await parts.problems?.()) ?? null,
      destinations: (await parts.destinations?.()) ?? null,
      has_deliveries: parts.deliveries !== undefined,
      silences: (await parts.silences?.list(false)) ?? null,
      blocks: (await parts.blocks?.list()) ?? null,
      block_responses: (await parts.blocks?.responses()) ?? null,
      block_hosts: (await parts.blocks?.hosts()) ?? null,
      refusals: (await parts.refusals?.()) ?? null,
    }
    return answer(c, overview)
  })

  // -------------------------------------------------------------------------------------------------------------- deliveries

  const destinations = () => need(parts.destinations, 'destinations')
  const deliveries = () => need(parts.deliveries, 'deliveries')
  app.get('/destinations', async (c) => answer(c, { destinations: await destinations()() }))
  app.post('/destinations/:name/retry', async (c) =>
    done(c, deliveries().retryAll(c.req.param('name'), await whoIfAny(c))),
  )
  app.get('/deliveries', async (c) => {
    const { destination, state } = c.req.query()
    if (state !== undefined && state !== 'waiting' && state !== 'rejected')
      throw new ApiError(400, `state: "${state}" is neither waiting nor rejected`)
    const limit = readNumber(c.req.query(), 'limit', 100, 1, max_limit)
    return answer(c, { deliveries: await deliveries().list({ destination, state, limit }) })
  })
  app.get('/deliveries/:id', async (c) => {
    const delivery = await deliveries().show(c.req.param('id'))
    if (!delivery) throw new ApiError(404, `no delivery "${c.req.param('id')}" waits or was rejected`)
    return answer(c, delivery)
  })
  app.post('/deliveries/:id/retry', async (c) => done(c, deliveries().retry(c.req.param('id'), await whoIfAny(c))))
  app.post('/deliveries/:id/drop', async (c) => done(c, deliveries().drop(c.req.param('id'), await manual(c))))

  // ---------------------------------------------------------------------------------------------------------------- silences

  const silences = () => need(parts.silences, 'silences')
  app.get('/silences', async (c) => {
    const { all } = c.req.query()
    return answer(c, { silences: await silences().list(all !== undefined && all !== 'false') })
  })
  app.post('/silences', async (c) => {
    const body = await parse(c, NewSilence)
    return done(c, silences().add({ ...body, by: who(c, body) }))
  })
  app.get('/silences/audit', async (c) => {
    return answer(c, { audit: await silences().audit(readNumber(c.req.query(), 'limit', 100, 1, max_limit)) })
  })
  app.delete('/silences/:id', async (c) => done(c, silences().end(c.req.param('id'), await manual(c))))

  // ------------------------------------------------------------------------------------------------------------------ blocks

  const blocks = () => need(parts.blocks, 'blocks')
  app.get('/blocks', async (c) => {
    return answer(c, { blocks: await blocks().list(), responses: await blocks().responses() })
  })
  app.post('/blocks', async (c) => {
    const body = await parse(c, NewBlock)
    return done(c, blocks().add({ ...body, by: who(c, body) }))
  })
  app.delete('/blocks/:id', async (c) => done(c, blocks().remove(c.req.param('id'), await manual(c))))
  app.post('/blocks/:id/extend', async (c) => {
    const { seconds, reason, by } = await parse(c, Extension)
    return done(c, blocks().extend(c.req.param('id'), seconds, { reason, by: who(c, { by }) }))
  })
  app.post('/blocks/:id/answer', async (c) => {
    const { approve, reason, by } = await parse(c, Answer)
    return done(c, blocks().answer(c.req.param('id'), approve, { reason, by: who(c, { by }) }))
  })
  app.post('/blocks/answer', async (c) => {
    const { approve, until, reason, by } = await parse(c, AnswerAll)
    return done(c, blocks().answerAll(approve, { reason, by: who(c, { by }) }, until))
  })
  app.get('/blocks/history', async (c) => {
    return answer(c, { history: await blocks().history(readNumber(c.req.query(), 'limit', 100, 1, max_limit)) })
  })
  app.get('/blocks/audit', async (c) => {
    return answer(c, { audit: await blocks().audit(readNumber(c.req.query(), 'limit', 100, 1, max_limit)) })
  })
  app.get('/allowed', async (c) => answer(c, { allowed: await blocks().allowed() }))
  app.post('/allowed', async (c) => {
    const { entry, seconds, reason, by } = await parse(c, NewAllowed)
    return done(c, blocks().allow(entry, seconds, { reason, by: who(c, { by }) }))
  })
  app.delete('/allowed/:entry', async (c) => done(c, blocks().disallow(c.req.param('entry'), await manual(c))))
  app.get('/refusals', async (c) => answer(c, { refusals: await need(parts.refusals, 'refusals')() }))

  // ----------------------------------------------------------------------------------------------------------------- logtest

  app.post('/logtest', async (c) => answer(c, await need(parts.logtest, 'logtest').run(await parse(c, LogtestBody))))

  return app
}

function need<T>(part: T | undefined, name: string): T {
  if (part === undefined)
    throw new ApiError(404, `this Outrider has no ${name}`, `nothing in its configuration needs ${name}`)
  return part
}

/** A body that fits its schema, or one line that names every member that does not. */
function parseJson<T>(body: Uint8Array, schema: z.ZodMiniType<T>): T {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw new ApiError(400, 'the body is not JSON')
  }
  // zod/mini brings no words of its own; given here and not globally, so that scripts stay light.
  const result = schema.safeParse(value, { error: z.locales.en().localeError })
  if (result.success) return result.data
  const issues = result.error.issues.map(({ path, message }) => {
    return `${path.join('.') || 'body'}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`
  })
  throw new ApiError(400, issues.join('; '))
}
