import * as z from 'zod/mini'
import { credential, jsonBody } from './checks.ts'
import { Broken, defineFake, type FakeRequest, type Handler, type Store } from './define.ts'

const token = 'hbgdN3yGq8Hw01kQp4zr1c5fmjtsx7'

const name = z
  .string()
  .check(z.minLength(1), z.maxLength(79), z.regex(/^[^<>()#"'/\\]*$/, 'has a character that FortiOS does not take'))
const comment = z.optional(z.string().check(z.maxLength(255)))
const octets = String.raw`(\d{1,3}\.){3}\d{1,3}`
const address = z.strictObject({
  name,
  type: z.literal('ipmask'),
  subnet: z.string().check(z.regex(new RegExp(`^${octets} ${octets}$`), 'not ADDRESS MASK')),
  comment,
})
const address6 = z.strictObject({ name, ip6: z.union([z.cidrv6()]), comment })
const member = z.strictObject({ name })

type Objects = Record<string, unknown>

/** For `address` and `address6` alike. */
function routesFor(kind: 'address' | 'address6', group: 'addrgrp' | 'addrgrp6'): Record<string, Handler> {
  const objects = ({ made }: Store): Objects => {
    const kept = made.get(kind) ?? { none: {} }
    made.set(kind, kept)
    return kept
  }
  const membersOf = ({ params }: FakeRequest, { made }: Store): string[] => {
    const known = group === 'addrgrp' ? 'outrider' : 'outrider6'
    if (params.group !== known) throw new Broken(`no group "${params.group}"`, 404, '-3')
    const kept = made.get(known) ?? { members: ['none'] }
    made.set(known, kept)
    return kept.members as string[]
  }
  const schema = kind === 'address' ? address : address6
  return {
    [`GET /api/v2/cmdb/firewall/${kind}/{name}`](request, store) {
      allow(request)
      if (!(request.params.name! in objects(store))) throw new Broken(`no ${kind} "${request.params.name}"`, 404, '-3')
      return { ...ok('GET', [{ name: request.params.name }]), did: `${kind} ${request.params.name}` }
    },
    [`POST /api/v2/cmdb/firewall/${kind}`](request, store) {
      allow(request)
      const { name, ...rest } = jsonBody(request, schema as typeof address, { status: 500, code: '-651' })
      if (name in objects(store)) throw new Broken(`${kind} "${name}" is there already`, 500, '-5')
      objects(store)[name] = rest
      return { ...ok('POST'), did: `${kind} ${name} made` }
    },
    [`DELETE /api/v2/cmdb/firewall/${kind}/{name}`](request, store) {
      allow(request)
      const { name = '' } = request.params
      if (!(name in objects(store))) throw new Broken(`no ${kind} "${name}"`, 404, '-3')
      const isUsed = [...store.made.values()].some(({ members }) => (members as string[] | undefined)?.includes(name))
      if (isUsed) throw new Broken(`${kind} "${name}" is used`, 500, '-23')
      delete objects(store)[name]
      return { ...ok('DELETE'), did: `${kind} ${name} deleted` }
    },
    [`GET /api/v2/cmdb/firewall/${group}/{group}`](request, store) {
      allow(request)
      const members = membersOf(request, store)
      const member = members.map((name) => ({ name, q_origin_key: name }))
      return { ...ok('GET', [{ name: request.params.group, member }]), did: `${members.length} members` }
    },
    [`POST /api/v2/cmdb/firewall/${group}/{group}/member`](request, store) {
      allow(request)
      const members = membersOf(request, store)
      const { name } = jsonBody(request, member, { status: 500, code: '-651' })
      if (!(name in objects(store))) throw new Broken(`no ${kind} "${name}"`, 500, '-3')
      if (members.includes(name)) throw new Broken(`"${name}" is a member already`, 500, '-5')
      if (members.length >= 600) throw new Broken('the group is full', 500, '-4')
      members.push(name)
      return { ...ok('POST'), did: `${name} joins ${request.params.group}` }
    },
    [`DELETE /api/v2/cmdb/firewall/${group}/{group}/member/{name}`](request, store) {
      allow(request)
      const members = membersOf(request, store)
      const at = members.indexOf(request.params.name!)
      if (at < 0) throw new Broken(`"${request.params.name}" is no member`, 404, '-3')
      if (members.length === 1) throw new Broken('a group needs a member', 500, '-56')
      members.splice(at, 1)
      return { ...ok('DELETE'), did: `${request.params.name} leaves ${request.params.group}` }
    },
  }
}

export default defineFake({
  name: 'fortigate',
  source: 'https://docs.fortinet.com/document/fortigate/7.4.7/administration-guide/940602',
  response: (url) => ({ url, token }),
  routes: { ...routesFor('address', 'addrgrp'), ...routesFor('address6', 'addrgrp6') },
  refusal: ({ status, message, code }) => ({
    status,
    json: { http_status: status, status: 'error', vdom: 'root', error: Number(code || -1), cli_error: message },
  }),
})

function allow(request: FakeRequest): void {
  if (credential(request, 'Bearer') !== token) throw new Broken('the token is not known', 401)
  const vdom = request.query.get('vdom')
  if (vdom !== 'root') throw new Broken(`no virtual domain "${vdom}"`, 424)
}

const ok = (http_method: string, results?: unknown[]) => ({
  status: 200,
  json: { http_method, ...(results && { results }), vdom: 'root', status: 'success', http_status: 200 },
})
