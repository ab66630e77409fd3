import { credential } from './checks.ts'
import { Broken, defineFake, type FakeRequest, type Store } from './define.ts'

const token = '00QCjAl4MlV-WPXM0ONuN35iADkKHUVmvFbBUzlSDT'
const group_id = '00g1emaKYZTWRYYRRTSK'

interface User {
  id: string
  status: string
  profile: { login: string }
  isMember?: boolean
}

export default defineFake({
  name: 'okta',
  source: 'https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserLifecycle/',
  response: (url) => ({ url, token, group_id, domain: 'example.com' }),

  routes: {
    'GET /api/v1/users/{login}'(request, store) {
      allow(request)
      const user = userOf(request, store)
      return { status: 200, json: shown(user), did: `user ${user.profile.login}` }
    },
    'POST /api/v1/users/{login}/lifecycle/suspend'(request, store) {
      return change(request, store, 'ACTIVE', 'SUSPENDED')
    },
    'POST /api/v1/users/{login}/lifecycle/unsuspend'(request, store) {
      return change(request, store, 'SUSPENDED', 'ACTIVE')
    },
    'GET /api/v1/groups/{group}/users'(request, store) {
      allow(request)
      inGroup(request)
      const limit = Number(request.query.get('limit') ?? 1000)
      const all = users(store).filter(({ isMember }) => isMember)
      const start = all.findIndex(({ id }) => id === request.query.get('after')) + 1
      const some = all.slice(start, start + limit)
      const isLast = start + limit >= all.length
      const self = `http://${request.headers.host}/api/v1/groups/${group_id}/users?limit=${limit}`
      const link = `<${self}>; rel="self"${isLast ? '' : `, <${self}&after=${some.at(-1)!.id}>; rel="next"`}`
      return { status: 200, headers: { link }, json: some.map(shown), did: `${some.length} of ${all.length} users` }
    },
    'PUT /api/v1/groups/{group}/users/{login}': (request, store) => join(request, store, true),
    'DELETE /api/v1/groups/{group}/users/{login}': (request, store) => join(request, store, false),
  },

  refusal: ({ status, message, code }) => ({
    status,
    json: {
      errorCode: code || 'E0000001',
      errorSummary: message,
      errorLink: code || 'E0000001',
      errorId: 'oae1',
      errorCauses: [],
    },
  }),
})

function allow(request: FakeRequest): void {
  if (credential(request, 'SSWS', 'E0000005') !== token) throw new Broken('Invalid token provided', 401, 'E0000011')
}

function inGroup({ params }: FakeRequest): void {
  if (params.group !== group_id) throw new Broken(`Not found: Resource not found: ${params.group}`, 404, 'E0000007')
}

/** Whoever is at example.com is known. */
function userOf({ params }: FakeRequest, store: Store): User {
  const login = params.login!
  const known = users(store).find(
    ({ id, profile }) =>
      id === login || profile.login.toLowerCase() === login.toLowerCase() || profile.login.split('@')[0] === login,
  )
  if (known) return known
  if (!login.endsWith('@example.com') || login.startsWith('nobody'))
    throw new Broken(`Not found: Resource not found: ${login} (User)`, 404, 'E0000007')
  const made: User = { id: `00u${store.next()}`, status: 'ACTIVE', profile: { login } }
  store.made.set(login, made as unknown as Record<string, unknown>)
  return made
}

const users = ({ made }: Store) => [...made.values()] as unknown as User[]

const shown = ({ id, status, profile }: User) => ({ id, status, profile })

function change(request: FakeRequest, store: Store, from: string, to: string) {
  allow(request)
  const user = userOf(request, store)
  if (user.status !== from)
    throw new Broken(
      `Cannot ${to === 'ACTIVE' ? 'unsuspend' : 'suspend'} a user that is not ${from.toLowerCase()}`,
      400,
    )
  user.status = to
  return { status: 200, json: {}, did: `user ${user.profile.login} is ${to}` }
}

function join(request: FakeRequest, store: Store, isMember: boolean) {
  allow(request)
  inGroup(request)
  const user = userOf(request, store)
  user.isMember = isMember
  return { status: 204, did: `user ${user.profile.login} ${isMember ? 'joins' : 'leaves'} the group` }
}
