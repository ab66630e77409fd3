import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Response } from '../define.ts'
import fake from '../fakes/aws-waf.ts'
import type { Store } from '../fakes/define.ts'
import awsWaf from './aws-waf.ts'
import { actorOf, against, keepsItsPromises } from './test-kit.ts'

const v4 = 'a1b2c3d4-5678-90ab-cdef-EXAMPLE11111'
const keys = ['203.0.113.5', '203.0.113.55', '198.51.100.0/24', '2001:db8::5', '2001:db8:1::/48']
const inForce = ({ made }: Store) => [...made.values()].flatMap(({ addresses }) => addresses as string[])

test('keeps its promises in both sets, and leaves addresses of others alone', async (t) => {
  const { actor, store, counts } = await against(t, awsWaf, fake)
  store.made.set(v4, { addresses: ['192.0.2.9'], token: 'first' })
  await keepsItsPromises(actor, keys, () => inForce(store))
  assert.equal(counts.refused, 0)
  assert.deepEqual((await actor.list()) as unknown, { keys: ['192.0.2.9'] })
})

test('many at once are two requests for each set', async (t) => {
  const { actor, store, counts } = await against(t, awsWaf, fake)
  const many = Array.from({ length: 3000 }, (_, n) => ({ key: `10.1.${n >> 8}.${n & 255}`, seconds: 60 }))
  assert.equal((await actor.add(many)).size, 0)
  assert.equal(inForce(store).length, 3000)
  // Read, written; and each of the two sets looked at.
  assert.equal(counts.requests, 4)
})

test('when somebody else was faster, it is done anew', async (t) => {
  const { actor, store } = await against(t, awsWaf, fake)
  // Whatever was read is old when it is written, twice.
  let others = 2
  const made = { addresses: ['192.0.2.1'], token: 'first' }
  store.made.set(v4, {
    get addresses() {
      return made.addresses
    },
    set addresses(addresses: string[]) {
      made.addresses = addresses
    },
    get token() {
      if (others === 0) return made.token
      others -= 0.5
      return `other-${others}`
    },
    set token(token: string) {
      made.token = token
    },
  })
  assert.equal((await actor.add([{ key: '203.0.113.5', seconds: 60 }])).size, 0)
  assert.deepEqual(made.addresses, ['192.0.2.1', '203.0.113.5'])
})

test('a set takes 10,000; what no longer fits is told', async (t) => {
  const { actor, store } = await against(t, awsWaf, fake)
  const there = Array.from({ length: 9999 }, (_, n) => `10.2.${n >> 8}.${n & 255}`)
  store.made.set(v4, { addresses: there, token: 'first' })
  const add = (...some: string[]) => actor.add(some.map((key) => ({ key, seconds: 60 })))
  const failures = await add('203.0.113.1', '203.0.113.2')
  assert.match(failures.get('203.0.113.2')!.reason, /not in force/)
  assert.equal(failures.size, 1)
  assert.match((await add('203.0.113.2')).get('203.0.113.2')!.reason, /the IP set is full: it holds 10000 addresses/)
})

test('what AWS refuses is told without a secret', async (t) => {
  const add = async (options: Record<string, unknown>) => {
    const { actor } = await against(t, awsWaf, fake, options)
    return (await actor.add([{ key: '203.0.113.5', seconds: 60 }])).get('203.0.113.5')!.reason
  }
  assert.match(await add({ secret_key: 'wrong' }), /InvalidSignatureException: the signature does not match$/)
  assert.match(
    await add({ ipv4_set: 'arn:aws:wafv2:eu-central-1:123456789012:regional/ipset/none/1' }),
    /WAFNonexistentItemException: no IP set none\/1/,
  )
})

test('acts only on families that have a set, and knows the region’s own address', async () => {
  const { options, parseKey, add } = awsWaf as unknown as Response
  const set = (name: string) => `arn:aws-cn:wafv2:cn-north-1:123456789012:global/ipset/${name}/1-2`
  const all = options.parse({ ipv6_set: set('six'), access_key: 'A', secret_key: 's' })
  assert.equal(parseKey('203.0.113.5', all), undefined)
  assert.equal(parseKey('2001:DB8::5', all), '2001:db8::5')
  const [step] = add('2001:db8::5', 60, all) as [{ url: string; json: unknown }]
  assert.equal(step.url, 'https://wafv2.cn-north-1.amazonaws.com.cn/')
  assert.deepEqual(step.json, { Name: 'six', Scope: 'CLOUDFRONT', Id: '1-2' })
  assert.equal(options.safeParse({ access_key: 'A', secret_key: 's' }).success, false)
  assert.equal(options.safeParse({ ipv4_set: 'outrider', access_key: 'A', secret_key: 's' }).success, false)
})

test('with temporary credentials the token is sent and signed', async () => {
  let headers: Record<string, string> = {}
  const actor = actorOf(awsWaf, { ...awsWaf.example, session_token: 'token' }, async (request) => {
    headers = request.headers ?? {}
    return { status: 403, headers: {}, text: '' }
  })
  await actor.add([{ key: '203.0.113.5', seconds: 60 }])
  assert.equal(headers['x-amz-security-token'], 'token')
  assert.match(headers.authorization!, /SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,/)
})
