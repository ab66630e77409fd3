/** `GET /blocklist/NAME`: what firewalls fetch. They have a token of their own, because that of the console may do everything. */
import type { Context } from 'hono'
import { blocklistPage } from '../responses/blocklist-page.ts'
import { basicPassword, bearerToken, isEqual } from './access.ts'
import type { Parts } from './parts.ts'

/**
 * Plain text, one address or network a line; `?family=4` or `6` is that family alone. A firewall that has the list already gets 304.
 *
 * The token is asked for in a header only: what stands in a URL is written to logs.
 */
export function serveBlocklist(c: Context, parts: Pick<Parts, 'blocklist'>): Response {
  const list = parts.blocklist?.(c.req.param('name') ?? '')
  if (!list) return c.text('there is no such list: it needs responses.options.blocklist.token in outrider.yaml\n', 404)
  const shown = bearerToken(c) ?? basicPassword(c)
  if (shown === undefined || !isEqual(shown, list.token)) {
    c.header('WWW-Authenticate', 'Basic realm="blocklist"')
    return c.text('show the token of responses.options.blocklist, as Bearer token or as password\n', 401)
  }
  const family = c.req.query('family')
  if (family !== undefined && family !== '4' && family !== '6')
    return c.text(`family: "${family}" is neither 4 nor 6\n`, 400)
  const only = family === undefined ? undefined : family === '4' ? 4 : 6
  const { status, headers, body } = blocklistPage(list.keys, c.req.header('if-none-match'), only)
  return status === 304 ? c.body(null, status, headers) : c.body(body, status, headers)
}
