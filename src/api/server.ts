/**
 * The HTTP side of the daemon: webhooks, the API and the console on one port.
 *
 * ```
 * /healthz            anyone
 * PATH of a receiver  anyone; the receiver judges the signature
 * /api/…, /, /assets  this machine's names and addresses only, signed in only (access.ts)
 * /blocklist/NAME     with the token of that list only (blocklist.ts)
 * /approve/TOKEN      who has the link (approval.ts)
 * /logtest, …         the same for clients of Wazuh's API (wazuh.ts)
 * ```
 */

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { methodNotAllowed } from 'hono/method-not-allowed'
import type { Log } from '../log.ts'
import { Access, checkHost } from './access.ts'
import { ApiError, json } from './answer.ts'
import { approvalRoutes } from './approval.ts'
import { serveBlocklist } from './blocklist.ts'
import { consoleAsset, consolePage, onceMorePage, signInPage } from './pages.ts'
import type { Parts } from './parts.ts'
import { type ApiEnv, createRoutes } from './routes.ts'
import { createWazuhRoutes } from './wazuh.ts'
import { receiveWebhook } from './webhooks.ts'

export interface ApiOptions {
  /** The console token, see `loadToken`. */
  token: string
  /** Host names that the API and the console may be reached by, besides loopback names and any address. */
  hosts: readonly string[]
  /** Folder of the built console: `src/console/dist`. */
  console: string
  log: Log
  now(): number
  /** How often a quiet live stream says that it is there. Default 15 s. */
  heartbeat_ms?: number
  /** How long a body may take to arrive. Default 10 s. */
  body_timeout_ms?: number
}

/** Every path that the daemon answers; give it to {@link listen}, or to `app.request()` in a test. */
export function createApi(parts: Parts, options: ApiOptions): Hono<ApiEnv> {
  const { now, log, heartbeat_ms = 15_000, body_timeout_ms = 10_000 } = options
  const access = new Access(options.token)
  const app = new Hono<ApiEnv>()

  app.use(async (c, next) => {
    await next()
    c.header('X-Content-Type-Options', 'nosniff')
    c.header('Referrer-Policy', 'no-referrer')
    c.header('Cross-Origin-Resource-Policy', 'same-origin')
    c.header('X-Frame-Options', 'DENY')
  })
  app.onError((error, c) => {
    if (error instanceof ApiError) {
      const answer = json(c, parts.mask, { error: error.message, hint: error.hint }, error.status)
      // What is left of the body may still be on its way.
      if (error.status === 408 || error.status === 413) answer.headers.set('Connection', 'close')
      return answer
    }
    log.error(`${c.req.method} ${c.req.path}: ${error.message}`, { stack: error.stack })
    return json(c, parts.mask, { error: 'something went wrong here', hint: "the daemon's log has the details" }, 500)
  })

  app.get('/healthz', (c) => c.text('ok\n'))

  const api = new Hono<ApiEnv>()
  api.use(async (c, next) => {
    checkHost(c, options.hosts)
    c.set('caller', access.check(c))
    await next()
    c.header('Cache-Control', 'no-store')
  })
  api.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        c.header('Allow', methods.join(', '))
        return json(c, parts.mask, { error: `${c.req.path} takes ${methods.join(', ')}` }, 405)
      },
    }),
  )
  api.route('/', createRoutes(parts, { heartbeat_ms, body_timeout_ms, now }))
  api.all('*', (c) => json(c, parts.mask, { error: `nothing at ${c.req.path}` }, 404))
  app.route('/api', api)

  app.route('/', createWazuhRoutes(parts, access, { hosts: options.hosts, body_timeout_ms }))

  approvalRoutes(app, parts, { body_timeout_ms })

  app.get('/blocklist/:name', (c) => serveBlocklist(c, parts))

  // Receivers may have any path that is not ours, so they are asked before the console's files and the 404.
  app.use(async (c, next) => {
    const answer =
      parts.receivers && (await receiveWebhook(c, parts.receivers, { body_timeout_ms, now, log, mask: parts.mask }))
    if (answer) return answer
    return next()
  })

  app.get('/', (c) => {
    checkHost(c, options.hosts)
    const token = c.req.query('token')
    if (token !== undefined) return access.signIn(c, token) ? c.redirect('/', 303) : signInPage(c, true)
    if (access.caller(c)) return consolePage(c, options.console)
    return c.req.header('sec-fetch-site') === 'cross-site' ? onceMorePage(c) : signInPage(c, false)
  })
  app.get('/assets/:name', async (c) => {
    checkHost(c, options.hosts)
    access.check(c)
    return (await consoleAsset(options.console, c.req.param('name'), c)) ?? c.text('no such file\n', 404)
  })
  app.notFound((c) => c.text('nothing here: the console is at /, the API under /api/\n', 404))
  return app
}

export interface Listening {
  ok: true
  /** Without a slash at the end; the real port when 0 was asked for. */
  url: string
  /** Takes no new connections, ends live streams, lets other requests finish for two seconds. */
  close(): Promise<void>
}

/** Why nothing listens, and the mend. */
export interface ListenFailure {
  ok: false
  error: string
  hint: string
}

const grace_ms = 2000

/** Serves the app. A port that cannot be had is a value, not an exception: the caller prints it and exits 2. */
export function listen(app: Hono<ApiEnv>, host: string, port: number): Promise<Listening | ListenFailure> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    // It would otherwise replace the global Request and Response for the whole process.
    overrideGlobalObjects: false,
    serverOptions: { headersTimeout: 10_000, requestTimeout: 60_000, connectionsCheckingInterval: 5000 },
  }) as Server
  const streams = new Set<{ destroy(): void }>()
  server.on('request', (request, response) => {
    if (!request.url?.startsWith('/api/alerts/stream')) return
    streams.add(response)
    response.on('close', () => streams.delete(response))
  })

  const close = () =>
    new Promise<void>((resolve) => {
      const hurry = setTimeout(() => server.closeAllConnections(), grace_ms)
      server.close(() => {
        clearTimeout(hurry)
        resolve()
      })
      for (const stream of streams) stream.destroy()
      server.closeIdleConnections()
    })

  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => resolve(explain(error, host, port))
    server.once('error', failed)
    server.listen(port, host, () => {
      server.off('error', failed)
      const address = server.address() as AddressInfo
      resolve({ ok: true, url: `http://${nameOf(host)}:${address.port}`, close })
    })
  })
}

/** A name for the URL that people open: a wildcard address is not one. */
function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): ListenFailure {
  const where = `port ${port} on ${host}`
  switch (error.code) {
    case 'EADDRINUSE':
      return {
        ok: false,
        error: `${where} is taken`,
        hint: 'another Outrider may be running; stop it, or set listen.port in outrider.yaml to another port (0: any free one)',
      }
    case 'EACCES':
      return {
        ok: false,
        error: `${where} is not allowed for this user`,
        hint: 'ports below 1024 need root: set listen.port in outrider.yaml to 1024 or higher',
      }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        ok: false,
        error: `"${host}" is not an address of this machine`,
        hint: 'set listen.host in outrider.yaml to 127.0.0.1, or to an address that "ip address" shows',
      }
    default:
      return { ok: false, error: `cannot listen on ${where}: ${error.message}`, hint: 'see listen in outrider.yaml' }
  }
}
