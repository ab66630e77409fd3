import * as z from 'zod/mini'
import { defineResponse, type HttpResponse, type HttpStep, NotNow } from '../define.ts'
import { jsonOf, secretText, textOption } from '../integrations/options.ts'
import { signV4 } from '../sigv4.ts'
import { addressKey, parseAddressKey } from './keys.ts'
import { asCidr, formatRange, parseRange } from './ranges.ts'

const arn = z.string().check(z.regex(arnParts(), 'not the ARN of an IP set: arn:aws:wafv2:…:ipset/NAME/ID'))

const options = z
  .object({
    ipv4_set: z.optional(arn).check(z.describe('ARN of the IP set for IPv4, which a rule of a web ACL uses.')),
    ipv6_set: z.optional(arn).check(z.describe('ARN of the IP set for IPv6. At least one of the two.')),
    access_key: z
      .string()
      .check(z.minLength(1), z.describe('Access key id of a user who may wafv2:GetIPSet and wafv2:UpdateIPSet.')),
    secret_key: secretText('Secret access key of the user.'),
    session_token: z.optional(secretText('Session token, with temporary credentials.')),
    url: z
      .optional(z.url({ protocol: /^https?$/ }))
      .check(z.describe('Address of the API. Default: that of the region in the ARN.')),
    ca_file: textOption("PEM file with the authority that signed the server's certificate."),
  })
  .check(z.refine((all) => all.ipv4_set !== undefined || all.ipv6_set !== undefined, 'give ipv4_set, ipv6_set or both'))

type Options = z.infer<typeof options>

/**
 * An update replaces the whole set and carries the token of the set that was read; when somebody was faster it is refused, and all is done anew from reading.
 * An entry carries no mark, so what others put there is left alone. A set knows no timeout.
 */
export default defineResponse({
  name: 'aws-waf',
  summary: 'Puts an address or network into an IP set of AWS WAF.',
  docs: 'https://docs.aws.amazon.com/waf/latest/APIReference/API_UpdateIPSet.html',
  options,
  example: {
    ipv4_set: 'arn:aws:wafv2:eu-central-1:123456789012:regional/ipset/outrider/a1b2c3d4-5678-90ab-cdef-EXAMPLE11111',
    access_key: 'AKIAIOSFODNN7EXAMPLE',
    secret_key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  },
  acts_on: 'address',

  key: (alert, options) => inSomeSet(addressKey(alert), options),
  parseKey: (text, options) => inSomeSet(parseAddressKey(text), options),
  addMany: (items, options) =>
    change(
      items.map(({ key }) => key),
      options,
      add,
    ),
  deleteMany: (keys, options) => change(keys, options, remove),
  list: {
    steps: (options) => setsOf(options).map(({ set }) => call('GetIPSet', set, {}, options, resultOf)),
    parse: (outputs) =>
      outputs.flatMap((text) => addressesOf(jsonOf(text)).flatMap((address) => parseAddressKey(address) ?? [])),
    shared: true,
  },
})

/** arn:PARTITION:wafv2:REGION:ACCOUNT:SCOPE/ipset/NAME/ID; `global` is CloudFront's. */
function arnParts(): RegExp {
  return /^arn:(aws[a-z-]*):wafv2:([a-z0-9-]+):\d{12}:(regional|global)\/ipset\/([\w-]{1,128})\/([\w-]{1,36})$/
}

interface IpSet {
  Name: string
  Scope: 'REGIONAL' | 'CLOUDFRONT'
  Id: string
  region: string
  host: string
}

function ipSet(text: string): IpSet {
  const [, partition, region = '', scope, Name = '', Id = ''] = arnParts().exec(text)!
  const host = `wafv2.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`
  return { Name, Scope: scope === 'global' ? 'CLOUDFRONT' : 'REGIONAL', Id, region, host }
}

function setsOf({ ipv4_set, ipv6_set }: Options): { set: IpSet; is: (key: string) => boolean }[] {
  return [
    { given: ipv4_set, is: (key: string) => !key.includes(':') },
    { given: ipv6_set, is: (key: string) => key.includes(':') },
  ].flatMap(({ given, is }) => (given === undefined ? [] : [{ set: ipSet(given), is }]))
}

