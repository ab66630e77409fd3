import { createHmac, randomUUID } from 'node:crypto'

/** Posts an event as GitHub does; a string goes out as it is. */
export async function postGithub(
  url: string,
  secret: string,
  event: unknown,
  name: string,
): Promise<{ status: number; text: string }> {
  const body = typeof event === 'string' ? event : JSON.stringify(event)
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': name,
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
    body,
  })
  return { status: response.status, text: await response.text() }
}
