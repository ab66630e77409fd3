import { createHmac, timingSafeEqual } from 'node:crypto'
import * as z from 'zod/mini'
import { header, jsonBody } from './checks.ts'
import { Broken, defineFake, type FakeRequest } from './define.ts'

const secret = 'whsec_ZmFrZWZha2VmYWtlZmFrZWZha2VmYWtl'

function same(given: string, wanted: string): boolean {
  return given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted))
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function checkStandard(request: FakeRequest, now: number): void {
  const id = header(request, 'webhook-id')
  const time = header(request, 'webhook-timestamp')
  if (!/^\d+$/.test(time) || Math.abs(now / 1000 - Number(time)) > 300)
    throw new Broken('webhook-timestamp is more than five minutes away', 401)
  const signed = Buffer.concat([Buffer.from(`${id}.${time}.`), request.body])
  const wanted = `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
    .update(signed)
    .digest('base64')}`
  if (
    !header(request, 'webhook-signature')
      .split(' ')
      .some((one) => same(one, wanted))
  )
    throw new Broken("webhook-signature does not fit this fake's secret", 401)
}

function checkGithub(request: FakeRequest): void {
  const wanted = `sha256=${createHmac('sha256', secret).update(request.body).digest('hex')}`
  if (!same(header(request, 'x-hub-signature-256'), wanted))
    throw new Broken("x-hub-signature-256 does not fit this fake's secret", 401)
}

export default defineFake({
  name: 'webhook',
  source: 'https://www.standardwebhooks.com/',
  destinations: (url) => ({
    webhook: { hook_url: `${url}/alerts`, signing_secret: secret },
    'webhook-github': {
      hook_url: `${url}/alerts`,
      method: 'PUT',
      signing: 'github',
      signing_secret: secret,
      api_key: 'fake-key',
    },
    'webhook-plain': { hook_url: `${url}/alerts`, success_contains: 'taken' },
  }),

  routes: {
    '* /{path...}'(request, store) {
      const { headers, method } = request
      if (!['POST', 'PUT', 'PATCH'].includes(method)) throw new Broken('an alert is sent with POST, PUT or PATCH', 405)
      if (headers['webhook-signature'] !== undefined) checkStandard(request, store.now())
      else if (headers['x-hub-signature-256'] !== undefined) checkGithub(request)
      jsonBody(request, z.looseObject({}))
      const key = headers['webhook-id'] ?? headers['idempotency-key']
      if (key) store.repeats(key)
      return { status: 200, json: { status: 'taken' }, did: `alert ${store.next()}` }
    },
  },
})
