import * as z from 'zod/mini'
import { asCidr, formatRange, parseRange } from '../responses/ranges.ts'
import { signV4 } from '../sigv4.ts'
import { checked, header, parsed } from './checks.ts'
import { Broken, defineFake, type FakeRequest, type Store } from './define.ts'

/** The key pair of AWS's own examples. */
const access_key = 'AKIAIOSFODNN7EXAMPLE'
const secret_key = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const region = 'eu-central-1'
const sets = {
  'a1b2c3d4-5678-90ab-cdef-EXAMPLE11111': { name: 'outrider-v4', version: 'IPV4' },
  'a1b2c3d4-5678-90ab-cdef-EXAMPLE22222': { name: 'outrider-v6', version: 'IPV6' },
}
const arn = (id: keyof typeof sets) => `arn:aws:wafv2:${region}:123456789012:regional/ipset/${sets[id].name}/${id}`

const reference = { Name: z.string(), Scope: z.enum(['REGIONAL', 'CLOUDFRONT']), Id: z.string() }
const get = z.strictObject(reference)
const update = z.strictObject({
  ...reference,
  LockToken: z.string(),
  Description: z.optional(z.string().check(z.minLength(1), z.maxLength(256))),
  Addresses: z.array(z.string()),
})

export default defineFake({
  name: 'aws-waf',
  source: 'https://docs.aws.amazon.com/waf/latest/APIReference/API_UpdateIPSet.html',
  response: (url) => ({
    ipv4_set: arn('a1b2c3d4-5678-90ab-cdef-EXAMPLE11111'),
    ipv6_set: arn('a1b2c3d4-5678-90ab-cdef-EXAMPLE22222'),
    access_key,
    secret_key,
    url: `${url}/`,
  }),

  routes: {
    'POST /'(request, store) {
      const action = header(request, 'x-amz-target', 400, 'UnknownOperationException')
      const type = request.headers['content-type']
      if (type !== 'application/x-amz-json-1.1')
        throw new Broken(`content-type is "${type}"`, 400, 'SerializationException')
      checkSignature(request, store.now())
      const body = parsed(request.body.toString(), { code: 'SerializationException' })
      if (action === 'AWSWAF_20190729.GetIPSet') return getSet(checked(body, get, wrong), store)
      if (action === 'AWSWAF_20190729.UpdateIPSet') return updateSet(checked(body, update, wrong), store)
      throw new Broken(`no operation "${action}" here`, 400, 'UnknownOperationException')
    },
  },

  refusal: ({ status, message, code }) => ({
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': code },
    json: { __type: code || 'WAFInvalidParameterException', message },
  }),
  busy: () => ({ status: 400, json: { __type: 'ThrottlingException', message: 'Rate exceeded' } }),
  failed: () => ({ status: 500, json: { __type: 'WAFInternalErrorException', message: 'Internal error' } }),
})

const wrong = { code: 'WAFInvalidParameterException' }

function setOf({ Id, Name, Scope }: z.infer<typeof get>, store: Store) {
  const known = sets[Id as keyof typeof sets]
  if (known?.name !== Name || Scope !== 'REGIONAL')
    throw new Broken(`no IP set ${Name}/${Id}`, 400, 'WAFNonexistentItemException')
  const made = store.made.get(Id) ?? { addresses: [], token: 'token-0' }
  store.made.set(Id, made)
  return { ...known, made: made as { addresses: string[]; token: string } }
}

function getSet(body: z.infer<typeof get>, store: Store) {
  const { name, version, made } = setOf(body, store)
  const IPSet = {
    Name: name,
    Id: body.Id,
    ARN: arn(body.Id as keyof typeof sets),
    Description: '',
    IPAddressVersion: version,
    Addresses: made.addresses.map(inFull),
  }
  return { status: 200, json: { IPSet, LockToken: made.token }, did: `${name} read` }
}

function updateSet(body: z.infer<typeof update>, store: Store) {
  const { Addresses, LockToken, ...reference } = body
  const { name, version, made } = setOf({ Name: reference.Name, Scope: reference.Scope, Id: reference.Id }, store)
  if (LockToken !== made.token)
    throw new Broken('the set was changed since it was read', 400, 'WAFOptimisticLockException')
  if (Addresses.length > 10_000) throw new Broken('more than 10,000 addresses', 400, 'WAFLimitsExceededException')
  const keys = Addresses.map((address) => {
    const range = parseRange(address)
    if (!range || !address.includes('/') || range.prefix === 0 || (range.family === 4) !== (version === 'IPV4'))
      throw new Broken(`"${address}" is not an ${version} range in CIDR notation`, 400, 'WAFInvalidParameterException')
    return formatRange(range)
  })
  if (new Set(keys).size < keys.length)
    throw new Broken('an address stands there twice', 400, 'WAFInvalidParameterException')
  made.addresses = keys
  made.token = `token-${store.next()}`
  return { status: 200, json: { NextLockToken: made.token }, did: `${name}: ${keys.length} addresses` }
}

/** As AWS shows them: with their length, those of IPv6 with every digit. */
function inFull(key: string): string {
  const [address = '', length] = asCidr(key).split('/')
  if (!address.includes(':')) return `${address}/${length}`
  const [left = '', right] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const zeros = right === undefined ? [] : Array(8 - groups(left).length - groups(right).length).fill('0')
  const all = [...groups(left), ...zeros, ...groups(right ?? '')]
  return `${all.map((group) => group.padStart(4, '0')).join(':')}/${length}`
}

function checkSignature(request: FakeRequest, now: number): void {
  const { headers, method, path, body } = request
  const given = header(request, 'authorization', 400, 'MissingAuthenticationTokenException')
  const [, key, names] = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/.*, SignedHeaders=([^,]+), Signature=/.exec(given) ?? []
  if (key !== access_key) throw new Broken('the access key is not known', 400, 'UnrecognizedClientException')
  const date = header(request, 'x-amz-date', 400, 'MissingAuthenticationTokenException')
  const signedAt = Date.parse(date.replace(/^(....)(..)(..T..)(..)(..)Z$/, '$1-$2-$3:$4:$5Z'))
  // Not NaN either.
  if (!(Math.abs(now - signedAt) < 300_000))
    throw new Broken(`signed at ${date}, which is not now`, 400, 'InvalidSignatureException')
  const signed = names!.split(';').filter((name) => !['host', 'x-amz-date'].includes(name))
  const expected = signV4({
    method,
    url: `http://${headers.host}${path}`,
    headers: Object.fromEntries(signed.map((name) => [name, headers[name] ?? ''])),
    body,
    service: 'wafv2',
    region,
    accessKey: access_key,
    secretKey: secret_key,
    now: signedAt,
  })
  if (expected.authorization !== given)
    throw new Broken('the signature does not match', 400, 'InvalidSignatureException')
}
