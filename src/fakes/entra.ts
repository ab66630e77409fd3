import * as z from 'zod/mini'
import { credential, jsonBody } from './checks.ts'
import { Broken, defineFake, type FakeRequest, type Store } from './define.ts'

const known = {
  tenant_id: '8eaef023-2b34-4da1-9baa-8bc8c9d6a490',
  client_id: '00001111-aaaa-2222-bbbb-3333cccc4444',
  client_secret: 'qWgdYAmab0YSkuL1qKv5bPX',
  group_id: '02bd9fd6-8f93-4758-87c3-1fb73740a315',
}

export interface User {
  id: string
  userPrincipalName: string
  accountEnabled: boolean
  isMember?: boolean
  /** How often the sessions were ended. */
  revoked?: number
}

const change = z.strictObject({ accountEnabled: z.boolean() })
const reference = z.strictObject({ '@odata.id': z.url() })

export default defineFake({
  name: 'entra',
  source: 'https://learn.microsoft.com/en-us/graph/api/user-update?view=graph-rest-1.0',
  response: (url) => ({ ...known, domain: 'example.com', url, login_url: url }),

  routes: {
    'POST /{tenant}/oauth2/v2.0/token'(request, store) {
      if (request.headers['content-type'] !== 'application/x-www-form-urlencoded')
        throw new Broken('AADSTS900144: the body is no form', 400, 'invalid_request')
      const form = Object.fromEntries(new URLSearchParams(request.body.toString()))
      if (request.params.tenant !== known.tenant_id)
        throw new Broken('AADSTS90002: tenant not found', 400, 'invalid_request')
      if (form.grant_type !== 'client_credentials')
        throw new Broken('AADSTS70003: unsupported grant', 400, 'unsupported_grant_type')
      if (form.client_id !== known.client_id || form.client_secret !== known.client_secret)
        throw new Broken('AADSTS7000215: invalid client secret provided', 401, 'invalid_client')
      if (!form.scope?.endsWith('/.default'))
        throw new Broken('AADSTS1002012: scope must be /.default', 400, 'invalid_scope')
      const token = `token-${store.next()}`
      tokens(store).add(token)
      return { status: 200, json: { token_type: 'Bearer', expires_in: 3599, access_token: token }, did: 'token' }
    },
    'GET /v1.0/users/{name}'(request, store) {
      allow(request, store)
      const user = userOf(request, store)
      return { status: 200, json: shown(user), did: `user ${user.userPrincipalName}` }
    },
    'PATCH /v1.0/users/{name}'(request, store) {
      allow(request, store)
      const user = userOf(request, store)
      user.accountEnabled = jsonBody(request, change, { code: 'Request_BadRequest' }).accountEnabled
      return { status: 204, did: `user ${user.userPrincipalName} is ${user.accountEnabled ? 'enabled' : 'disabled'}` }
    },
    'POST /v1.0/users/{name}/revokeSignInSessions'(request, store) {
      allow(request, store)
      const user = userOf(request, store)
      user.revoked = (user.revoked ?? 0) + 1
      return { status: 200, json: { value: true }, did: `sessions of ${user.userPrincipalName} ended` }
    },
    'GET /v1.0/groups/{group}/members'(request, store) {
      allow(request, store)
      inGroup(request)
      const { query } = request
      const top = Number(query.get('$top') ?? 100)
      if (top > 999) throw new Broken('$top is 999 at most', 400, 'Request_BadRequest')
      const all = users(store).filter(({ isMember }) => isMember)
      const start = Number(query.get('$skiptoken') ?? 0)
      const value = all
        .slice(start, start + top)
        .map((user) => ({ '@odata.type': '#microsoft.graph.user', ...shown(user) }))
      const next = `http://${request.headers.host}${request.path}?$top=${top}&$skiptoken=${start + top}`
      const more = start + top < all.length ? { '@odata.nextLink': next } : {}
      return { status: 200, json: { ...more, value }, did: `${value.length} of ${all.length} users` }
    },
    'POST /v1.0/groups/{group}/members/$ref'(request, store) {
      allow(request, store)
      inGroup(request)
      const id = jsonBody(request, reference, { code: 'Request_BadRequest' })['@odata.id'].split('/').at(-1)
      const user = users(store).find((one) => one.id === id)
      if (!user) throw new Broken(`Resource '${id}' does not exist`, 404, 'Request_ResourceNotFound')
      if (user.isMember)
        throw new Broken(
          "One or more added object references already exist for the following modified properties: 'members'.",
          400,
          'Request_BadRequest',
        )
      user.isMember = true
      return { status: 204, did: `user ${user.userPrincipalName} joins the group` }
    },
    'DELETE /v1.0/groups/{group}/members/{name}/$ref'(request, store) {
      allow(request, store)
      inGroup(request)
      const user = userOf(request, store)
      if (!user.isMember) throw new Broken(`'${user.id}' is no member`, 404, 'Request_ResourceNotFound')
      user.isMember = false
      return { status: 204, did: `user ${user.userPrincipalName} leaves the group` }
    },
  },

  refusal: ({ status, message, code }) => ({
    status,
    json: message.startsWith('AADSTS')
      ? { error: code, error_description: message }
      : { error: { code: code || 'BadRequest', message } },
  }),
})

function tokens({ made }: Store): Set<string> {
  const kept = made.get('tokens') ?? { given: new Set() }
  made.set('tokens', kept)
  return kept.given as Set<string>
}

function allow(request: FakeRequest, store: Store): void {
  if (!tokens(store).has(credential(request, 'Bearer', 'InvalidAuthenticationToken')))
    throw new Broken('Access token is empty or invalid.', 401, 'InvalidAuthenticationToken')
}

function inGroup({ params }: FakeRequest): void {
  if (params.group !== known.group_id)
    throw new Broken(`Resource '${params.group}' does not exist`, 404, 'Request_ResourceNotFound')
}

const users = ({ made }: Store) => [...made.values()].filter((one) => 'userPrincipalName' in one) as unknown as User[]

/** Whoever is at example.com is known. */
function userOf({ params }: FakeRequest, store: Store): User {
  const name = params.name!.toLowerCase()
  const found = users(store).find(
    ({ id, userPrincipalName }) => id === name || userPrincipalName.toLowerCase() === name,
  )
  if (found) return found
  if (!name.endsWith('@example.com') || name.startsWith('nobody'))
    throw new Broken(`Resource '${params.name}' does not exist`, 404, 'Request_ResourceNotFound')
  const made: User = { id: `id-${store.next()}`, userPrincipalName: params.name!, accountEnabled: true }
  store.made.set(name, made as unknown as Record<string, unknown>)
  return made
}

const shown = ({ id, userPrincipalName, accountEnabled }: User) => ({ id, userPrincipalName, accountEnabled })