function inSomeSet(key: string | undefined, options: Options): string | undefined {
  return key !== undefined && setsOf(options).some(({ is }) => is(key)) ? key : undefined
}

const addressesOf = ({ IPSet }: Record<string, unknown>) =>
  (IPSet as { Addresses?: string[] } | undefined)?.Addresses ?? []

/** Of a set; a quota that AWS does not raise. */
const mostAddresses = 10_000

type Change = (there: Map<string, string>, keys: readonly string[]) => boolean

/** What fits is put in; of the rest our look at the set then tells that it is not there. */
const add: Change = (there, keys) => {
  const wanted = keys.filter((key) => !there.has(key))
  const fits = wanted.slice(0, Math.max(0, mostAddresses - there.size))
  if (wanted.length > 0 && fits.length === 0)
    throw new NotNow(`the IP set is full: it holds ${mostAddresses} addresses`)
  for (const key of fits) there.set(key, asCidr(key))
  return fits.length > 0
}

const remove: Change = (there, keys) => keys.filter((key) => there.delete(key)).length > 0

/** How often somebody else may be faster. AWS takes one update a second of an account, so more would not help. */
const mostTries = 4

function change(keys: readonly string[], options: Options, how: Change): HttpStep[] {
  return setsOf(options).flatMap(({ set, is }) => {
    const some = keys.filter(is)
    return some.length === 0 ? [] : [attempt(set, some, options, how, mostTries)]
  })
}

function attempt(set: IpSet, keys: readonly string[], options: Options, how: Change, tries: number): HttpStep {
  return call('GetIPSet', set, {}, options, (response) => {
    const answer = resultOf(response)
    const { LockToken } = answer
    const { Description } = answer.IPSet as { Description?: string }
    const there = new Map(addressesOf(answer).map((address) => [normal(address), address]))
    if (!how(there, keys)) return []
    const update = { LockToken, Addresses: [...there.values()], ...(Description && { Description }) }
    return [
      call('UpdateIPSet', set, update, options, (updated) => {
        if (!errorOf(updated).startsWith('WAFOptimisticLockException')) {
          resultOf(updated)
          return []
        }
        if (tries > 1) return [attempt(set, keys, options, how, tries - 1)]
        throw new NotNow('somebody else changes the IP set all the time')
      }),
    ]
  })
}

/** IPv6 addresses come in full length. */
function normal(address: string): string {
  const range = parseRange(address)
  return range ? formatRange(range) : address
}

function call(
  action: 'GetIPSet' | 'UpdateIPSet',
  { Name, Scope, Id, region, host }: IpSet,
  more: Record<string, unknown>,
  options: Options,
  then: (response: HttpResponse) => HttpStep[] | Record<string, unknown>,
): HttpStep {
  const { url = `https://${host}/`, access_key, secret_key, session_token } = options
  const json = { Name, Scope, Id, ...more }
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AWSWAF_20190729.${action}` }
  return {
    url,
    json,
    // What is wrong stands in the body.
    fine: [400],
    at: (now) => ({
      headers: signV4({
        method: 'POST',
        url,
        headers,
        body: JSON.stringify(json),
        service: 'wafv2',
        region,
        accessKey: access_key,
        secretKey: secret_key,
        sessionToken: session_token,
        now,
      }),
    }),
    next(response) {
      const steps = then(response)
      return Array.isArray(steps) ? steps : []
    },
  }
}

/** `WAFOptimisticLockException: …`; empty when there is none. Some services put a namespace before the name. */
function errorOf({ status, text }: HttpResponse): string {
  if (status < 300) return ''
  const { __type, message, Message } = jsonOf(text)
  const name = String(__type ?? 'error').replace(/^.*#/, '')
  return `${name}: ${message ?? Message ?? `HTTP ${status}`}`
}

/** @throws what AWS says is wrong; NotNow where fewer addresses would not help */
function resultOf(response: HttpResponse): Record<string, unknown> {
  const error = errorOf(response)
  if (error === '') return jsonOf(response.text)
  if (error.startsWith('WAFInvalidParameterException')) throw new Error(error)
  throw new NotNow(error)
}
