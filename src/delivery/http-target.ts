/** What the ways to send a request have in common. */
import type { HttpRequest } from '../define.ts'
import type { HttpResult } from './attempt.ts'

export interface Limits {
  deadline_ms: number
  wants_text: boolean
  most_bytes: number
  signal: AbortSignal | undefined
}

/** A way to send requests. */
export interface Line {
  /** `closed`: the connection went away before a byte of the answer came. Never rejects. */
  send(request: HttpRequest, limits: Limits): Promise<HttpResult | 'closed'>
  close(): Promise<void>
}

/** Whether the environment names a proxy. */
export function hasProxy({
  http_proxy,
  HTTP_PROXY,
  https_proxy,
  HTTPS_PROXY,
}: Record<string, string | undefined>): boolean {
  return Boolean(http_proxy || HTTP_PROXY || https_proxy || HTTPS_PROXY)
}

/** What a request carries, whoever sends it. */
export function contentOf({ headers, json, body }: HttpRequest) {
  return {
    headers: {
      'user-agent': 'outrider',
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: json === undefined ? body : JSON.stringify(json),
  }
}

/** One text for each header, as definitions read them. */
export function flat(fields: Record<string, string | string[] | undefined>): Record<string, string> {
  const out: Record<string, string> = {}
  for (const name in fields) {
    const value = fields[name]
    if (value !== undefined) out[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return out
}

/** @throws TypeError when a credential would be sent that is masked nowhere */
export function refuseCredentials({ username }: URL): void {
  if (username !== '') throw new TypeError('a URL with a user name in it; put the credential into its own option')
}

interface Target {
  origin: string
  host: string
  path: string
}

const targets = new Map<string, Target>()

/** @throws TypeError when there is nothing that HTTP could reach */
export function targetOf(url: string): Target {
  let parts = targets.get(url)
  if (!parts) {
    const address = new URL(url)
    const { origin, host, pathname, search, protocol } = address
    if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(`not an address of HTTP: "${protocol}"`)
    refuseCredentials(address)
    parts = { origin, host, path: pathname + search }
    // Some URLs hold an id of the alert.
    if (targets.size > 1000) targets.clear()
    targets.set(url, parts)
  }
  return parts
}

const ending = new WeakMap<AbortSignal, Set<() => void>>()

/** What a signal ends. One listener for all requests of a destination: adding and removing one for each costs as much as making the request. */
export function endsOf(signal: AbortSignal): Set<() => void> {
  let ends = ending.get(signal)
  if (!ends) {
    const all = new Set<() => void>()
    ends = all
    ending.set(signal, all)
    signal.addEventListener('abort', () => {
      for (const end of [...all]) end()
    })
  }
  return ends
}
