/**
 * `/approve/TOKEN`: the page behind a link in a message. A GET only shows what would be done, because previews of messengers and scanners of mails follow
 * links, too; the buttons POST.
 */
import type { Context, Hono } from 'hono'
import { html } from 'hono/html'
import { readBody } from './body.ts'
import { plainPage } from './pages.ts'
import type { Approvals, Block, Parts } from './parts.ts'
import type { ApiEnv } from './routes.ts'

const max_body = 8 * 1024

export function approvalRoutes(
  app: Hono<ApiEnv>,
  parts: Pick<Parts, 'approvals' | 'mask'>,
  options: { body_timeout_ms: number },
): void {
  /** What a link is for, or the page that says why it is of no use. */
  async function look(c: Context, approvals: Approvals): Promise<{ block: Block } | { page: Response }> {
    const found = await approvals.find(c.req.param('token') ?? '')
    if (found.kind === 'waits') return { block: found.block }
    const words = {
      'not ours': ['This is no link of ours', 'Perhaps a part of it is missing. Copy all of it.'],
      expired: ['This link has expired', 'Nobody answered in time.'],
      answered: ['This is answered already', 'It waits for nobody any more.'],
    }[found.kind]
    return { page: say(c, found.kind === 'not ours' ? 404 : 410, words[0]!, words[1]!) }
  }

  app.get('/approve/:token', async (c) => {
    if (!parts.approvals) return c.notFound()
    const found = await look(c, parts.approvals)
    return 'page' in found ? found.page : question(c, found.block, parts.mask)
  })

  app.post('/approve/:token', async (c) => {
    if (!parts.approvals) return c.notFound()
    const found = await look(c, parts.approvals)
    if ('page' in found) return found.page
    const form = new URLSearchParams(
      Buffer.from(await readBody(c.req.raw, max_body, options.body_timeout_ms)).toString(),
    )
    const answer = form.get('answer')
    const reason = (form.get('reason') ?? '').trim()
    const name = (form.get('name') ?? '').trim()
    if (answer !== 'approve' && answer !== 'refuse')
      return say(c, 400, 'Nothing was chosen', 'Go back and press one of the buttons.')
    if (reason === '' || reason.length > 500 || name.length > 80)
      return question(c, found.block, parts.mask, 'Say why, in at most 500 characters.')
    const by = name === '' ? 'link' : `link:${name}`
    const result = await parts.approvals.answer(found.block.id, answer === 'approve', { reason, by })
    if (!result.ok) return say(c, result.status, 'That was not possible', parts.mask(result.error))
    const what = `${found.block.response} on ${found.block.key}`
    return answer === 'approve'
      ? say(c, 200, 'Approved', `${what}: it is being done, if no guard objects.`)
      : say(c, 200, 'Refused', `${what}: nothing is done.`)
  })
}

function say(c: Context, status: 200 | 400 | 403 | 404 | 409 | 410 | 429 | 503, title: string, text: string): Response {
  return plainPage(c, status, title, html`<h1>${title}</h1><p>${text}</p>`)
}

function question(c: Context, block: Block, mask: (text: string) => string, missing?: string): Response {
  const { response, key, host, why, asks, alert, reason } = block
  const where = host === undefined ? '' : ` on ${host}`
  const how_long = asks?.seconds ? `for ${asks.seconds} s` : 'for ever'
  const rows = [
    ['Why', why],
    ['Waits because', reason?.replace(/^waits for approval: /, '')],
    ['Alert', alert],
    ['Answer until', asks && new Date(asks.until).toISOString().replace(/\.\d+Z$/, 'Z')],
  ].filter((row): row is [string, string] => row[1] !== undefined)
  const page = html`<h1>${mask(`${response} ${key}${where}, ${how_long}?`)}</h1>
<dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${mask(value)}</dd>`)}</dl>
<form method="post">
${missing === undefined ? '' : html`<p role="alert">${missing}</p>`}
<label>Reason (kept in the audit log)<input name="reason" required maxlength="500" autocomplete="off"></label>
<label>Your name<input name="name" maxlength="80" autocomplete="name"></label>
<div><button name="answer" value="approve">Approve</button><button name="answer" value="refuse" class="quiet">Refuse</button></div>
</form>`
  return plainPage(c, missing === undefined ? 200 : 400, 'Outrider: approval', page, true)
}
