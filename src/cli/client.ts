/** How commands speak to a running daemon: over its own API, with the token that only this user can read. */
import { request } from 'node:http'
import { userInfo } from 'node:os'
import { Refused, UserError } from '../problem.ts'
import { findDaemon } from '../runners/home.ts'

/**
 * One call to the daemon's API.
 *
 * @param path below `/api/`
 * @throws UserError when no daemon runs, or what was asked for is wrong; Refused when the daemon does not do it. The message is the daemon's own.
 */
export async function call<T>(home: string, method: string, path: string, body?: unknown): Promise<T> {
  const daemon = findDaemon(home)
  if (!daemon?.url) throw new UserError(`no outrider runs in ${home}`, `start it: outrider --home ${home} up`)
  const { status, text } = await exchange(new URL(`/api/${path}`, daemon.url), method, daemon.token ?? '', body)
  const answer = text === '' ? {} : JSON.parse(text)
  const isMistake = status === 400 || status === 404
  if (status >= 400)
    throw new (isMistake ? UserError : Refused)(answer.error ?? `the daemon answered ${status}`, answer.hint)
  return answer as T
}

/** Who does it, for the audit: `cli:root`. In a container a user need not have a name. */
export function you(): string {
  try {
    return `cli:${userInfo().username}`
  } catch {
    return `cli:${process.getuid?.() ?? 'unknown'}`
  }
}

function exchange(url: URL, method: string, token: string, body: unknown): Promise<{ status: number; text: string }> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          // The length, because Node sends the body of a DELETE without saying that there is one.
          ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
        timeout: 30_000,
      },
      (response) => {
        let answer = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => (answer += part))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: answer }))
        response.on('error', reject)
      },
    )
    sent.on('timeout', () =>
      sent.destroy(new UserError('the daemon does not answer', 'is the machine busy? see its log')),
    )
    sent.on('error', reject)
    sent.end(text)
  })
}
