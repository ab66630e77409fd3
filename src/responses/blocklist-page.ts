/** The blocklist as firewalls fetch it: plain text, one address or network a line, with an ETag so that nothing is sent twice. */
import { createHash } from 'node:crypto'
import { parseRange } from './ranges.ts'

export interface BlocklistAnswer {
  status: 200 | 304
  headers: Record<string, string>
  body: string
}

/**
 * @param keys addresses and networks in force, in any order
 * @param ifNoneMatch the request's `If-None-Match` (RFC 9110, 13.1.2)
 * @param family only these; firewalls often want one list for each
 */
export function blocklistPage(
  keys: readonly string[],
  ifNoneMatch: string | undefined,
  family?: 4 | 6,
): BlocklistAnswer {
  const chosen = family === undefined ? keys : keys.filter((key) => parseRange(key)?.family === family)
  const body = [...new Set(chosen)]
    .sort()
    .map((key) => `${key}\n`)
    .join('')
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  const headers = { etag, 'cache-control': 'no-cache', 'content-type': 'text/plain; charset=utf-8' }
  const known = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  const isKnown = known.includes(etag) || ifNoneMatch?.trim() === '*'
  return isKnown ? { status: 304, headers, body: '' } : { status: 200, headers, body }
}
