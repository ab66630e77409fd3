/** Calls to the API that served this page; the cookie goes along by itself. */

/** What the API refused, in its own words. */
export class Refused extends Error {
  readonly status: number
  readonly hint: string | undefined

  constructor(status: number, error: string, hint?: string) {
    super(error)
    this.status = status
    this.hint = hint
  }
}

export async function call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { 'x-outrider': '1' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  let response: globalThis.Response
  try {
    response = await fetch(`/api/${path}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) })
  } catch {
    throw new Refused(0, 'Outrider does not answer', 'is it running?')
  }
  const answer = await response.json().catch(() => ({ error: `HTTP ${response.status}` }))
  if (!response.ok) throw new Refused(response.status, answer.error, answer.hint)
  return answer as T
}
