import * as z from 'zod/mini'
import { defineResponse, type HttpRequest, type HttpResponse, type HttpStep } from '../define.ts'
import { httpUrl, jsonOf, secretText, tls } from '../integrations/options.ts'
import { addressKey, parseAddressKey } from './keys.ts'
import { asCidr } from './ranges.ts'

const group = z.string().check(z.regex(/^[\w.-]{1,79}$/))

const options = z.object({
  url: httpUrl('Address of the firewall: https://firewall.example.com.'),
  token: secretText('Token of a REST API administrator who may read and write firewall addresses.'),
  vdom: z
    ._default(z.string().check(z.regex(/^[\w.-]{1,31}$/)), 'root')
    .check(z.describe('Virtual domain that the groups are in.')),
  group: z
    ._default(group, 'outrider')
    .check(
      z.describe('Address group that a deny policy uses. It has to be there; FortiOS wants a member in it: none.'),
    ),
  group6: z._default(group, 'outrider6').check(z.describe('The same for IPv6.')),
  ...tls,
})

type Options = z.infer<typeof options>

/**
 * An address is an object of its own, known by the beginning of its name, and a member of the group. Members are added and taken out one by one, so that whoever
 * else edits the group loses nothing. They know no timeout. How many a group takes depends on the model, from 600 on.
 */
export default defineResponse({
  name: 'fortigate',
  summary: 'Puts an address or network into an address group of a FortiGate firewall.',
  docs: 'https://docs.fortinet.com/document/fortigate/7.4.7/administration-guide/940602',
  options,
  example: { url: 'https://firewall.example.com', token: 'hbgdN3yGq8Hw01kQp4zr1c5fmjtsx7' },
  acts_on: 'address',

  key: (alert) => addressKey(alert),
  parseKey: parseAddressKey,
  add(key, _, options) {
    const { kind, group } = placesOf(key, options)
    const name = nameOf(key)
    const subnet = key.includes(':') ? { ip6: asCidr(key) } : { type: 'ipmask', subnet: withMask(key) }
    const create = { ...call(options, 'POST', kind), json: { name, ...subnet, comment: 'made by outrider' } }
    const join = { ...call(options, 'POST', `${group}/member`), json: { name } }
    return [
      {
        ...call(options, 'GET', `${kind}/${encodeURIComponent(name)}`),
        fine: [404],
        next: ({ status }: HttpResponse) => [
          ...(status === 404 ? [{ ...create, ...unless(duplicate) }] : []),
          { ...join, ...unless(duplicate) },
        ],
      },
    ]
  },
  delete(key, options) {
    const { kind, group } = placesOf(key, options)
    const name = encodeURIComponent(nameOf(key))
    return [
      { ...call(options, 'DELETE', `${group}/member/${name}`), fine: [404] },
      // Somebody may use the object elsewhere, which then is theirs.
      { ...call(options, 'DELETE', `${kind}/${name}`), ...unless(inUse, [404]) },
    ]
  },
  list: {
    steps: (options) => groups(options).map(({ group }) => call(options, 'GET', group)),
    parse: (outputs) =>
      outputs.flatMap((text) => {
        const { results = [] } = jsonOf(text) as { results?: { member?: { name: string }[] }[] }
        return results.flatMap(({ member = [] }) => member.flatMap(({ name }) => keyOf(name)))
      }),
  },
})

function groups({ group, group6 }: Options) {
  return [
    { kind: 'address', group: `addrgrp/${group}` },
    { kind: 'address6', group: `addrgrp6/${group6}` },
  ] as const
}

function placesOf(key: string, options: Options) {
  return groups(options)[key.includes(':') ? 1 : 0]
}

/** `198.51.100.0 255.255.255.0` */
function withMask(key: string): string {
  const [address, length] = asCidr(key).split('/')
  const mask = (2 ** 32 - 2 ** (32 - Number(length))) >>> 0
  return `${address} ${[mask >>> 24, (mask >>> 16) & 255, (mask >>> 8) & 255, mask & 255].join('.')}`
}

/** A slash in a name would have to be escaped in a path, which not every version takes. */
const nameOf = (key: string) => `outrider-${key.replace('/', '_')}`

function keyOf(name: string): string[] {
  const key = parseAddressKey(/^outrider-(.+)$/.exec(name)?.[1]?.replace('_', '/') ?? '')
  return key === undefined ? [] : [key]
}

function call({ url, token, vdom }: Options, method: HttpRequest['method'], path: string): HttpRequest {
  return {
    method,
    url: `${url.replace(/\/+$/, '')}/api/v2/cmdb/firewall/${path}?vdom=${vdom}`,
    headers: { authorization: `Bearer ${token}` },
  }
}

/** Numbers of the command line's errors, which come with HTTP 500. */
const duplicate = -5
const inUse = -23

function unless(error_number: number, fine: readonly number[] = []): Pick<HttpStep, 'fine' | 'next'> {
  return {
    fine: [...fine, 500],
    next({ status, text }) {
      const { error, cli_error } = jsonOf(text)
      if (status !== 500 || error === error_number) return []
      throw new Error(
        `HTTP 500, error ${error ?? 'unknown'}${cli_error ? `: ${String(cli_error).trim().slice(0, 200)}` : ''}`,
      )
    },
  }
}
