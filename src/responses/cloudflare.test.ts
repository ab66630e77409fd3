import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Response } from '../define.ts'
import cloudflare from './cloudflare.ts'
import { actorOf, fakeService, keepsItsPromises } from './test-kit.ts'

const zone = '023e105f4ecef8ad9ca31a8372d0c353'

interface Rule {
  id: string
  mode: string
  notes: string
  configuration: { target: string; value: string }
}

function service(rules: Rule[]) {
  const wrong = (code: number, message: string) => ({
    status: 400,
    json: { success: false, errors: [{ code, message }] },
  })
  return fakeService(({ method, path, query, headers, json }) => {
    if (headers.authorization !== 'Bearer secret') return { status: 403, json: { success: false } }
    const rest = path.replace(`/client/v4/zones/${zone}/firewall/access_rules/rules`, '')
    if (method === 'GET') {
      const value = query.get('configuration.value')!
      // The real one matches parts, too.
      return {
        json: { success: true, result: rules.filter(({ configuration }) => configuration.value.includes(value)) },
      }
    }
    if (method === 'POST') {
      const rule = json as Omit<Rule, 'id'>
      const { target, value } = rule.configuration
      const expected = value.includes('/') ? 'ip_range' : value.includes(':') ? 'ip6' : 'ip'
      if (target !== expected) return wrong(10001, 'firewallaccessrules.api.bad_target')
      if (rules.some(({ configuration }) => configuration.value === value))
        return wrong(10009, 'firewallaccessrules.api.duplicate_of_existing')
      rules.push({ ...rule, id: `r${rules.length}${value.length}` })
      return { json: { success: true, result: rules.at(-1) } }
    }
    const at = rules.findIndex(({ id }) => rest === `/${id}`)
    if (at < 0) return { status: 404 }
    rules.splice(at, 1)
    return { json: { success: true, result: {} } }
  })
}

test('keeps its promises, and leaves rules of others alone', async () => {
  const own: Rule = {
    id: 'own',
    mode: 'block',
    notes: 'by hand',
    configuration: { target: 'ip', value: '203.0.113.9' },
  }
  const rules = [own]
  const actor = actorOf(cloudflare, { token: 'secret', zone_id: zone }, service(rules))
  const inForce = () => rules.map(({ configuration }) => configuration.value)
  await keepsItsPromises(actor, ['203.0.113.5', '203.0.113.55', '2001:db8::5', '198.51.100.0/24'], inForce)
  assert.equal((await actor.add([{ key: '203.0.113.9', seconds: 60 }])).size, 0)
  await actor.remove(['203.0.113.9'])
  assert.deepEqual(rules, [own])
})

test('takes only networks that Cloudflare takes, and needs a zone or an account', () => {
  const { parseKey, options } = cloudflare as unknown as Response
  const all = options.parse({ token: 't', zone_id: zone })
  assert.equal(parseKey('198.51.100.0/24', all), '198.51.100.0/24')
  assert.equal(parseKey('198.51.100.0/25', all), undefined)
  assert.equal(options.safeParse({ token: 't' }).success, false)
  assert.equal(options.safeParse({ token: 't', zone_id: zone, account_id: zone }).success, false)
})

test('a refusal within an answer is a failure', async () => {
  const http = fakeService(() => ({ json: { success: false, errors: [{ code: 1, message: 'over quota' }] } }))
  const failures = await actorOf(cloudflare, { token: 'secret', zone_id: zone }, http).add([
    { key: '203.0.113.5', seconds: 60 },
  ])
  assert.equal(failures.get('203.0.113.5')!.reason, 'api.cloudflare.com: over quota')
})
