/** How commands speak to a running daemon: over its own API, with the token that only this user can read. */
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { UserError } from '../problem.ts'

/** Written by the daemon when it listens, removed when it stops. */
export interface DaemonFile {
  pid: number
  url: string
  token: string
}

export const daemonFile = (home: string) => join(home, 'queue', 'daemon.json')

/** The running daemon of this home; undefined when none runs. */
export function findDaemon(home: string): DaemonFile | undefined {
  try {
    const daemon: DaemonFile = JSON.parse(readFileSync(daemonFile(home), 'utf8'))
    process.kill(daemon.pid, 0)
    return daemon
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // EPERM: it runs, as somebody else; then the file with the token could not have been read.
    if (code === 'EACCES')
      throw new UserError(`cannot read ${daemonFile(home)}`, 'run the command as the user that runs outrider')
    return undefined
  }
}

/**
 * One call to the daemon's API.
 *
 * @param path below `/api/`
 * @throws UserError when no daemon runs or it refuses; the message is the daemon's own
 */
export async function call<T>(home: string, method: string, path: string, body?: unknown): Promise<T> {
  const daemon = findDaemon(home)
  if (!daemon) throw new UserError(`no outrider runs in ${home}`, `start it: outrider --home ${home} up`)
  const { status, text } = await exchange(new URL(`/api/${path}`, daemon.url), method, daemon.token, body)
  const answer = text === '' ? {} : JSON.parse(text)
  if (status >= 400) throw new UserError(answer.error ?? `the daemon answered ${status}`, answer.hint)
  return answer as T
}

function exchange(url: URL, method: string, token: string, body: unknown): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          'x-outrider': '1',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        timeout: 30_000,
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => (text += part))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
        response.on('error', reject)
      },
    )
    sent.on('timeout', () =>
      sent.destroy(new UserError('the daemon does not answer', 'is the machine busy? see its log')),
    )
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
