import * as z from 'zod/mini'
import { defineResponse, type HttpRequest, type HttpResponse, type HttpStep, NothingToDo } from '../define.ts'
import { httpUrl, secretText, textOption } from '../integrations/options.ts'
import { accountIn } from '../wazuh/execd.ts'
import { signInName } from './keys.ts'

const options = z.object({
  url: httpUrl('Address of the organisation: https://example.okta.com.'),
  token: secretText('API token of an administrator who may suspend users and edit the group.'),
  group_id: z
    .string()
    .check(
      z.regex(/^\w{1,40}$/),
      z.describe(
        'Id of a group, made in Okta, that holds the users whom Outrider has suspended; nothing else may use it.',
      ),
    ),
  domain: textOption('What follows the @ of user names that come without it.'),
  never: z
    ._default(z.array(z.string().check(z.minLength(1))), [])
    .check(
      z.describe('Users who are never suspended: administrators, and those for emergencies. Capitals do not count.'),
    ),
  ca_file: textOption("PEM file with the authority that signed the server's certificate."),
})

type Options = z.infer<typeof options>

/**
 * The group is the book of those whom we suspended: who was suspended before we came is left as it is, so that undoing cannot open what an administrator has
 * closed. A user joins first, so that after a crash the suspension is known to be ours. Okta ends the sessions of who is suspended.
 */
export default defineResponse({
  name: 'okta',
  summary: 'Suspends a user in Okta.',
  docs: 'https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserLifecycle/',
  options,
  example: {
    url: 'https://example.okta.com',
    token: '00QCjAl4MlV-WPXM0ONuN35iADkKHUVmvFbBUzlSDT',
    group_id: '00g1emaKYZTWRYYRRTSK',
    domain: 'example.com',
    never: ['break-glass@example.com'],
  },
  acts_on: 'account',

  key: (alert, options) => signInName(accountIn(alert), options),
  parseKey: (text, options) => signInName(text, options),
  add: (key, _, options) => [
    findUser(key, options, (user) => {
      const suspend = call(options, 'POST', `users/${user.id}/lifecycle/suspend`)
      if (user.status === 'ACTIVE') return [call(options, 'PUT', memberOf(user, options)), suspend]
      return [
        members(options, (all) => {
          const isOurs = all.some(({ id }) => id === user.id)
          if (user.status === 'SUSPENDED' && isOurs) return []
          if (['SUSPENDED', 'DEPROVISIONED', 'STAGED', 'PROVISIONED'].includes(user.status))
            throw new NothingToDo(`${key} cannot sign in already: ${user.status} in Okta, and not by us`)
          throw new Error(`${key} is ${user.status}, and Okta suspends none but those who are ACTIVE`)
        }),
      ]
    }),
  ],
  delete: (key, options) => [
    findUser(key, options, (user) => [
      members(options, (all) => {
        if (!all.some(({ id }) => id === user.id)) return []
        const unsuspend = call(options, 'POST', `users/${user.id}/lifecycle/unsuspend`)
        return [...(user.status === 'SUSPENDED' ? [unsuspend] : []), call(options, 'DELETE', memberOf(user, options))]
      }),
    ]),
  ],
  list: {
    steps: (options) => [members(options, () => [])],
    parse: (outputs) =>
      outputs.flatMap((text) =>
        (JSON.parse(text) as User[])
          .filter(({ status }) => status === 'SUSPENDED')
          .map(({ profile }) => profile.login.toLowerCase()),
      ),
  },
})

interface User {
  id: string
  status: string
  profile: { login: string }
}

const pageSize = 200

function call({ url, token }: Options, method: HttpRequest['method'], path: string): HttpRequest {
  return {
    method,
    url: `${url.replace(/\/+$/, '')}/api/v1/${path}`,
    headers: { authorization: `SSWS ${token}`, accept: 'application/json' },
  }
}

const memberOf = ({ id }: User, { group_id }: Options) => `groups/${group_id}/users/${id}`

/** Nothing where there is no such user. */
function findUser(key: string, options: Options, next: (user: User) => HttpStep[]): HttpStep {
  return {
    ...call(options, 'GET', `users/${encodeURIComponent(key)}`),
    fine: [404],
    next({ status, text }) {
      if (status === 404) throw new NothingToDo(`Okta knows no user "${key}"`)
      const user = JSON.parse(text) as User
      // Okta also takes the part before the @ when only one user has it.
      const login = user.profile.login.toLowerCase()
      if (login !== key) throw new Error(`Okta takes "${key}" for "${login}": set the option domain`)
      return next(user)
    },
  }
}

/** All of the group, page by page. */
function members(
  options: Options,
  next: (all: User[]) => HttpStep[],
  request = call(options, 'GET', `groups/${options.group_id}/users?limit=${pageSize}`),
  before: User[] = [],
): HttpStep {
  return {
    ...request,
    next(response) {
      const all = [...before, ...(JSON.parse(response.text) as User[])]
      const url = nextPage(response, request.url)
      return url === undefined ? next(all) : [members(options, next, { ...request, url }, all)]
    },
  }
}

/** RFC 8288. The token goes nowhere else. */
function nextPage({ headers }: HttpResponse, from: string): string | undefined {
  const url = /<([^>]*)>\s*;[^,]*\brel="next"/.exec(headers.link ?? '')?.[1]
  return url !== undefined && new URL(url).origin === new URL(from).origin ? url : undefined
}
