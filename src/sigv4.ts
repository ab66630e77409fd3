/**
 * AWS Signature Version 4, with the signature in the `authorization` header: what AWS, and the many who speak S3, want of each request.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac } from 'node:crypto'

export interface SigV4Request {
  method: string
  /** As it will be sent. A space in the query is `%20`: a `+` is taken for a plus. */
  url: string
  /** All of them are signed, so none may be changed on the way. `host` is taken from the URL. */
  headers?: Readonly<Record<string, string>>
  body?: string | Uint8Array
  /** `s3`, `wafv2`, … */
  service: string
  region: string
  accessKey: string
  secretKey: string
  /** Of temporary credentials. */
  sessionToken?: string
  /** Milliseconds since 1970. AWS refuses what is more than five minutes off (S3: fifteen). */
  now: number
}

/** @returns the headers to send: those given, in lower case, with `authorization`, `x-amz-date`, and what else the service wants */
export function signV4(request: SigV4Request): Record<string, string> {
  const { method, service, region, accessKey, secretKey, sessionToken, now } = request
  const url = new URL(request.url)
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '')
  const hash = sha256(request.body ?? '')
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value
  headers['x-amz-date'] = time
  // Others compute the hash themselves; S3 would have to wait for the end of the body.
  if (service === 's3') headers['x-amz-content-sha256'] = hash
  if (sessionToken !== undefined) headers['x-amz-security-token'] = sessionToken

  const signed = Object.entries({ ...headers, host: url.host }).sort(([a], [b]) => (a < b ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const canonical = [
    method,
    canonicalPath(url.pathname, service),
    canonicalQuery(url.search),
    ...signed.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}`),
    '',
    names,
    hash,
  ].join('\n')

  const date = time.slice(0, 8)
  const scope = `${date}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secretKey}`)
  const signature = hmac(key, toSign).toString('hex')
  const credential = `${accessKey}/${scope}`
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`
  return headers
}

/** The path as it is sent, escaped once more; S3 alone wants it escaped just once, since its keys may hold anything. */
function canonicalPath(path: string, service: string): string {
  const segments = path.split('/')
  return segments.map((segment) => escaped(service === 's3' ? decodeURIComponent(segment) : segment)).join('/')
}

function canonicalQuery(search: string): string {
  if (search.length < 2) return ''
  const pairs = search
    .slice(1)
    .split('&')
    .map((pair) => {
      const [name = '', ...value] = pair.split('=')
      return [name, value.join('=')].map((part) => escaped(decodeURIComponent(part))) as [string, string]
    })
  // By name, then by value, each as its bytes stand: not joined, for `=` comes after some that a name may hold.
  pairs.sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

/** RFC 3986: all but letters, digits and `-._~`; encodeURIComponent leaves five more alone. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}
