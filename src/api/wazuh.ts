/**
 * The paths of Wazuh's own server API (4.14) that have a meaning here, with its envelopes, so that scripts and tools written for it work: log in,
 * logtest, status. The password is the console token, the user's name does not matter, and the token that comes back is the same one: it does
 * not expire, which clients notice only by never having to renew it.
 */
import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type Access, checkHost } from './access.ts'
import { ApiError, maskedJson } from './answer.ts'
import { readBody } from './body.ts'
import type { LogtestRequest, Parts } from './parts.ts'
import type { ApiEnv } from './routes.ts'

/** api.yaml: max_upload_size. */
const max_body = 10_485_760
const logtestFields = ['token', 'event', 'log_format', 'location']

/** What Wazuh answers with `application/problem+json`; `code` is missing where its OpenAPI layer answers. */
class WazuhProblem extends Error {
  readonly status: ContentfulStatusCode
  readonly title: string
  readonly code: number | undefined

  constructor(status: ContentfulStatusCode, title: string, detail: string, code?: number) {
    super(detail)
    this.status = status
    this.title = title
    this.code = code
  }
}

export function createWazuhRoutes(
  parts: Parts,
  access: Access,
  options: { hosts: readonly string[]; body_timeout_ms: number },
): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()
  const answer = (c: Context, value: unknown) => {
    const text = maskedJson(value, parts.mask)
    const pretty = c.req.query('pretty') === 'true' ? JSON.stringify(JSON.parse(text), null, 3) : text
    return c.body(pretty, 200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  }
  /** Bearer only: no browser adds it by itself, so a foreign site can do nothing here. */
  const authorize = (c: Context) => {
    checkHost(c, options.hosts)
    if (c.req.header('authorization') === undefined)
      throw new WazuhProblem(401, 'Unauthorized', 'No authorization token provided')
    if (access.caller(c) !== 'api') throw new WazuhProblem(401, 'Unauthorized', 'Invalid token')
  }

  app.onError((error, c) => {
    const problem = error instanceof ApiError ? toProblem(error) : error
    // Logged and answered as everywhere else.
    if (!(problem instanceof WazuhProblem)) throw problem
    const { title, message: detail, code } = problem
    return c.body(maskedJson({ title, detail, error: code }, parts.mask), problem.status, {
      'Content-Type': 'application/problem+json; charset=utf-8',
    })
  })

  app.on(['GET', 'POST'], '/security/user/authenticate', (c) => {
    checkHost(c, options.hosts)
    const token = access.basic(c)
    if (token === undefined) throw new WazuhProblem(401, 'Unauthorized', 'Invalid credentials')
    // Not masked: this is the one place whose answer is the secret that the caller gave.
    if (c.req.query('raw') === 'true') return c.text(token, 200, { 'Cache-Control': 'no-store' })
    return c.json({ data: { token }, error: 0 }, 200, { 'Cache-Control': 'no-store' })
  })

  app.get('/manager/status', async (c) => {
    authorize(c)
    return answer(c, {
      data: {
        affected_items: [await daemons(parts)],
        total_affected_items: 1,
        total_failed_items: 0,
        failed_items: [],
      },
      message: 'Processes status was successfully read',
      error: 0,
    })
  })

  app.put('/logtest', async (c) => {
    authorize(c)
    const request = readLogtest(await jsonBody(c, options.body_timeout_ms))
    return answer(c, { error: 0, data: inUtc(await logtest(parts).run(request)) })
  })
  app.delete('/logtest/sessions/:token', async (c) => {
    authorize(c)
    return answer(c, { error: 0, data: await logtest(parts).close(c.req.param('token')) })
  })
  return app
}

function toProblem(error: ApiError): WazuhProblem {
  if (error.status === 413) return new WazuhProblem(413, 'Content size exceeded.', error.message)
  return new WazuhProblem(error.status, 'Bad Request', [error.message, error.hint].filter(Boolean).join('. '))
}

function logtest(parts: Parts) {
  if (parts.logtest) return parts.logtest
  throw new WazuhProblem(500, 'Wazuh Internal Error', 'this Outrider has no engine of its own', 1013)
}

/** The daemons of a manager whose work is done here are running, the others are stopped. */
async function daemons(parts: Parts): Promise<Record<string, 'running' | 'stopped'>> {
  const inputs = (await parts.inputs?.()) ?? []
  const runs: Record<string, boolean> = {
    'wazuh-agentlessd': false,
    'wazuh-analysisd': parts.engine !== undefined && (await parts.status()).engine === 'embedded',
    'wazuh-authd': false,
    'wazuh-csyslogd': false,
    'wazuh-dbd': false,
    'wazuh-monitord': false,
    'wazuh-execd': parts.blocks !== undefined,
    'wazuh-integratord': parts.destinations !== undefined,
    'wazuh-logcollector': inputs.some(({ kind }) => kind === 'file'),
    'wazuh-maild': false,
    'wazuh-remoted': false,
    'wazuh-reportd': false,
    'wazuh-syscheckd': false,
    'wazuh-clusterd': false,
    'wazuh-modulesd': inputs.some(({ kind }) => kind === 'wodle'),
    'wazuh-db': false,
    'wazuh-apid': true,
  }
  return Object.fromEntries(Object.entries(runs).map(([name, isRunning]) => [name, isRunning ? 'running' : 'stopped']))
}

async function jsonBody(c: Context, timeout_ms: number): Promise<Record<string, unknown>> {
  if (c.req.header('content-type')?.split(';')[0]?.trim() !== 'application/json')
    throw new WazuhProblem(406, 'Not Acceptable', 'Invalid content-type', 6002)
  const body = await readBody(c.req.raw, max_body, timeout_ms)
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // The same answer as for JSON that is no object.
  }
  throw new WazuhProblem(400, 'Bad Request', 'The body type is not the one specified in the content-type', 1018)
}

/** spec/api.md 6.1: the first two checks are the API's, the others the analysis daemon's, whose errors become code 7000. */
function readLogtest(body: Record<string, unknown>): LogtestRequest {
  const unknown = Object.keys(body).filter((name) => !logtestFields.includes(name))
  if (unknown.length > 0)
    throw new WazuhProblem(400, 'Bad Request', `Invalid field found {${unknown.map((name) => `'${name}'`).join(', ')}}`)
  for (const name of ['event', 'log_format', 'location']) {
    if (body[name] === undefined) throw new WazuhProblem(400, 'Bad Request', `'${name}' is a required property`)
    if (typeof body[name] !== 'string')
      throw new WazuhProblem(400, 'Bad Request', `${JSON.stringify(body[name])} is not of type 'string' - '${name}'`)
  }
  const { event, log_format, location, token } = body as unknown as LogtestRequest
  const refuse = (text: string) => new WazuhProblem(400, 'Bad Request', text, 7000)
  if (location === '') throw refuse("(7308): 'location' JSON field is required and must be a string")
  if (log_format === '') throw refuse("(7308): 'log_format' JSON field is required and must be a string")
  if (event === '') throw refuse("(7317): 'event' JSON field value is not valid")
  return { event, log_format, location, ...(typeof token === 'string' && { token }) }
}

/** Wazuh's API turns the timestamp of the answer into UTC with microseconds. */
function inUtc<T extends { output?: Record<string, unknown> }>(data: T): T {
  const timestamp = data.output?.timestamp
  if (typeof timestamp !== 'string') return data
  const ms = Date.parse(timestamp.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  if (Number.isNaN(ms)) return data
  return { ...data, output: { ...data.output, timestamp: new Date(ms).toISOString().replace('Z', '000Z') } }
}
