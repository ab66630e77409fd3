/**
 * Who may look and act. There is one secret, the console token: kept in the home folder, printed once as part of the console's URL, exchanged there
 * for a cookie; programs send it as `Authorization: Bearer`. What is defended against, and by what:
 *
 * - another user of this machine, or the network: the token, compared in constant time;
 * - a web site that makes the browser send requests here: SameSite=Strict, a header that only our page sends, and the Origin;
 * - a web site whose name was pointed at this address (DNS rebinding): the Host header has to be an address, a loopback name or a configured one.
 *
 * Cookies know no ports: another web server on the same host name receives ours when the browser visits it. So the cookie is not the token
 * but derived from it, and has the port in its name, so that two daemons on one machine do not sign each other out.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { ApiError } from './answer.ts'

/** The header that only our own page sends, because a foreign one would need our permission first (CORS preflight). */
const actHeader = 'x-outrider'

/** The token in `file`, created (32 random bytes, readable by the owner only) when there is none. Throws when it can neither be read nor written. */
export function loadToken(file: string): string {
  try {
    const token = readFileSync(file, 'utf8').trim()
    if (token.length >= 32) return token
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const token = randomBytes(32).toString('base64url')
  writeFileSync(file, `${token}\n`, { mode: 0o600 })
  // The mode above is only for a new file; one that held no good token keeps its own.
  chmodSync(file, 0o600)
  return token
}

/** The address to open in a browser, good for signing in. */
export function signInUrl(url: string, token: string): string {
  return `${url}/?token=${token}`
}

/** In a time that tells nothing of where they differ. */
export function isEqual(a: string, b: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(a), hash(b))
}

export function bearerToken(c: Context): string | undefined {
  return /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1]?.trim()
}

/** The password of Basic authentication; the user may have any name. */
export function basicPassword(c: Context): string | undefined {
  const encoded = /^Basic ([\w+/=]+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
  if (encoded === undefined) return undefined
  return Buffer.from(encoded, 'base64')
    .toString('utf8')
    .replace(/^[^:]*:/, '')
}

function hostHeader(c: Context): string {
  return (c.req.header('host') ?? new URL(c.req.url).host).toLowerCase()
}

/** Refuses host names that nobody configured. An address cannot be rebound, so every address is fine. */
export function checkHost(c: Context, hosts: readonly string[]): void {
  const host = hostHeader(c)
  const name = host.replace(/:\d*$/, '')
  const address = name.replace(/^\[(.*)\]$/, '$1')
  if (isIP(address) || name === 'localhost' || name.endsWith('.localhost') || hosts.includes(name)) return
  throw new ApiError(
    421,
    `this is not "${name}"`,
    'use the address that was printed at the start, or set listen.host to this name',
  )
}

export class Access {
  readonly #token: string
  readonly #session: string

  constructor(token: string) {
    this.#token = token
    this.#session = createHmac('sha256', token).update('outrider console session').digest('base64url')
  }

  /** Exchanges the token of the printed URL for the cookie; false when it is not the right one. */
  signIn(c: Context, token: string): boolean {
    if (!isEqual(token, this.#token)) return false
    setCookie(c, cookieName(c), this.#session, {
      path: '/',
      httpOnly: true,
      sameSite: 'Strict',
      // Only ever adds a restriction, so it does not matter that anyone can send this header.
      secure: c.req.header('x-forwarded-proto') === 'https',
      maxAge: 30 * 24 * 3600,
    })
    return true
  }

  /** How the caller proved to be allowed: by the cookie of the console or the token itself; undefined when not. */
  caller(c: Context): 'console' | 'api' | undefined {
    const bearer = bearerToken(c)
    if (bearer !== undefined) return isEqual(bearer, this.#token) ? 'api' : undefined
    const cookie = getCookie(c, cookieName(c))
    return cookie !== undefined && isEqual(cookie, this.#session) ? 'console' : undefined
  }

  /** The token that came as the password of Basic authentication; undefined when it is not the right one. */
  basic(c: Context): string | undefined {
    const password = basicPassword(c)
    return password !== undefined && isEqual(password, this.#token) ? this.#token : undefined
  }

  /** Lets pass who may; a browser's request that changes something must also come from our own page. */
  check(c: Context): 'console' | 'api' {
    const caller = this.caller(c)
    if (!caller) {
      throw new ApiError(
        401,
        'sign in first',
        'open the console URL that "outrider up" printed, or send "Authorization: Bearer TOKEN"',
      )
    }
    // A browser adds the cookie on its own, but never a bearer token.
    if (caller === 'console' && c.req.method !== 'GET' && c.req.method !== 'HEAD') checkOrigin(c)
    return caller
  }
}

function checkOrigin(c: Context): void {
  const origin = c.req.header('origin')
  const site = c.req.header('sec-fetch-site')
  const isOurs = origin === undefined || (URL.canParse(origin) && new URL(origin).host === hostHeader(c))
  if (c.req.header(actHeader) !== undefined && isOurs && (site === undefined || site === 'same-origin')) return
  throw new ApiError(
    403,
    'this request does not come from the console',
    `send the header "${actHeader}: 1"; a proxy in front has to pass Host unchanged`,
  )
}

function cookieName(c: Context): string {
  return `outrider_${/:(\d+)$/.exec(hostHeader(c))?.[1] ?? '80'}`
}
